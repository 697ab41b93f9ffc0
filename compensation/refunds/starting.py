"""Refunds that begin without anybody asking: what was cancelled before it was shipped, what came back."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from compensation.models import Member, Order, OrderLine, OrderStatus, RefundCause, RefundOrder
from compensation.refunds import commands, rules

LOOKS_BACK = timedelta(days=60)
"""What we learn of later than that is for people."""
LIMIT = 500
logger = logging.getLogger(__name__)


def start_due(*, at: datetime, limit: int = LIMIT) -> int:
    """Make the refunds that orders' own stories owe, each in a transaction of its own. Gives how many.

    What runs twice, or at once, makes each of them once. One that cannot be made stops no other.
    """
    made = 0
    for order_id in waiting(at)[:limit].values_list("pk", flat=True):
        try:
            made += start(order_id=order_id, at=at) is not None
        except Exception:
            logger.exception("the refund of order %s could not be started", order_id)
    return made


def waiting(at: datetime) -> QuerySet[Order]:
    """Orders that may owe a refund, the oldest first. Read by the index order_back."""
    since = commands.terms().automatic_from
    if since is None:
        return Order.objects.none()
    ours = RefundOrder.objects.filter(order=OuterRef("pk"))
    left = OrderLine.objects.filter(order=OuterRef("pk"), paid_fen__gt=F("refunded_fen"))
    unshipped = left.filter(Q(shipment=None) | Q(shipment__shipped_at=None))
    returned = Q(status=OrderStatus.RETURNED, returned_at__isnull=False)
    cancelled = Q(status=OrderStatus.CANCELLED, cancelled_at__isnull=False, paid_at__isnull=False)
    return (
        Order.objects.annotate(back_at=Coalesce("returned_at", "cancelled_at"))
        .filter(
            returned & Exists(left) & ~Exists(ours.filter(cause=RefundCause.RETURNED))
            | cancelled & Exists(unshipped) & ~Exists(ours.filter(cause=RefundCause.CANCELLED)),
            status__in=[OrderStatus.RETURNED, OrderStatus.CANCELLED],
            back_at__gte=max(since, at - LOOKS_BACK),
            back_at__lte=at,
        )
        .order_by("back_at", "pk")
    )


@transaction.atomic
def start(*, order_id: int, at: datetime) -> RefundOrder | None:
    """Make the refund that an order owes by what happened to it, once; None: it owes none."""
    member_id = Order.objects.values_list("member", flat=True).get(pk=order_id)
    Member.objects.select_for_update(no_key=True, of=("self",)).get(pk=member_id)
    order = Order.objects.select_for_update(no_key=True, of=("self",)).get(pk=order_id)
    owed = rules.owed(order, order.lines.select_related("shipment").order_by("pk"))
    if owed is None or RefundOrder.objects.filter(order=order, cause=owed.cause).exists():
        return None
    return commands.create(
        key=f"order:{order.pk}:{owed.cause}",
        order=order,
        cause=owed.cause,
        pieces=owed.pieces,
        freight_fen=owed.freight_fen,
        since=owed.since,
        actor=None,
        at=at,
    )
