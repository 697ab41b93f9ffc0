"""Days about which facts come in after they are over: noted from the event log and from orders, taken again.

An event says of which rows the facts changed; the days on which these rows count are taken again. A row that
no longer counts at all still tells its day, since all rows that ever could are asked, not those that do. One
that has moved to another day does not: then its earlier events tell.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import TruncDate
from django.utils import timezone

from compensation.orders.queries import changed_since
from config.common.following import follow
from config.common.models import Bookmark, Event
from kpis.metrics.catalogue import METRICS
from kpis.metrics.sources import Source
from kpis.metrics.tallies import TALLIED
from kpis.models import FigureDay
from kpis.snapshots.calendar import runs
from kpis.snapshots.commands import take

READER, ORDERS = "kpis.late", "kpis.late.orders"
ORDERS_AT_ONCE = 2_000
DAYS_AT_ONCE = 31
MARK = """
INSERT INTO kpis_figureday AS held (day, stale_at) SELECT unnest(%s::date[]), %s
ON CONFLICT (day) DO UPDATE SET stale_at = excluded.stale_at WHERE held.stale_at IS NULL
"""
SOURCES: tuple[Source, ...] = (
    *(source for metric in METRICS.values() for source in metric.sources),
    *(tallied.source for tallied in TALLIED),
)
KINDS = frozenset(kind for source in SOURCES for kind in source.late)
BEFORE = {
    "case.reopened": ("case.resolved",),
    "case.merged": ("case.resolved",),
    "case.took_in": ("case.opened", "case.replied", "case.resolved"),
    "clock.breach_withdrawn": ("clock.breached",),
    "clock.pause_reviewed": ("clock.breached", "clock.met"),
}
"""What takes a row away from the day that it counted on: these earlier events of the same subject tell it."""


def note(*, at: datetime) -> int:
    """Note the days that the next events and changed orders tell of; give how many of both there were."""
    today = timezone.localdate(at)
    events = follow(READER, lambda found: mark(_of_events(found), before=today, at=at))
    return events + _note_orders(today, at)


def mark(days: Iterable[date], *, before: date, at: datetime) -> None:
    """Say that facts about some days came in; of today and later it goes without saying."""
    known = sorted({day for day in days if day < before})
    if known:
        with connection.cursor() as cursor:
            cursor.execute(MARK, [known, at])


def take_stale(*, at: datetime, limit: int = DAYS_AT_ONCE) -> int:
    """Take the next days again about which facts came in, the newest first; give how many days."""
    days = list(
        FigureDay.objects.exclude(stale_at=None).order_by("-day").values_list("day", flat=True)[:limit]
    )
    for first, last in runs(days):
        take(first=first, last=last, at=at)
    return len(days)


def _of_events(events: Sequence[Event]) -> set[date]:
    days: set[date] = set()
    for source in SOURCES:
        about: dict[str, set[int]] = defaultdict(set)
        for event in events:
            late = source.late.get(event.kind)
            if late:
                found = event.data.get(late.key) if late.key else event.subject_id
                named = found if isinstance(found, list) else [found]
                about[late.path].update(one for one in named if isinstance(one, int))
        for path, ids in about.items():
            days |= _days(source, path, ids)
    return days | _before(events)


def _before(events: Sequence[Event]) -> set[date]:
    """The days that rows counted on before these events."""
    days: set[date] = set()
    for kind, earlier in BEFORE.items():
        about: dict[str, set[int]] = defaultdict(set)
        for event in events:
            if event.kind == kind and event.subject_id is not None:
                about[event.subject_type].add(event.subject_id)
        for subject_type, ids in about.items():
            told = Event.objects.filter(subject_type=subject_type, subject_id__in=ids, kind__in=earlier)
            days |= {timezone.localdate(at) for at in told.values_list("at", flat=True)}
    return days


@transaction.atomic
def _note_orders(today: date, at: datetime) -> int:
    Bookmark.objects.bulk_create([Bookmark(reader=ORDERS)], ignore_conflicts=True)
    bookmark = Bookmark.objects.select_for_update().get(reader=ORDERS)
    changed = changed_since(bookmark.txid, bookmark.event_id, limit=ORDERS_AT_ONCE)
    if changed:
        ids = {pk for _txid, pk in changed}
        days: set[date] = set()
        for source in SOURCES:
            if source.follows_orders:
                days |= _days(source, source.follows_orders, ids)
        mark(days, before=today, at=at)
        bookmark.txid, bookmark.event_id = changed[-1]
        bookmark.save(update_fields=["txid", "event_id"])
    return len(changed)


def _days(source: Source, path: str, ids: Iterable[int]) -> set[date]:
    """The days on which rows count that have to do with what changed."""
    moment = F(source.at) if isinstance(source.at, str) else source.at
    found = source.rows().filter(**{f"{path}__in": list(ids)})
    counted_on = TruncDate(moment, tzinfo=timezone.get_default_timezone())
    days = found.order_by().annotate(counted_on=counted_on).values_list("counted_on", flat=True).distinct()
    return {day for day in days if day}
