"""Finding occasions and writing them down, each once: in chunks that each commit, shared by all who look."""

import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import Q
from django.utils.timezone import localdate

from compensation.care import occasions
from compensation.models import DAILY, CareRule, CareRun, Trigger
from compensation.orders import queries as orders
from compensation.segments import figures
from compensation.segments import queries as segments
from config.common.models import Bookmark

log = logging.getLogger(__name__)

CHUNK = 10_000
READER = "care-orders"
BY_ORDERS = (Trigger.FIRST_ORDER, Trigger.ORDER_PAID, Trigger.SHIPPED, Trigger.DELIVERED)
BY_TIME = (Trigger.REGISTERED, Trigger.TIER_UP)

WRITE = """
WITH found AS MATERIALIZED ({sql}), written AS (
    INSERT INTO compensation_careact (rule_id, version, member_id, key, happened_at, due_at, status, reason,
      detail, postponed, is_sent)
    SELECT %s, %s, care_member, care_key, care_at, care_at + %s, 'waiting', '', '', 0, false FROM found
    ORDER BY care_member
    ON CONFLICT (rule_id, member_id, key) DO NOTHING RETURNING 1
)
SELECT (SELECT count(*) FROM found), (SELECT max(care_member) FROM found), (SELECT count(*) FROM written)
"""


def find(*, at: datetime) -> int:
    """Write down every occasion that there is by now; returns how many were new.

    Segments and rules go by the figures of members, so these are brought up to date first.
    """
    figures.catch_up(at=at)
    found = find_by_orders(at=at) + find_by_time(at=at)
    while (step := find_by_day(at=at)) is not None:
        found += step
    return found


def find_by_orders(*, at: datetime) -> int:
    """Take up all orders that changed, for the rules that go by them."""
    found = 0
    while (step := _next_orders(at)) is not None:
        found += step
    return found


@transaction.atomic
def _next_orders(at: datetime, limit: int = 2_000) -> int | None:
    """Take up the next orders that changed; the bookmark moves in the transaction of what was written."""
    Bookmark.objects.bulk_create([Bookmark(reader=READER)], ignore_conflicts=True)
    mark = Bookmark.objects.select_for_update(skip_locked=True).filter(reader=READER).first()
    if mark is None:  # somebody else is at it
        return None
    if mark.txid > orders.snapshot_floor():  # the data came here from another server
        mark.txid = mark.event_id = 0
    changed = orders.changed_since(mark.txid, mark.event_id, limit=limit)
    if not changed:
        return None
    ids = [pk for _txid, pk in changed]
    rules, found = _rules(BY_ORDERS), 0
    if any(rule.segment_id for rule in rules):  # an order is looked at once: by its member's figures with it
        figures.catch_up(at=at)
    for rule in rules:
        rows = occasions.of_orders(rule, ids, since=_since(rule, at), at=at)
        found += _write(rule, rows)[2]
    mark.txid, mark.event_id = changed[-1]
    mark.save(update_fields=["txid", "event_id"])
    return found


@transaction.atomic
def find_by_time(*, at: datetime) -> int:
    """Look for what happened at its moment: joining, reaching a tier."""
    return sum(
        _write(rule, occasions.of_time(rule, since=_since(rule, at), at=at))[2] for rule in _rules(BY_TIME)
    )


def find_by_day(*, at: datetime, chunk: int = CHUNK) -> int | None:
    """Go on with one of today's rules by a chunk of members; None when there is nothing left to do.

    Days that were missed are made up for. A worker holds the run it goes on with; others take another.
    """
    rules = _rules(DAILY)
    _begin_runs(rules, at)
    with transaction.atomic():
        runs = CareRun.objects.filter(finished_at=None, rule__in=rules).order_by("day", "pk")
        run = runs.select_for_update(skip_locked=True, of=("self",)).select_related("rule__segment").first()
        if run is None:
            return None
        rows = occasions.on_day(run.rule, run.day, at=at)
        looked, last, written = 0, None, 0
        if rows is not None:
            rows = rows.filter(pk__gt=run.cursor).order_by("pk")[:chunk]
            looked, last, written = _write(run.rule, rows)
        run.cursor, run.found = last or run.cursor, run.found + written
        run.finished_at = at if looked < chunk else None
        run.save(update_fields=["cursor", "found", "finished_at"])
        return written


def _begin_runs(rules: Sequence[CareRule], at: datetime) -> None:
    """A run for each daily rule and each of the last days since it is in force, once; older ones are over."""
    zone = occasions.zone()
    today = localdate(at, zone)
    first = today - occasions.LOOK_BACK
    begins = {rule: max(first, localdate(rule.active_since or at, zone)) for rule in rules}
    over = Q(day__lt=first)
    for rule, day in begins.items():
        over |= Q(rule=rule, day__lt=day)
    CareRun.objects.filter(over, finished_at=None).update(finished_at=at)
    wanted = [CareRun(rule=rule, day=day) for rule, since in begins.items() for day in _days(since, today)]
    known = set(CareRun.objects.filter(day__gte=today - occasions.LOOK_BACK).values_list("rule", "day"))
    CareRun.objects.bulk_create(
        [run for run in wanted if (run.rule_id, run.day) not in known], ignore_conflicts=True
    )


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _rules(triggers: Sequence[Trigger]) -> list[CareRule]:
    """The rules in force; one whose segment no longer makes sense stops none of the others."""
    rules = CareRule.objects.filter(is_active=True, trigger__in=triggers)
    found = []
    for rule in rules.select_related("segment").order_by("pk"):
        if segments.makes_sense(rule.segment):
            found.append(rule)
        else:
            log.error("care rule %s is left out: its segment no longer makes sense", rule.code)
    return found


def _since(rule: CareRule, at: datetime) -> datetime:
    return max(at - occasions.LOOK_BACK, rule.active_since or at)


def _write(rule: CareRule, rows: occasions.Rows) -> tuple[int, int | None, int]:
    """Write occasions down; gives how many there were, the last member, and how many were new."""
    try:
        sql, params = rows.query.sql_with_params()
    except EmptyResultSet:
        return 0, None, 0
    values: list[Any] = [*params, rule.pk, rule.version, timedelta(hours=rule.delay_hours)]
    with connection.cursor() as cursor:
        cursor.execute(WRITE.replace("{sql}", sql), values)
        looked, last, written = cursor.fetchone()
    return looked, last, written
