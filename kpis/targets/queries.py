"""Periods judged against their goals, from the snapshots as they stand."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q

from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import Metric
from kpis.metrics.rules import Counted, Figure, Goal, joined
from kpis.models import Dimension, Grain, MetricCode, Snapshot, Target
from kpis.snapshots.calendar import period_of
from kpis.snapshots.queries import WHOLE, Slice, days_of, series
from kpis.targets.goals import Goals, Place, goal_of
from kpis.targets.rules import SHARE_GONE, WEEKS, Forecast, State, attainment, forecast, state

DAYS_OF_WEEK = 7


@dataclass(frozen=True, slots=True)
class Period:
    """A period of one figure of one slice."""

    code: MetricCode
    of: Slice
    grain: Grain
    first: date
    last: date

    @property
    def place(self) -> Place:
        """Whose goal it is judged by: its own key's, or the whole's where several are joined."""
        return (self.of.dimension, self.of.keys[0]) if len(self.of.keys) == 1 else (Dimension.WHOLE, "")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a period stands: what was counted of its days that are over, and what it will come to."""

    metric: Metric
    period: Period
    target: Target
    goal: Goal
    figure: Figure
    forecast: Forecast | None
    state: State
    gone: float
    """How much of its days is over, from 0 to 1."""

    @property
    def attainment(self) -> float | None:
        """How far the goal is reached: by the forecast while it runs."""
        return attainment(self.goal, self.forecast.value if self.forecast else self.figure.value)

    @property
    def will_miss(self) -> bool:
        """Whether enough of it is over to say that it will miss its goal."""
        return (
            self.state == State.AT_RISK
            and self.forecast is not None
            and self.gone >= SHARE_GONE
            and self.forecast.misses(self.goal)
        )

    @property
    def is_inherited(self) -> bool:
        """Whether the goal is that of the whole."""
        return (self.target.dimension, self.target.key) != (self.period.of.dimension, self.period.of.keys[0])


@dataclass(frozen=True, slots=True)
class Past:
    """A period that is over: its figure, and how it stands if it had a goal."""

    first: date
    last: date
    figure: Figure
    standing: Standing | None


ByDay = dict[date, Counted]
Counts = dict[tuple[MetricCode, Dimension, str], ByDay]


def counts(slices: Iterable[tuple[MetricCode, Slice]], first: date, last: date) -> Counts:
    """What was counted of figures by day, of each key by itself, in one query."""
    keys: dict[Dimension, set[str]] = defaultdict(set)
    codes = set()
    for code, of in slices:
        codes.add(code)
        keys[of.dimension].update(of.keys)
    found: Counts = defaultdict(dict)
    if not codes:
        return found
    wanted = Q(pk__in=[])
    for dimension, some in keys.items():
        wanted |= Q(dimension=dimension, key__in=some)
    rows = Snapshot.objects.filter(wanted, metric__in=codes, day__range=(first, last))
    columns = ("metric", "dimension", "key", "day", "n", "total", "squares")
    for code, dimension, key, day, n, total, squares in rows.values_list(*columns):
        found[MetricCode(code), Dimension(dimension), key][day] = Counted(n, total, int(squares))
    return found


def judge(periods: Sequence[Period], goals: Goals, *, today: date) -> list[Standing]:
    """How periods stand that have a goal, in one query. Days before `today` are over."""
    asked = [
        (period, target)
        for period in periods
        if (target := goals.target(period.code, period.place, period.grain, period.first))
    ]
    if not asked:
        return []
    first = min(today - timedelta(weeks=WEEKS), *(period.first for period, _target in asked))
    found = counts([(period.code, period.of) for period, _target in asked], first, today - timedelta(1))
    return [standing for period, target in asked if (standing := _stand(period, target, found, today))]


def _stand(period: Period, target: Target, found: Counts, today: date) -> Standing | None:
    goal = goal_of(target)
    if goal is None:
        return None
    metric = METRICS[period.code]
    by_day = _joined(found, period)
    so_far = joined(
        by_day.get(day, Counted()) for day in days_of(period.first, min(period.last, _before(today)))
    )
    figure, expected = metric.figure(so_far), None
    left = [day.weekday() for day in days_of(max(period.first, today), period.last)]
    if left:
        expected = forecast(metric.form, so_far, _usual(by_day, today), left)
    length = (period.last - period.first).days + 1
    return Standing(
        metric,
        period,
        target,
        goal,
        figure,
        expected,
        state(goal, figure, expected),
        1 - len(left) / length,
    )


def _joined(found: Counts, period: Period) -> ByDay:
    by_day: ByDay = {}
    for key in period.of.keys:
        for day, one in found.get((period.code, period.of.dimension, key), {}).items():
            by_day[day] = by_day.get(day, Counted()) + one
    return by_day


def _usual(by_day: ByDay, today: date) -> dict[int, list[Counted]]:
    """What was counted on the days of the last weeks by weekday, from the first day that has anything."""
    if not by_day:
        return {}
    begin = max(min(by_day), today - timedelta(weeks=WEEKS))
    usual: dict[int, list[Counted]] = defaultdict(list)
    for day in days_of(begin, _before(today)):
        usual[day.weekday()].append(by_day.get(day, Counted()))
    return usual


def running(
    slices: Sequence[Slice], goals: Goals, *, today: date, codes: Collection[MetricCode] = tuple(METRICS)
) -> list[Standing]:
    """How the periods that run on a day stand, of every figure that a slice has, by each of its goals."""
    return judge(of_day(slices, goals, today, codes), goals, today=today)


def of_day(
    slices: Sequence[Slice], goals: Goals, day: date, codes: Collection[MetricCode] = tuple(METRICS)
) -> list[Period]:
    """The periods that a day is in, of every figure that a slice has and of every length with a goal."""
    grains = dict.fromkeys(grain for _code, _place, grain in goals.kept)
    return [
        Period(code, of, grain, *period_of(day, grain))
        for of in slices
        for code in codes
        if of.dimension == Dimension.WHOLE or of.dimension in METRICS[code].dimensions
        for grain in sorted(grains)
    ]


def past(code: MetricCode, of: Slice, grain: Grain, goals: Goals, *, today: date, number: int) -> list[Past]:
    """How the last periods of a figure came out, the newest first, each by the goal that held then."""
    days, day = [], today
    for _ in range(number):
        day = period_of(day, grain)[0] - timedelta(1)
        days.append(period_of(day, grain))
    periods = [Period(code, of, grain, *both) for both in days]
    judged = {one.period: one for one in judge(periods, goals, today=today)}
    figures = series(code, days[-1][0], days[0][1], grain, of)
    return [
        Past(one.first, one.last, figure, judged.get(one))
        for one, (_first, _last, figure) in zip(periods, reversed(figures), strict=True)
    ]


def slices_of(departments: Iterable[int], *, company: bool) -> list[Slice]:
    """The whole company, if it may be seen, and departments by themselves."""
    own = [Slice(Dimension.DEPARTMENT, (str(pk),)) for pk in departments]
    return [WHOLE, *own] if company else own


def _before(day: date) -> date:
    return day - timedelta(1)
