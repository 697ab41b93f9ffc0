"""Looking for what alerts tell, once a day's figures are taken; taking note of alerts."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid
from config.common.events import Happening, record_all
from config.common.models import User
from kpis.alerts import telling
from kpis.alerts.finding import (
    LATE_FACTS,
    Found,
    History,
    Key,
    key_of,
    of_goals,
    outlier_of,
    turn_of,
    watched,
)
from kpis.alerts.rules import is_back
from kpis.metrics.catalogue import METRICS
from kpis.models import ABOUT_GOALS, AlertKind, Dimension, FigureAlert, FigureDay, MetricCode
from kpis.snapshots.calendar import days_span
from kpis.snapshots.queries import Slice
from kpis.targets.goals import Goals

WEEK = 7
NEW_USUAL = 56
"""After so many days a turn is what is usual."""
JUDGED_AGAIN = 92
"""Missed goals are judged again for so many days after their period: late facts may have met them, and others
may have them missed after all."""
LONGEST_NOTE = 500


@transaction.atomic
def watch(*, day: date, at: datetime) -> list[FigureAlert]:
    """Find what there is to find about a day's figures, tell it, and close what is gone. Gives what is new.

    Again it finds nothing twice: neither the same, nor a turn within what the last one left as too short a
    time to tell what is usual. Two at once follow one another.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('kpis.alerts'))")
    goals = Goals()
    figures = watched(goals)
    history = History(figures, day)
    standing = list(FigureAlert.objects.filter(closed_at=None).order_by("pk").select_for_update(no_key=True))
    found = {one.key: one for one in _all(figures, goals, history, day)}
    _close(standing, set(found), history, day, at)
    known = _known(found)
    fresh = _keep([one for key, one in found.items() if key not in known], at)
    _reopen(set(found), at)
    telling.tell(fresh, at=at)
    FigureDay.objects.filter(day=day, watched_at=None).update(watched_at=at)
    return fresh


def _all(
    figures: Sequence[tuple[MetricCode, Slice]],
    goals: Goals,
    history: History,
    day: date,
) -> Iterable[Found]:
    told = FigureAlert.objects.filter(kind=AlertKind.MISSED, last__gte=day - timedelta(JUDGED_AGAIN))
    yield from of_goals(figures, goals, day, again=list(told.order_by("pk")))
    turned = _turned(day)
    for code, of in figures:
        one = outlier_of(history, code, of, day)
        if one:
            yield one
        one = turn_of(history, code, of, day, turned.get((code, of.dimension, of.keys[0])))
        if one:
            yield one


def _turned(day: date) -> dict[tuple[str, str, str], date]:
    """Since when the trend of today has been, of figures that turned."""
    rows = FigureAlert.objects.filter(kind=AlertKind.TURN, last__lt=day).order_by("last")
    return {
        (code, dimension, key): first
        for code, dimension, key, first in rows.values_list("metric", "dimension", "key", "first")
    }


def _known(found: Iterable[Key]) -> set[Key]:
    kinds, lasts = {key[3] for key in found}, {key[5] for key in found}
    rows = FigureAlert.objects.filter(kind__in=kinds, last__in=lasts)
    return {key_of(one) for one in rows}


def _keep(found: Sequence[Found], at: datetime) -> list[FigureAlert]:
    alerts = [one.alert() for one in found]
    for one in alerts:
        one.found_at = at
    FigureAlert.objects.bulk_create(alerts)
    record_all(
        Happening(
            "figurealert.found", one, at, None,
            {
                "metric": one.metric, "dimension": one.dimension, "key": one.key, "kind": one.kind,
                "first": f"{one.first}", "last": f"{one.last}", "value": one.value, "against": one.against,
            },
        )
        for one in alerts
    )  # fmt: skip
    return alerts


def _close(
    standing: Sequence[FigureAlert], found: set[Key], history: History, day: date, at: datetime
) -> None:
    """Close what is gone: met after all, out of danger, ordinary again, or usual by now."""
    gone = [one for one in standing if key_of(one) not in found and _is_gone(one, history, day)]
    FigureAlert.objects.filter(pk__in=[one.pk for one in gone]).update(closed_at=at)
    record_all(Happening("figurealert.gone", one, at) for one in gone)


def _is_gone(alert: FigureAlert, history: History, day: date) -> bool:
    age = (day - alert.last).days
    if alert.kind in ABOUT_GOALS:
        return alert.kind == AlertKind.EXPECTED or 0 <= age <= JUDGED_AGAIN
    code, of = MetricCode(alert.metric), Slice(Dimension(alert.dimension), (alert.key,))
    if alert.kind == AlertKind.OUTLIER:
        return age > LATE_FACTS or (age > 0 and outlier_of(history, code, of, alert.last) is None)
    now = history.joined(code, of, day - timedelta(WEEK - 1), day)
    figure, numbers = METRICS[code].figure(now), alert.numbers
    is_usual = figure.value is not None and is_back(
        alert.against, numbers["spread"], bool(numbers["is_up"]), figure.value, figure.n
    )
    return age >= NEW_USUAL or (age >= WEEK and is_usual)


def _reopen(found: set[Key], at: datetime) -> None:
    """What was gone and is there again is open again, and told no second time."""
    kinds, lasts = {key[3] for key in found}, {key[5] for key in found}
    rows = FigureAlert.objects.filter(closed_at__isnull=False, kind__in=kinds, last__in=lasts)
    again = [one for one in rows if key_of(one) in found]
    FigureAlert.objects.filter(pk__in=[one.pk for one in again]).update(closed_at=None)
    record_all(Happening("figurealert.again", one, at) for one in again)


@transaction.atomic
def acknowledge(*, alert_ids: Iterable[int], actor: User, at: datetime, note: str = "") -> int:
    """Take note of alerts; those that somebody took note of before stay theirs. Gives how many.

    Raises:
        Invalid: the note is too long.
    """
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise Invalid(_("The note is too long."), field="note")
    rows = FigureAlert.objects.filter(pk__in=list(alert_ids), acknowledged_at=None)
    alerts = list(rows.order_by("pk").select_for_update(no_key=True, of=("self",)))
    for one in alerts:
        one.acknowledged_at, one.acknowledged_by, one.note = at, actor, note
    FigureAlert.objects.bulk_update(alerts, ["acknowledged_at", "acknowledged_by", "note"])
    record_all(Happening("figurealert.acknowledged", one, at, actor) for one in alerts)
    return len(alerts)


def unwatched(today: date) -> list[date]:
    """The days before today that nobody looked at yet, the oldest first; of the last week at most."""
    watched_days = FigureDay.objects.filter(day__lt=today, watched_at__isnull=False)
    newest = watched_days.aggregate(newest=Max("day"))["newest"] or today - timedelta(2)
    first = max(newest + timedelta(1), today - timedelta(WEEK))
    return [first + timedelta(number) for number in range((today - first).days)]


def is_ready(day: date) -> bool:
    """Whether a day's figures were taken after it was over."""
    return FigureDay.objects.filter(day=day, taken_at__gte=days_span(day, day).end).exists()
