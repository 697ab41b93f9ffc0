"""When a promise about time counts as broken, and how badly. Pure.

The search over many orders says the same in SQL (search.py); a test holds the two together.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from compensation.models import OrderStatus
from feedback.models import Aspect, Severity

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
SLIGHT_DAYS, MODERATE_DAYS = Decimal("0.5"), Decimal(2)
"""Where an aspect has no thresholds of its own."""

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


def find(facts: Facts, *, now: datetime, slight_days: Decimal, moderate_days: Decimal) -> Finding | None:
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
    return Finding(actual_at, difference(late), severity(late, slight_days, moderate_days))


def difference(late: timedelta) -> Decimal:
    """Expected − actual in days with four decimals."""
    exact = Decimal(late // MICROSECOND) / Decimal(DAY // MICROSECOND)
    return -exact.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def severity(late: timedelta, slight_days: Decimal, moderate_days: Decimal) -> Severity:
    """How bad it is; the boundary belongs to the lesser."""
    microseconds = late // MICROSECOND
    a_day = DAY // MICROSECOND
    if microseconds <= slight_days * a_day:
        return Severity.SLIGHT
    return Severity.MODERATE if microseconds <= moderate_days * a_day else Severity.SEVERE
