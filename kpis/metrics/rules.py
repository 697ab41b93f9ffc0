"""How counts become a figure with its interval. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from scipy import special

from config.common.statistics import wilson
from kpis.models import Direction
from surveys.scoring import student


class Form(StrEnum):
    """How counts are read: hits of all measured, the mean of what was measured, or so many for each."""

    SHARE = "share"
    MEAN = "mean"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted: `n` measured, `total` of them counted or their sum, `squares` the sum of squares."""

    n: int = 0
    total: int = 0
    squares: int = 0

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(self.n + other.n, self.total + other.total, self.squares + other.squares)


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its 95 % interval; None where nothing was measured, never 0."""

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None


NOTHING = Figure(None, 0)
TAIL = 0.025


def joined(parts: Iterable[Counted]) -> Counted:
    """Counts of any days or keys as one."""
    return sum(parts, Counted())


def figure(form: Form, counted: Counted) -> Figure:
    """Read counts in the form of their metric."""
    if form is Form.MEAN:
        return mean(counted)
    return share(counted) if form is Form.SHARE else ratio(counted)


def share(counted: Counted) -> Figure:
    """A share in percent with Wilson's interval."""
    n, hits = counted.n, counted.total
    if not n:
        return NOTHING
    low, high = wilson(hits, n)
    return Figure(100 * hits / n, n, 100 * low, 100 * high)


def ratio(counted: Counted) -> Figure:
    """So many for every hundred of something else, with Garwood's interval of a Poisson count (1936)."""
    n, hits = counted.n, counted.total
    if not n:
        return NOTHING
    low = float(special.gammaincinv(hits, TAIL)) if hits else 0.0
    high = float(special.gammaincinv(hits + 1, 1 - TAIL))
    return Figure(100 * hits / n, n, 100 * low / n, 100 * high / n)


def mean(counted: Counted) -> Figure:
    """A mean with Student's interval (NIST/SEMATECH e-Handbook 1.3.5.2); one score alone has none."""
    n, total = counted.n, counted.total
    if not n:
        return NOTHING
    value = total / n
    if n == 1:
        return Figure(value, n)
    spread = max(0.0, (counted.squares - total * value) / (n - 1))
    margin = student(n - 1) * sqrt(spread / n)
    return Figure(value, n, value - margin, value + margin)


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure is held against; closer to it than `warning` is at risk."""

    direction: str
    value: float
    warning: float = 0.0

    def met_by(self, figure: Figure) -> bool | None:
        """Whether the figure reaches it; None where nothing was measured."""
        return None if figure.value is None else self.ahead(figure.value) >= 0

    def ahead(self, value: float) -> float:
        """How much better than the goal a value is; negative where it falls short."""
        return value - self.value if self.direction == Direction.UP else self.value - value
