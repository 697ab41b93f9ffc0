"""How the goals of something stand: the period that runs, and those before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from kpis.boards.figures import by_period
from kpis.metrics.catalogue import METRICS
from kpis.metrics.rules import NOTHING, Figure
from kpis.models import Dimension, Grain, MetricCode
from kpis.snapshots.calendar import period_of
from kpis.snapshots.queries import Slice
from kpis.targets.goals import Goals
from kpis.targets.queries import Period, Standing, judge

LENGTHS = {Grain.WEEK: 53, Grain.MONTH: 13, Grain.QUARTER: 9}
"""How many periods a trend has: a year and the one that runs; of quarters two years."""


@dataclass(frozen=True, slots=True)
class Held:
    """A goal: how the period that runs stands, and how the figure came to it."""

    standing: Standing
    trend: Sequence[tuple[date, date, Figure]]

    @property
    def before(self) -> Figure:
        """The period before the one that runs."""
        return self.trend[-2][2]

    @property
    def year_before(self) -> Figure:
        """The period a year before the one that runs."""
        back = {Grain.WEEK: 53, Grain.MONTH: 13, Grain.QUARTER: 5}[self.standing.period.grain]
        return self.trend[-back][2] if len(self.trend) >= back else NOTHING


def held(goals: Goals, of: Slice, *, today: date) -> list[Held]:
    """The goals that hold for something today, its own or those of the whole. A query, and one a length."""
    asked: list[Period] = []
    for code, place, grain in goals.kept:
        metric = METRICS[code]
        known = of.dimension == Dimension.WHOLE or of.dimension in metric.dimensions
        fits = place == (Dimension.WHOLE, "") or (place[0] == of.dimension and (place[1],) == of.keys)
        if known and fits:
            asked.append(Period(code, of, grain, *period_of(today, grain)))
    standings = judge(list(dict.fromkeys(asked)), goals, today=today)
    trends = {grain: _trends(grain, standings, of, today) for grain in LENGTHS}
    order = list(MetricCode)
    standings.sort(key=lambda one: (order.index(one.metric.code), one.period.grain))
    return [Held(one, trends[one.period.grain][one.metric.code]) for one in standings]


Trend = list[tuple[date, date, Figure]]


def _trends(grain: Grain, standings: Sequence[Standing], of: Slice, today: date) -> dict[MetricCode, Trend]:
    codes = [one.metric.code for one in standings if one.period.grain == grain]
    if not codes:
        return {}
    spans, day = [], today
    for _ in range(LENGTHS[grain]):
        spans.append(period_of(day, grain))
        day = spans[-1][0] - timedelta(1)
    spans.reverse()
    known = by_period(codes, grain, spans[0][0], spans[-1][1], of)
    return {code: [(*one, known[code].get(one[0], NOTHING)) for one in spans] for code in codes}
