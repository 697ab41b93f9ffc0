"""How long things took, as medians and percentiles, and at which hours things happen: read from the rows.

A percentile is no sum: of two days' percentiles there is none of both. So they are taken from the rows of the
period that is asked for, by `percentile_cont` over an index that holds what is measured (case_first_replied).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, FloatField, Q, QuerySet
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay, TruncDate, TruncMonth, TruncWeek
from django.utils import timezone

from feedback.models import Case, Clock
from feedback.supervision.figures import Percentile
from kpis.boards.figures import Where
from kpis.boards.periods import Days
from kpis.metrics.catalogue import METRICS
from kpis.metrics.catalogue.cases import NAMES as NAMES_OF_CASES
from kpis.metrics.catalogue.cases import NOT_MERGED
from kpis.metrics.catalogue.clocks import NAMES as NAMES_OF_CLOCKS
from kpis.metrics.rows import SHOWN, narrow
from kpis.metrics.sources import Source
from kpis.models import Grain, MetricCode
from kpis.snapshots.calendar import days_span, period_of

WEEKDAYS, HOURS = 7, 24
P90 = 0.9
ARRIVALS = Source(
    "cases",
    Case.objects.all,
    "opened_at",
    only=NOT_MERGED,
    member="member",
    order="order",
    names=NAMES_OF_CASES,
)
"""Cases when they came."""
BREACHES = Source(
    "clocks",
    Clock.objects.all,
    "breached_at",
    only=Q(breached_at__isnull=False),
    member="case__member",
    order="case__order",
    names=NAMES_OF_CLOCKS,
)
"""Clocks when they were breached."""
TRUNC: dict[Grain, Any] = {Grain.DAY: TruncDate, Grain.WEEK: TruncWeek, Grain.MONTH: TruncMonth}


class Share(Percentile):
    """A percentile of seconds."""

    output_field = FloatField()


@dataclass(frozen=True, slots=True)
class Took:
    """How long something took: median and 90th percentile in seconds; None where there was nothing."""

    n: int = 0
    median: float | None = None
    p90: float | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took in the days, before and a year before, and by part."""

    now: Took
    before: Took
    year_before: Took
    parts: Sequence[tuple[date, date, Took]]


def times(code: MetricCode, days: Days, where: Where) -> Times:
    """The median and 90th percentile of what a figure of time measures. Four queries."""
    source = METRICS[code].sources[0]

    def over(some: Days) -> Any:
        span = days_span(some.first, some.last)
        return narrow(source, span, where.of).order_by().annotate(each=source.worth)

    measured = {"n": Count("pk"), "median": Share("each", 0.5), "p90": Share("each", P90)}
    now, before, year_before = (
        Took(**over(some).aggregate(**measured)) for some in (days, days.before, days.year_before)
    )
    zone, trunc = timezone.get_default_timezone(), TRUNC[days.grain]
    rows = over(days).annotate(begins=trunc(source.at, tzinfo=zone)).values_list("begins")
    known = {day_of(begins): Took(*took) for begins, *took in rows.annotate(**measured)}
    parts = [(first, last, known.get(period_of(first, days.grain)[0], Took())) for first, last in days.parts]
    return Times(now, before, year_before, parts)


def day_of(begins: Any) -> date:
    """The day that a part begins on, whether it came as a day or as a moment."""
    return begins if type(begins) is date else timezone.localdate(begins)


def by_hour(source: Source, days: Days, where: Where) -> list[list[int]]:
    """How often something happened by weekday (Monday first) and hour of the day. One query."""
    told = _with_hours(source, days, where).order_by().values_list("on", "hour")
    found = [[0] * HOURS for _ in range(WEEKDAYS)]
    for on, hour, number in told.annotate(Count("pk")):
        found[on - 1][hour] = number
    return found


def at_hour(source: Source, days: Days, where: Where, *, on: int, hour: int) -> QuerySet[Any]:
    """The rows behind a cell of that map, the newest first; `on` is 1 on Monday. They add up to it."""
    rows = SHOWN[source.table](_with_hours(source, days, where).filter(on=on, hour=hour))
    return rows.order_by(f"-{source.at}", "-pk")


def _with_hours(source: Source, days: Days, where: Where) -> QuerySet[Any]:
    zone, rows = timezone.get_default_timezone(), narrow(source, days_span(days.first, days.last), where.of)
    told: QuerySet[Any] = rows.annotate(
        on=ExtractIsoWeekDay(source.at, tzinfo=zone), hour=ExtractHour(source.at, tzinfo=zone)
    )
    return told
