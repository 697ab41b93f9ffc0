"""Taking the figures of days; taking them again changes only what has changed, and nothing that is closed."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid
from config.common.events import record
from config.common.models import User
from kpis.metrics.catalogue import METRICS
from kpis.metrics.rollup import FRESH, add_up
from kpis.models import Dimension, FigureDay, Grain
from kpis.snapshots.calendar import days_span, period_of
from kpis.snapshots.queries import days_of
from kpis.snapshots.tallying import tally

OPEN_DAYS = (
    "day BETWEEN %(first)s AND %(last)s"
    " AND day NOT IN (SELECT day FROM kpis_figureday WHERE closed_at IS NOT NULL)"
)
MERGE = f"""
INSERT INTO kpis_snapshot AS held (metric, dimension, key, day, n, total, squares, computed_at)
SELECT metric, dimension, key, day, n, total, squares, %(at)s FROM {FRESH} WHERE {OPEN_DAYS}
ON CONFLICT (metric, dimension, key, day) DO UPDATE
SET n = excluded.n, total = excluded.total, squares = excluded.squares, computed_at = excluded.computed_at
WHERE (held.n, held.total, held.squares) IS DISTINCT FROM (excluded.n, excluded.total, excluded.squares)
"""  # noqa: S608 - our own names
GONE = f"""
DELETE FROM kpis_snapshot held WHERE {OPEN_DAYS} AND NOT EXISTS (
    SELECT FROM {FRESH} fresh WHERE fresh.metric = held.metric AND fresh.dimension = held.dimension
    AND fresh.key = held.key AND fresh.day = held.day
)
"""  # noqa: S608 - our own names
CORRECT = f"""
INSERT INTO kpis_correction (metric, dimension, key, day, n, total, squares, found_at)
SELECT metric, dimension, key, day,
    coalesce(fresh.n, 0), coalesce(fresh.total, 0), coalesce(fresh.squares, 0), %(at)s
FROM (SELECT * FROM {FRESH} JOIN kpis_figureday closed USING (day) WHERE closed_at IS NOT NULL) fresh
FULL JOIN (
    SELECT held.* FROM kpis_snapshot held JOIN kpis_figureday closed USING (day)
    WHERE closed_at IS NOT NULL AND day BETWEEN %(first)s AND %(last)s
) held USING (metric, dimension, key, day)
LEFT JOIN LATERAL (
    SELECT n, total, squares FROM kpis_correction known
    WHERE known.metric = coalesce(fresh.metric, held.metric)
      AND known.dimension = coalesce(fresh.dimension, held.dimension)
      AND known.key = coalesce(fresh.key, held.key) AND known.day = coalesce(fresh.day, held.day)
    ORDER BY found_at DESC LIMIT 1
) known ON true
WHERE (coalesce(fresh.n, 0), coalesce(fresh.total, 0), coalesce(fresh.squares, 0)) IS DISTINCT FROM (
    coalesce(known.n, held.n, 0), coalesce(known.total, held.total, 0),
    coalesce(known.squares, held.squares, 0)
) AND dimension <> 'segment' AND NOT (dimension = 'region' AND metric = ANY(%(by_home)s))
"""  # noqa: S608 - our own names
BY_HOME = [
    code.value
    for code, metric in METRICS.items()
    for source in metric.sources
    if "member__" in source.names.get(Dimension.REGION, "")
]
"""Whose region is where the member lives now. That, like segments, moves without any fact coming to light:
what is closed stays by those that held when it was closed."""
CHANGED = """
WITH changed AS ({statement} RETURNING day), days AS (
    SELECT day, row_number() OVER (ORDER BY day) AS place FROM (SELECT DISTINCT day FROM changed) each
), marked AS (
    UPDATE kpis_figureday held SET changed_at = %(at)s,
        version = (SELECT coalesce(max(version), 0) FROM kpis_figureday) + place
    FROM days WHERE held.day = days.day
)
SELECT count(*) FROM changed
"""
"""Versions grow in the order of commits, since takers follow one another."""
CLOSED = """
WITH closing AS (
    SELECT day, row_number() OVER (ORDER BY day) AS place FROM kpis_figureday
    WHERE day BETWEEN %(first)s AND %(last)s AND closed_at IS NULL
)
UPDATE kpis_figureday held SET closed_at = %(at)s, closed_by_id = %(actor)s,
    version = (SELECT coalesce(max(version), 0) FROM kpis_figureday) + place
FROM closing WHERE held.day = closing.day
"""
"""Whoever follows the versions is told of closing, too."""
TAKEN = """
INSERT INTO kpis_figureday AS held (day, taken_at)
SELECT day::date, %(at)s FROM generate_series(%(first)s::date, %(last)s::date, interval '1 day') day
ON CONFLICT (day) DO UPDATE SET taken_at = excluded.taken_at, stale_at = NULL
"""


@transaction.atomic
def take(*, first: date, last: date, at: datetime) -> int:
    """Count every figure of some days, tally them and keep it; give how many counts came out differently.

    Of closed days the snapshots stay, and what they would be now is kept beside them; tallies follow. Two
    takers follow one another. Facts that came in before it began are in it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('kpis.snapshot'))")
        days: dict[str, Any] = {"first": first, "last": last, "at": at, "by_home": BY_HOME}
        cursor.execute(TAKEN, days)  # first: facts that come in meanwhile make a day stale again
        add_up(days_span(first, last))
        changed = 0
        for statement in (MERGE, GONE, CORRECT):
            cursor.execute(CHANGED.format(statement=statement), days)
            changed += cursor.fetchone()[0]
        tally(cursor, first, last)
    return changed


def take_days(*, days: Iterable[date], at: datetime) -> int:
    """Take each of the days in a transaction of its own; give how many counts came out differently."""
    return sum(take(first=day, last=day, at=at) for day in days)


def untaken(first: date, last: date) -> list[date]:
    """The days whose figures were not taken since they were over, or about which facts came in since."""
    taken = FigureDay.objects.filter(day__range=(first, last), stale_at=None).values_list("day", "taken_at")
    known = {day for day, at in taken if at and at >= days_span(day, day).end}
    return [day for day in days_of(first, last) if day not in known]


@transaction.atomic
def close_month(*, month: date, actor: User | None, at: datetime, today: date) -> int:
    """Close the figures of the month that a day is in: from now on they stay. Give how many days there are.

    They are taken once more first. Closing a closed month again changes nothing.

    Raises:
        Invalid: the month is not over.
    """
    first, last = period_of(month, Grain.MONTH)
    if last >= today:
        raise Invalid(_("This month is not over: its figures can't be closed yet."), field="month")
    take(first=first, last=last, at=at)
    with connection.cursor() as cursor:
        cursor.execute(CLOSED, {"first": first, "last": last, "at": at, "actor": actor.pk if actor else None})
        closed: int = cursor.rowcount
    if closed:
        day = FigureDay.objects.get(day=first)
        record("figures.closed", day, actor=actor, at=at, first=f"{first}", last=f"{last}")
    return closed


def recent_days(today: date, days: int = 7) -> list[date]:
    """The days whose figures are taken again each night whatever came in, today last."""
    return [today - timedelta(back) for back in range(days, -1, -1)]
