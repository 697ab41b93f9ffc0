"""When a promise counts as broken, and how badly. Pure.

The search over many orders says the same in SQL (search.py); a test holds the two together.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from compensation.models import OrderStatus
from feedback.models import Aspect, Gap, Severity

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
HOURS = 24
THRESHOLDS: dict[str, tuple[Decimal, Decimal]] = {
    Aspect.SHIPPING: (Decimal("0.5"), Decimal(2)),
    Aspect.DELIVERY: (Decimal("0.5"), Decimal(2)),
    Aspect.PRICE: (Decimal(1), Decimal(10)),
    Aspect.QUALITY: (Decimal(1), Decimal(2)),
    Aspect.SERVICE: (Decimal("0.5"), Decimal(4)),
}
"""Up to where it is slight and moderate, in the unit of the aspect, where nobody has set it otherwise."""
MOST_PERCENT = Decimal(9_999)

HAPPENED: dict[str, frozenset[str]] = {
    Aspect.SHIPPING: frozenset({OrderStatus.SHIPPED, OrderStatus.DELIVERED, OrderStatus.RETURNED}),
    Aspect.DELIVERY: frozenset({OrderStatus.DELIVERED, OrderStatus.RETURNED}),
}
"""States of an order in which it has happened, even if nobody wrote down when: then nothing is claimed."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was promised about one order line, and what is known of it."""

    aspect: str
    expected_at: datetime
    happened_at: datetime | None
    status: str
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise that was not kept."""

    actual_at: datetime | None
    """When it happened, or the wait ended with a cancellation; None while it still goes on."""
    days: Decimal
    """Expected − actual in days: late is negative."""
    severity: Severity


def find(facts: Facts, *, now: datetime, slight: Decimal, moderate: Decimal) -> Finding | None:
    """The gap, or None when the promise was kept, is not due yet, or nothing can be said.

    What came early is no gap: the promise was kept. A cancelled order is waited for until it was
    cancelled, and not at all when nobody knows when that was.
    """
    actual_at = facts.happened_at
    if actual_at is None:
        if facts.status in HAPPENED[facts.aspect]:
            return None
        if facts.status == OrderStatus.CANCELLED:
            if facts.cancelled_at is None:
                return None
            actual_at = facts.cancelled_at
    late = (actual_at or now) - facts.expected_at
    if late <= timedelta():
        return None
    return Finding(actual_at, difference(late), severity(late, slight, moderate))


def difference(late: timedelta) -> Decimal:
    """Expected − actual in days with four decimals."""
    exact = Decimal(late // MICROSECOND) / Decimal(DAY // MICROSECOND)
    return -exact.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def severity(late: timedelta, slight: Decimal, moderate: Decimal) -> Severity:
    """How bad it is by days; the boundary belongs to the lesser."""
    return grade(Decimal(late // MICROSECOND), slight * (DAY // MICROSECOND), moderate * (DAY // MICROSECOND))


def grade(off: Decimal, slight: Decimal, moderate: Decimal) -> Severity:
    """How bad it is to be so far off, all in one unit; the boundary belongs to the lesser."""
    if off <= slight:
        return Severity.SLIGHT
    return Severity.MODERATE if off <= moderate else Severity.SEVERE


def percent_over(expected: Decimal, actual: Decimal) -> Decimal:
    """How much more was paid than expected, in percent of that; of what was to be free, the most there is."""
    if actual <= expected:
        return Decimal()
    return min((actual - expected) / expected * 100, MOST_PERCENT) if expected else MOST_PERCENT


def size(gap: Gap, now: datetime) -> Decimal:
    """How far off a gap is, in the unit of its aspect and never negative; up to now while it goes on."""
    if gap.aspect == Aspect.PRICE:
        return percent_over(gap.expected or Decimal(), gap.actual or Decimal())
    if gap.aspect == Aspect.QUALITY:
        return (gap.expected or Decimal()) - (gap.actual or Decimal())
    goes_on = gap.actual_at is None and gap.withdrawn_at is None
    days = difference(now - gap.expected_at) if goes_on or gap.days is None else gap.days
    return max(-days, Decimal()) * (HOURS if gap.aspect == Aspect.SERVICE else 1)
