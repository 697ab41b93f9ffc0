"""How long things took, as medians and percentiles, and at which hours things happen.

A percentile is no sum: of two days' percentiles there is none of both. Of buckets there is: where tallies are
kept they are read from those, at most `sketch.ERROR` beside the rows' own; else from the rows themselves, by
`percentile_cont`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, FloatField, QuerySet, Sum
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay, TruncDate, TruncMonth, TruncWeek
from django.utils import timezone

from feedback.supervision.figures import Percentile
from kpis.boards.figures import Where
from kpis.boards.periods import Days
from kpis.boards.tallied import by_cell, by_part, kept
from kpis.metrics.catalogue import METRICS
from kpis.metrics.rows import SHOWN, narrow
from kpis.metrics.sketch import percentile
from kpis.metrics.sources import Source
from kpis.metrics.tallies import ARRIVALS, BREACHES
from kpis.models import Grain, MetricCode, TallyOf
from kpis.snapshots.calendar import days_span, period_of

WEEKDAYS, HOURS = 7, 24
P90 = 0.9
HOURLY = {TallyOf.ARRIVED: ARRIVALS, TallyOf.BREACHED: BREACHES}
"""What the maps of weekday and hour show."""
TRUNC: dict[Grain, Any] = {Grain.DAY: TruncDate, Grain.WEEK: TruncWeek, Grain.MONTH: TruncMonth}


class Share(Percentile):
    """A percentile of seconds."""

    output_field = FloatField()


SKETCHED = {MetricCode.FIRST_REPLY_TIME: TallyOf.FIRST_REPLY}
"""Times whose buckets are kept."""


@dataclass(frozen=True, slots=True)
class Took:
    """How long something took: median and 90th percentile in seconds; None where there was nothing."""

    n: int = 0
    median: float | None = None
    p90: float | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took in the days, before and a year before, and by part.

    `is_sketched` says that it was read from buckets, to within `sketch.ERROR`.
    """

    now: Took
    before: Took
    year_before: Took
    parts: Sequence[tuple[date, date, Took]]
    is_sketched: bool = False


def times(code: MetricCode, days: Days, where: Where) -> Times:
    """The median and 90th percentile of what a figure of time measures. Three or four queries."""
    of = SKETCHED.get(code)
    rows = kept(of, days, where) if of else None
    if of is None or rows is None:
        return _times_of_rows(METRICS[code].sources[0], days, where)
    known = {begins: _buckets(cells) for begins, cells in by_part(rows, days.grain).items()}
    whole: dict[int, int] = defaultdict(int)
    for buckets in known.values():
        for number, n in buckets.items():
            whole[number] += n
    before, year_before = (
        _took(_buckets(by_cell(found)))
        for some in (days.before, days.year_before)
        if (found := kept(of, some, where)) is not None
    )
    parts = [
        (first, last, _took(known.get(period_of(first, days.grain)[0], {}))) for first, last in days.parts
    ]
    return Times(_took(whole), before, year_before, parts, is_sketched=True)


def _buckets(cells: Mapping[str, int]) -> dict[int, int]:
    return {int(cell): n for cell, n in cells.items()}


def _took(buckets: Mapping[int, int]) -> Took:
    return Took(sum(buckets.values()), percentile(buckets, 0.5), percentile(buckets, P90))


def _times_of_rows(source: Source, days: Days, where: Where) -> Times:
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


def by_hour(of: TallyOf, days: Days, where: Where) -> list[list[int]]:
    """How often something happened by weekday (Monday first) and hour of the day. One query."""
    rows = kept(of, days, where)
    told: Any
    if rows is None:
        told = _with_hours(HOURLY[of], days, where).order_by().values_list("on", "hour").annotate(Count("pk"))
    else:
        told = rows.order_by().annotate(on=ExtractIsoWeekDay("day")).values_list("on", "cell")
        told = told.annotate(Sum("n"))
    found = [[0] * HOURS for _ in range(WEEKDAYS)]
    for on, hour, number in told:
        found[on - 1][int(hour)] = number
    return found


def at_hour(of: TallyOf, days: Days, where: Where, *, on: int, hour: int) -> QuerySet[Any]:
    """The rows behind a cell of that map, the newest first; `on` is 1 on Monday. They add up to it."""
    source = HOURLY[of]
    rows = SHOWN[source.table](_with_hours(source, days, where).filter(on=on, hour=hour))
    return rows.order_by(f"-{source.at}", "-pk")


def _with_hours(source: Source, days: Days, where: Where) -> QuerySet[Any]:
    zone, rows = timezone.get_default_timezone(), narrow(source, days_span(days.first, days.last), where.of)
    told: QuerySet[Any] = rows.annotate(
        on=ExtractIsoWeekDay(source.at, tzinfo=zone), hour=ExtractHour(source.at, tzinfo=zone)
    )
    return told
