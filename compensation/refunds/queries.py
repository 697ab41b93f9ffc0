"""What was refunded of an order, and what can be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from compensation.models import OPEN_REFUNDS, Order, OrderLine, RefundOrder, RefundStatus
from compensation.refunds import rules
from compensation.refunds.by_hand import SETTLE
from config.common.errors import NotFound
from config.common.models import User


@dataclass(frozen=True, slots=True)
class Refundable:
    """A line of an order with what can still be refunded of it."""

    line: OrderLine
    left_fen: int


def refundable(order: Order) -> list[Refundable]:
    """The lines of an order, with what can still be refunded of each; nothing of what was never paid."""
    paid = rules.was_paid(order)
    lines = order.lines.select_related("product").order_by("pk")
    return [Refundable(line, rules.left_fen(line) if paid else 0) for line in lines]


def of_orders(orders: Iterable[Order]) -> dict[int, Sequence[RefundOrder]]:
    """The refunds of some orders that were not given up, newest first, by order."""
    found: dict[int, list[RefundOrder]] = {}
    rows = RefundOrder.objects.filter(order__in=[order.pk for order in orders])
    for refund in rows.exclude(status=RefundStatus.FAILED).order_by("-pk"):
        found.setdefault(refund.order_id, []).append(refund)
    return dict(found)


def late(refunds: QuerySet[RefundOrder], at: datetime) -> QuerySet[RefundOrder]:
    """Those that should have ended."""
    return refunds.filter(status__in=OPEN_REFUNDS, due_at__lte=at)


def by_hand(refunds: QuerySet[RefundOrder]) -> QuerySet[RefundOrder]:
    """Those that nobody sends: finance pays them."""
    return refunds.filter(status__in=OPEN_REFUNDS, handed_at=None)


def wanting(user: User) -> QuerySet[RefundOrder]:
    """What waits for somebody who settles refunds: to be paid by hand, or late. Read by refund_open."""
    if not user.has_perm(SETTLE):
        return RefundOrder.objects.none()
    mine = Q(handed_at=None) | Q(due_at__lte=timezone.now())
    return RefundOrder.objects.filter(mine, status__in=OPEN_REFUNDS)


def by_number(number: object) -> RefundOrder:
    """The refund with this number.

    Raises:
        NotFound: there is none.
    """
    found = None
    if isinstance(number, str) and number.isalnum():
        found = RefundOrder.objects.select_related("order").filter(number=number).first()
    if found is None:
        raise NotFound
    return found
