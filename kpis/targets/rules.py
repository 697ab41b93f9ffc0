"""How a period stands against its goal: state, attainment, and what it will come to. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import sqrt
from typing import Protocol, TypeVar

from kpis.metrics.rules import Counted, Figure, Form, Goal, joined
from kpis.models import Direction
from surveys.scoring import student

FEWEST = 30
"""Of fewer measured a period is not judged."""
WEEKS = 8
"""Days to come are expected like as many same weekdays before."""
HIGHEST = 200.0
"""Percent of attainment above which it makes no difference any more."""
SHARE_GONE = 0.25
"""How much of a period has to be over before its forecast is told to anybody."""


class State(StrEnum):
    """How a period stands: judged when it is over, by its forecast while it runs."""

    NO_DATA = "no_data"
    FEW = "few"
    MET = "met"
    MISSED = "missed"
    OPEN = "open"
    AT_RISK = "at_risk"


class Version(Protocol):
    """A goal from a day on."""

    since: date


V = TypeVar("V", bound=Version)


def in_force(versions: Iterable[V], first: date) -> V | None:
    """The version that a period is judged by: the newest that began by its first day."""
    return max((one for one in versions if one.since <= first), key=lambda one: one.since, default=None)


def attainment(goal: Goal, value: float | None) -> float | None:
    """How far a goal is reached in percent: value ÷ goal, or goal ÷ value where less is better.

    100 and more exactly when it is met; between 0 and `HIGHEST`. None where nothing was measured, and for a
    goal of at least nought or below, of which no share can be reached.
    """
    if value is None:
        return None
    above, below = (value, goal.value) if goal.direction == Direction.UP else (goal.value, value)
    if goal.direction == Direction.UP and below <= 0:
        return None
    if below <= 0:
        return HIGHEST if above > 0 else 100.0
    return min(HIGHEST, max(0.0, 100 * (above / below)))


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a period will come to, with the interval in which 95 of 100 are expected; None: unknown."""

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None

    def misses(self, goal: Goal) -> bool:
        """Whether it misses the goal wherever it comes to lie in its interval."""
        if self.low is None or self.high is None:
            return False
        return goal.ahead(self.high if goal.direction == Direction.UP else self.low) < 0


UNKNOWN = Forecast(None, 0)


def forecast(
    form: Form, so_far: Counted, usual: Mapping[int, Sequence[Counted]], left: Sequence[int]
) -> Forecast:
    """What is counted so far and, for each day left, the average of its weekday.

    `usual` holds by weekday (Monday is 0) what was counted on such days before, `left` the weekdays to come.
    The value is a ratio of sums; its variance is that of `total - value x n` among the days of each weekday
    (Cochran 1977, Sampling Techniques, 2.11), of the days to come and of their averages.
    """
    total, n = float(so_far.total), float(so_far.n)
    weekdays = {one: left.count(one) for one in left}
    for weekday, days in weekdays.items():
        before = usual.get(weekday, ())
        both = joined(before)
        total += days * both.total / len(before) if before else 0
        n += days * both.n / len(before) if before else 0
    if n <= 0:
        return UNKNOWN
    value, scale = total / n, 1 if form is Form.MEAN else 100
    variance, freedom = 0.0, 0
    for weekday, days in weekdays.items():
        before = usual.get(weekday, ())
        if len(before) < 2:  # noqa: PLR2004 - one day has no spread
            return Forecast(scale * value, round(n))
        residuals = [one.total - value * one.n for one in before]
        mean = sum(residuals) / len(residuals)
        spread = sum((one - mean) ** 2 for one in residuals) / (len(residuals) - 1)
        variance += spread * days * (1 + days / len(residuals))
        freedom += len(residuals) - 1
    margin = student(freedom) * sqrt(variance) / n if freedom else 0.0
    low, high = scale * (value - margin), scale * (value + margin)
    if form is not Form.MEAN:
        low = max(0.0, low)
    return Forecast(scale * value, round(n), low, min(100.0, high) if form is Form.SHARE else high)


def state(goal: Goal, figure: Figure, expected: Forecast | None) -> State:
    """How a period stands; `expected` is what it will come to while it runs, None when it is over."""
    value, n = (figure.value, figure.n) if expected is None else (expected.value, expected.n)
    if value is None:
        return State.NO_DATA
    if n < FEWEST:
        return State.FEW
    if expected is None:
        return State.MET if goal.ahead(value) >= 0 else State.MISSED
    return State.AT_RISK if goal.ahead(value) < goal.warning else State.OPEN
