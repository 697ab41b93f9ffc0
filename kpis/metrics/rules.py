"""What each figure means, and how counts become a figure with its interval."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common.statistics import wilson
from kpis.models import Direction, MetricCode
from surveys.scoring import student


@dataclass(frozen=True, slots=True)
class Part:
    """What was counted for one department, or for the company where there is none.

    `n` is what was measured, `total` how many of them counted or the sum of their scores, `squares` the sum
    of their squared scores.
    """

    department_id: int | None
    n: int
    total: int
    squares: int = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its 95 % interval; None where nothing was measured, never 0."""

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """A defined figure: what is divided by what, what is left out, and in which unit it is read."""

    code: MetricCode
    is_share: bool
    numerator: str | Promise
    denominator: str | Promise
    left_out: str | Promise
    by_department: bool = True

    @property
    def unit(self) -> str:
        """How the value is written: percent, or points of five."""
        return "%" if self.is_share else "/ 5"

    def figure(self, parts: Iterable[Part]) -> Figure:
        """Join counts of any days or departments into one figure."""
        n = total = squares = 0
        for part in parts:
            n, total, squares = n + part.n, total + part.total, squares + part.squares
        return share(n, total) if self.is_share else mean(n, total, squares)


def share(n: int, total: int) -> Figure:
    """A share in percent with Wilson's interval; more events than things measured have no interval."""
    if not n:
        return Figure(None, 0)
    if total > n:
        return Figure(100 * total / n, n)
    low, high = wilson(total, n)
    return Figure(100 * total / n, n, 100 * low, 100 * high)


def mean(n: int, total: int, squares: int) -> Figure:
    """A mean with Student's interval (NIST/SEMATECH e-Handbook 1.3.5.2); one score alone has none."""
    if not n:
        return Figure(None, 0)
    value = total / n
    if n == 1:
        return Figure(value, n)
    spread = max(0.0, (squares - total * value) / (n - 1))
    margin = student(n - 1) * sqrt(spread / n)
    return Figure(value, n, value - margin, value + margin)


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure is held against."""

    direction: str
    value: float

    def met_by(self, figure: Figure) -> bool | None:
        """Whether the figure reaches it; None where nothing was measured."""
        if figure.value is None:
            return None
        return figure.value >= self.value if self.direction == Direction.UP else figure.value <= self.value


METRICS = {
    metric.code: metric
    for metric in (
        Metric(
            MetricCode.FIRST_REPLY,
            is_share=True,
            numerator=_("first replies given by their due time"),
            denominator=_("first replies that were given or became overdue on the day"),
            left_out=_("clocks that still run, and those stopped before they were due"),
        ),
        Metric(
            MetricCode.RESOLUTION,
            is_share=True,
            numerator=_("cases resolved by their due time"),
            denominator=_("cases that were resolved or became overdue on the day"),
            left_out=_("clocks that still run, and those stopped before they were due"),
        ),
        Metric(
            MetricCode.CSAT,
            is_share=False,
            numerator=_("sum of the answers to the satisfaction question, 1 to 5"),
            denominator=_("answers to it on the day"),
            left_out=_("surveys that were not answered"),
        ),
        Metric(
            MetricCode.GAP_RATE,
            is_share=True,
            numerator=_("orders that came later than promised, or have not come"),
            denominator=_("orders that were promised for the day"),
            left_out=_("cancelled orders, and gaps that were withdrawn"),
            by_department=False,
        ),
        Metric(
            MetricCode.COMPLAINT_RATE,
            is_share=True,
            numerator=_("complaints opened on the day"),
            denominator=_("orders placed on the day"),
            left_out=_("nothing"),
            by_department=False,
        ),
    )
}
