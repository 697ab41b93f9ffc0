"""Refunds that begin without anybody asking: what was cancelled before it was shipped, what came back."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast, Coalesce, Concat

from compensation.models import (
    Member,
    Order,
    OrderLine,
    OrderStatus,
    PieceReturn,
    RefundCause,
    RefundLine,
    RefundOrder,
    RefundStatus,
)
from compensation.refunds import commands, rules
from compensation.refunds.rules import Back
from config.common.events import record

LOOKS_BACK = timedelta(days=60)
"""What we learn of later than that is for people."""
LIMIT = 500
logger = logging.getLogger(__name__)


def start_due(*, at: datetime, limit: int = LIMIT) -> int:
    """Make the refunds that orders' own stories owe, each in a transaction of its own. Gives how many.

    What runs twice, or at once, makes each of them once. One that cannot be made stops no other.
    """
    made = 0
    due = [*waiting(at)[:limit].values_list("pk", flat=True), *dict.fromkeys(_with_parcels(at)[:limit])]
    for order_id in due:
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
    lines = OrderLine.objects.filter(order=OuterRef("pk"))
    left = lines.filter(paid_fen__gt=F("refunded_fen"))
    unshipped = left.filter(Q(shipment=None) | Q(shipment__shipped_at=None))
    nothing_sent = Exists(lines) & ~Exists(lines.filter(shipment__shipped_at__isnull=False))
    freight = Q(freight_fen__gt=F("refunded_freight_fen"))
    returned = Q(status=OrderStatus.RETURNED, returned_at__isnull=False)
    cancelled = Q(status=OrderStatus.CANCELLED, cancelled_at__isnull=False, paid_at__isnull=False)
    return (
        Order.objects.annotate(back_at=Coalesce("returned_at", "cancelled_at"))
        .filter(
            returned & Exists(left) & ~Exists(ours.filter(key=_key_of(RefundCause.RETURNED)))
            | cancelled
            & (Exists(unshipped) | nothing_sent & freight)
            & ~Exists(ours.filter(key=_key_of(RefundCause.CANCELLED))),
            status__in=[OrderStatus.RETURNED, OrderStatus.CANCELLED],
            back_at__gte=max(since, at - LOOKS_BACK),
            back_at__lte=at,
        )
        .order_by("back_at", "pk")
    )


@transaction.atomic
def start(*, order_id: int, at: datetime) -> RefundOrder | None:
    """Make the refund that an order owes by what happened to it, once; None: it owes none.

    Where the shop says which pieces came back and not that the whole order did, it is of those.
    """
    member_id = Order.objects.values_list("member", flat=True).get(pk=order_id)
    Member.objects.select_for_update(no_key=True, of=("self",)).get(pk=member_id)
    order = Order.objects.select_for_update(no_key=True, of=("self",)).get(pk=order_id)
    parcels = list(_unseen(at).filter(order_line__order=order).select_related("order_line").order_by("pk"))
    if parcels and order.status != OrderStatus.RETURNED:
        return _give_back(order, parcels, at=at)
    owed = rules.owed(order, order.lines.select_related("shipment").order_by("pk"))
    key = f"order:{order.pk}:{owed.cause}" if owed else ""
    if owed is None or RefundOrder.objects.filter(key=key).exists():
        _see_to(parcels, None, at=at)
        return None
    refund = commands.create(
        key=key,
        order=order,
        cause=owed.cause,
        pieces=owed.pieces,
        freight_fen=owed.freight_fen,
        since=owed.since,
        actor=None,
        at=at,
    )
    _see_to(parcels, refund, at=at)
    return refund


def _give_back(order: Order, parcels: list[PieceReturn], *, at: datetime) -> RefundOrder | None:
    """Make the refund of the pieces of an order that came back, the order held; None: nothing is due."""
    lines = {parcel.order_line_id: parcel.order_line for parcel in parcels}
    pieces = [piece for piece in map(rules.owed_for, _backs(lines, at)) if piece is not None]
    refund = None
    if pieces and rules.was_paid(order):
        refund = commands.create(
            key=f"order:{order.pk}:{RefundCause.RETURNED}:{parcels[0].pk}",
            order=order,
            cause=RefundCause.RETURNED,
            pieces=pieces,
            since=min(parcel.arrived_at for parcel in parcels),
            actor=None,
            at=at,
        )
    _see_to(parcels, refund, at=at)
    return refund


def _backs(lines: dict[int, OrderLine], at: datetime) -> list[Back]:
    """What came back of lines and what was refunded of them, in the order of their keys."""
    came = PieceReturn.objects.filter(order_line__in=lines, arrived_at__lte=at)
    pieces = dict(came.order_by().values_list("order_line").annotate(Sum("quantity")))
    refunded = {
        line: (goods, with_goods, alone)
        for line, goods, with_goods, alone in RefundLine.objects.filter(order_line__in=lines)
        .exclude(refund__status=RefundStatus.FAILED)
        .order_by()
        .values_list("order_line")
        .annotate(
            goods=Sum("quantity"),
            with_goods=Sum("amount_fen", filter=Q(quantity__gt=0), default=0),
            alone=Sum("amount_fen", filter=Q(quantity=0), default=0),
        )
    }
    found = []
    for pk, line in sorted(lines.items()):
        goods, fen, alone = refunded.get(pk, (0, 0, 0))
        found.append(
            Back(
                line=line,
                pieces=pieces.get(pk, 0),
                refunded_pieces=goods,
                refunded_fen=fen,
                money_alone_fen=alone,
            )
        )
    return found


def _see_to(parcels: list[PieceReturn], refund: RefundOrder | None, *, at: datetime) -> None:
    """Note that what is due for parcels was refunded, or that nothing is due."""
    PieceReturn.objects.filter(pk__in=[one.pk for one in parcels]).update(seen_at=at, refund=refund)
    if parcels and refund is None:
        order = Order(pk=parcels[0].order_line.order_id)
        record("order.return_owes_nothing", order, actor=None, at=at, parcels=[one.pk for one in parcels])


def _unseen(at: datetime) -> QuerySet[PieceReturn]:
    """Parcels that came back and were not seen to; none where refunds do not begin by themselves."""
    since = commands.terms().automatic_from
    if since is None:
        return PieceReturn.objects.none()
    return PieceReturn.objects.filter(
        seen_at__isnull=True, arrived_at__gte=max(since, at - LOOKS_BACK), arrived_at__lte=at
    )


def _with_parcels(at: datetime) -> "QuerySet[PieceReturn, int]":
    """The orders of such parcels, the oldest first, those of one order one after the other."""
    return _unseen(at).order_by("arrived_at", "pk").values_list("order_line__order", flat=True)


def _key_of(cause: RefundCause) -> Concat:
    """The key of the refund that an order's story owes; see `start`."""
    return Concat(Value("order:"), Cast(OuterRef("pk"), CharField()), Value(f":{cause}"))
