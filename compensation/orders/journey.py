"""An order's way to its member: what was promised by when, and what happened."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from compensation.models import Member, Order, OrderLine

NAMES = {
    "placed": _("Ordered"),
    "paid": _("Paid"),
    "shipped": _("Shipped"),
    "delivered": _("Delivered"),
    "returned": _("Returned"),
    "cancelled": _("Cancelled"),
}
"""What the steps are called once they were reached."""

COMING = {"shipped": _("Shipping"), "delivered": _("Delivery")}
"""What they are called before that, and where it is said how late they were."""


@dataclass(frozen=True, slots=True)
class Step:
    """One station of an order."""

    name: str
    promised_at: datetime | None
    happened_at: datetime | None
    late_by: timedelta
    """How much later than promised; until now where it has not happened; zero when in time."""

    @property
    def title(self) -> str:
        """The name for people: of what was done, or of what is still to be done."""
        return str(NAMES[self.name]) if self.happened_at else self.thing

    @property
    def thing(self) -> str:
        """The name for people of what is promised."""
        return str(COMING.get(self.name, NAMES[self.name]))


def of_member(member: Member) -> QuerySet[Order]:
    """A member's orders with all that their journeys need, newest first."""
    return (
        Order.objects.filter(member=member)
        .prefetch_related("lines__product", "lines__shipment", "shipments")
        .order_by("-placed_at", "-id")
    )


def journey(order: Order, at: datetime) -> list[Step]:
    """The stations of an order as of `at`: those that were reached or are still to come.

    An order is as late as the line that is furthest off.
    """
    lines = list(order.lines.all())
    steps = [Step("placed", None, order.placed_at, timedelta(0))]
    if order.paid_at:
        steps.append(Step("paid", None, order.paid_at, timedelta(0)))
    over = order.cancelled_at or order.returned_at
    shipped = _worst("shipped", ((line.ship_by, _shipped(line)) for line in lines), at)
    delivered = _worst("delivered", ((line.deliver_by, _delivered(line)) for line in lines), at)
    steps += [step for step in (shipped, delivered) if step.happened_at or not over]
    if order.returned_at:
        steps.append(Step("returned", None, order.returned_at, timedelta(0)))
    if order.cancelled_at:
        steps.append(Step("cancelled", None, order.cancelled_at, timedelta(0)))
    return steps


def to_tell(steps: Iterable[Step]) -> list[Step]:
    """What is worth a line in a list: what was or is late, and else the next promise."""
    late = [step for step in steps if step.late_by]
    coming = [step for step in steps if step.promised_at and not step.happened_at]
    return late or coming[:1]


def _shipped(line: OrderLine) -> datetime | None:
    return line.shipment.shipped_at if line.shipment else None


def _delivered(line: OrderLine) -> datetime | None:
    return line.shipment.delivered_at if line.shipment else None


def _worst(name: str, facts: Iterable[tuple[datetime | None, datetime | None]], at: datetime) -> Step:
    facts = list(facts)
    promised = [(due, happened) for due, happened in facts if due is not None]
    if promised:
        due, happened = max(promised, key=lambda fact: (fact[1] or at) - fact[0])
        return Step(name, due, happened, max((happened or at) - due, timedelta(0)))
    times = [happened for _due, happened in facts]
    done = max((time for time in times if time), default=None) if times and all(times) else None
    return Step(name, None, done, timedelta(0))
