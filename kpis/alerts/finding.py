"""What there is to find about figures on a day: goals, turns and outliers, from snapshots as they stand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from feedback.models import Department
from kpis.alerts.rules import REFERENCE, WATCHED, Series, outlier, turn
from kpis.metrics.catalogue import METRICS
from kpis.metrics.rules import Counted
from kpis.models import AlertKind, Dimension, Direction, FigureAlert, Grain, MetricCode
from kpis.snapshots.calendar import period_of
from kpis.snapshots.queries import WHOLE, Slice
from kpis.targets.goals import Goals
from kpis.targets.queries import Counts, Period, Standing, counts, judge, of_day
from kpis.targets.rules import State

LATE_FACTS = 7
"""A period that has ended, and an outlier, are looked at again for so many days."""
HISTORY = REFERENCE + WATCHED
Key = tuple[str, str, str, str, str, date]
"""What an alert is found once by."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something that alerts tell."""

    code: MetricCode
    of: Slice
    kind: AlertKind
    grain: str
    first: date
    last: date
    is_worse: bool
    n: int
    value: float
    against: float
    numbers: Mapping[str, float | int | None] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What it is found once by."""
        return (
            self.code.value,
            self.of.dimension.value,
            self.of.keys[0],
            self.kind.value,
            self.grain,
            self.last,
        )

    def alert(self) -> FigureAlert:
        """The row that keeps it."""
        return FigureAlert(
            metric=self.code, dimension=self.of.dimension, key=self.of.keys[0], kind=self.kind,
            grain=self.grain, first=self.first, last=self.last, is_worse=self.is_worse, n=self.n,
            value=self.value, against=self.against, numbers=dict(self.numbers),
        )  # fmt: skip


def key_of(alert: FigureAlert) -> Key:
    """What an alert was found once by."""
    return (alert.metric, alert.dimension, alert.key, alert.kind, alert.grain, alert.last)


def watched(goals: Goals) -> list[tuple[MetricCode, Slice]]:
    """The figures that are looked at: of the whole, of every department in use, of all with a goal."""
    departments = Department.objects.filter(is_active=True).order_by("pk").values_list("pk", flat=True)
    of_departments = [Slice(Dimension.DEPARTMENT, (str(pk),)) for pk in departments]
    found = [
        (code, of)
        for code, metric in METRICS.items()
        for of in (WHOLE, *(of_departments if metric.by_department else ()))
    ]
    own = [(code, Slice(Dimension(place[0]), (place[1],))) for code, place, _grain in goals.kept]
    return list(dict.fromkeys([*found, *own]))


def of_goals(
    figures: Sequence[tuple[MetricCode, Slice]], goals: Goals, day: date, again: Sequence[FigureAlert]
) -> Iterator[Found]:
    """Goals that were missed in a period that has just ended, and that will be in one that runs.

    `again` are alerts of missed goals whose periods are judged anew.
    """
    today = day + timedelta(1)
    periods: dict[Period, None] = {}
    for code, of in figures:
        for one in of_day([of], goals, today, [code]):
            periods[one] = None
            before = period_of(one.first - timedelta(1), one.grain)
            if (today - one.first).days < LATE_FACTS:
                periods[Period(code, of, one.grain, *before)] = None
    for alert in again:
        of = Slice(Dimension(alert.dimension), (alert.key,))
        grain = Grain(alert.grain)
        periods[Period(MetricCode(alert.metric), of, grain, alert.first, alert.last)] = None
    for standing in judge(list(periods), goals, today=today):
        if standing.state is State.MISSED and standing.figure.value is not None:
            yield _of_goal(standing, AlertKind.MISSED, standing.figure.value, standing.figure.n)
        elif standing.will_miss and standing.forecast and standing.forecast.value is not None:
            yield _of_goal(standing, AlertKind.EXPECTED, standing.forecast.value, standing.forecast.n)


def _of_goal(standing: Standing, kind: AlertKind, value: float, n: int) -> Found:
    period, forecast = standing.period, standing.forecast
    low, high = (forecast.low, forecast.high) if forecast else (standing.figure.low, standing.figure.high)
    numbers = {"attainment": standing.attainment, "low": low, "high": high, "gone": standing.gone}
    return Found(
        period.code, period.of, kind, period.grain, period.first, period.last, True, n, value,
        standing.goal.value, numbers,
    )  # fmt: skip


class History:
    """The last weeks of figures by day, read once."""

    def __init__(self, figures: Sequence[tuple[MetricCode, Slice]], day: date) -> None:
        """Read them, up to a day."""
        self.first, self.last = day - timedelta(HISTORY + LATE_FACTS - 1), day
        self._counts: Counts = counts(figures, self.first, day)

    def days(self, code: MetricCode, of: Slice) -> dict[date, Counted]:
        """What was counted by day."""
        return self._counts.get((code, of.dimension, of.keys[0]), {})

    def joined(self, code: MetricCode, of: Slice, first: date, last: date) -> Counted:
        """What was counted over some days."""
        days = self.days(code, of)
        return sum((one for day, one in days.items() if first <= day <= last), Counted())

    def series(
        self, code: MetricCode, of: Slice, since: date | None, last: date
    ) -> tuple[date, Series] | None:
        """The days from the first that has anything, and that is not before `since`, up to the last."""
        days = self.days(code, of)
        begin = max(last - timedelta(HISTORY - 1), min(days, default=last), since or self.first)
        if begin > last or not days:
            return None
        length = (last - begin).days + 1
        in_order = [days.get(begin + timedelta(number), Counted()) for number in range(length)]
        return begin, Series.of(METRICS[code].form, begin.weekday(), in_order)


def outlier_of(history: History, code: MetricCode, of: Slice, day: date) -> Found | None:
    """Whether a day of a figure is an outlier."""
    known = history.series(code, of, None, day)
    found = outlier(known[1]) if known else None
    if found is None:
        return None
    return Found(
        code, of, AlertKind.OUTLIER, "", day, day, _is_worse(code, is_up=found.z > 0), found.n, found.now,
        found.usual, {"z": found.z},
    )  # fmt: skip


def turn_of(history: History, code: MetricCode, of: Slice, day: date, since: date | None) -> Found | None:
    """Whether a figure has turned; days before `since`, when its last turn began, are another trend's."""
    known = history.series(code, of, since, day)
    found = turn(known[1]) if known else None
    if known is None or found is None:
        return None
    numbers = {"cusum": found.statistic, "spread": found.spread, "is_up": int(found.is_up)}
    return Found(
        code, of, AlertKind.TURN, "", known[0] + timedelta(found.begins), day,
        _is_worse(code, is_up=found.is_up), found.n, found.now, found.usual, numbers,
    )  # fmt: skip


def _is_worse(code: MetricCode, *, is_up: bool) -> bool:
    return is_up is (METRICS[code].better == Direction.DOWN)
