"""What of an order goes back, under which number, and who may say that it did."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from compensation.models import Order, OrderLine, OrderStatus, RefundCause, RefundOrder, RefundStatus

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM = 12  # of 5 bits each
REFERENCE_LENGTH = 100
BY_HAND_AFTER = timedelta(hours=24)
"""How long the gateway has to say what became of a refund before finance may say so in its place."""
FIRST_ASKED, LAST_ASKED = timedelta(minutes=10), timedelta(hours=24)
BOUGHT = frozenset({OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.DELIVERED, OrderStatus.RETURNED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """So much of an order line; `quantity` of 0: money only, the goods stay with the member."""

    order_line: OrderLine
    amount_fen: int
    quantity: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What an order's own story owes its member."""

    cause: RefundCause
    since: datetime
    pieces: Sequence[Piece]
    freight_fen: int = 0


def new_number(at: datetime) -> str:
    """A fresh number: sorts by its day, and nobody guesses another one from it."""
    return f"R{at:%y%m%d}{''.join(secrets.choice(ALPHABET) for _ in range(RANDOM))}"


def left_fen(line: OrderLine) -> int:
    """What can still be refunded of a line. The shop may have lowered what was paid meanwhile."""
    return max(0, line.paid_fen - line.refunded_fen)


def left_freight_fen(order: Order) -> int:
    """What can still be refunded of the freight."""
    return max(0, order.freight_fen - order.refunded_freight_fen)


def is_other_payment(refund: RefundOrder, reference: str) -> bool:
    """Whether a payment that is told of is another than the one that ended a refund, and not told of yet.

    The gateway need not say its number each time; of what finance paid itself, the gateway knows nothing.
    """
    told = clean(reference)
    if told == refund.other_reference:
        return False
    if refund.status != RefundStatus.CONFIRMED:
        return True
    if refund.settled_by_id is None and (not reference or not refund.reference):
        return False
    return told != clean(refund.reference)


def clean(reference: str) -> str:
    """A number of theirs, as it is kept; "?" where there is none."""
    return reference.replace("\0", "").strip()[:REFERENCE_LENGTH] or "?"


def was_paid(order: Order) -> bool:
    """Whether there is anything to give back."""
    return order.paid_at is not None or order.status in BOUGHT


def owed(order: Order, lines: Iterable[OrderLine]) -> Owed | None:
    """What is to be given back because of what happened to an order; lines come with their parcels.

    Cancelled: what has not left the house, and the freight when nothing has. Returned: all that is left.
    """
    lines = list(lines)
    if not was_paid(order):
        return None
    if order.status == OrderStatus.RETURNED and order.returned_at is not None:
        return _owed(RefundCause.RETURNED, order.returned_at, lines, 0)
    if order.status == OrderStatus.CANCELLED and order.cancelled_at is not None:
        unshipped = [one for one in lines if one.shipment is None or one.shipment.shipped_at is None]
        freight = left_freight_fen(order) if lines and len(unshipped) == len(lines) else 0
        return _owed(RefundCause.CANCELLED, order.cancelled_at, unshipped, freight)
    return None


def _owed(cause: RefundCause, since: datetime, lines: Iterable[OrderLine], freight: int) -> Owed | None:
    pieces = [
        Piece(order_line=line, amount_fen=left_fen(line), quantity=line.quantity)
        for line in lines
        if left_fen(line)
    ]
    if not pieces and not freight:
        return None
    return Owed(cause=cause, since=since, pieces=pieces, freight_fen=freight)


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """What came back of a line in all, and what was refunded of it: with its goods, and money alone."""

    line: OrderLine
    pieces: int
    refunded_pieces: int
    refunded_fen: int
    money_alone_fen: int


def owed_for(back: Back) -> Piece | None:
    """What is to be given back for the pieces of a line that came back; None where they were paid for.

    Each piece is worth its share of what was paid, less what was given back of that without goods. It goes by
    the sum of all that came back, so any parcels come to the same as one.
    """
    line = back.line
    pieces = min(back.pieces, line.quantity) - back.refunded_pieces
    worth = max(0, line.paid_fen - back.money_alone_fen) * min(back.pieces, line.quantity) // line.quantity
    amount = min(worth - back.refunded_fen, left_fen(line))
    return Piece(order_line=line, amount_fen=amount, quantity=pieces) if pieces > 0 and amount > 0 else None


def ask_delay(asked: int) -> timedelta:
    """How long until the gateway is asked again: twice as long each time, up to a day."""
    longest: timedelta = min(FIRST_ASKED * 2 ** min(asked, 12), LAST_ASKED)
    return longest


def may_be_settled(refund: RefundOrder, at: datetime) -> bool:
    """Whether a person may say that it was paid: never sent, or the gateway has been silent for a day."""
    if refund.status == RefundStatus.CREATED:
        return True
    return refund.is_open and refund.sent_at is not None and at - refund.sent_at >= BY_HAND_AFTER
