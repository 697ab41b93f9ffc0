"""What can happen to a refund: made, sent, answered, ended. Each of its turns is one of these.

Whoever changes one holds its member, its grant, and then the refund, as everywhere.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Collate
from django.utils.translation import gettext_lazy as _

from compensation.ledger import commands as ledger
from compensation.ledger.rules import given, taken
from compensation.models import (
    AccountKind,
    Grant,
    Member,
    Order,
    OrderLine,
    RefundCause,
    RefundLine,
    RefundOrder,
    RefundStatus,
    RefundTerms,
    Transaction,
    Unit,
)
from compensation.points import commands as points
from compensation.refunds import alarm, rules, telling
from compensation.refunds.following import Turn, tell
from compensation.refunds.rules import Piece
from config.common import outbox
from config.common.errors import Busy, Invalid, NotFound, WrongState
from config.common.events import Actor, record
from config.common.models import User

SEND = "refund"
TEXT_LENGTH, REFERENCE_LENGTH = 200, rules.REFERENCE_LENGTH


class TooMuch(WrongState):
    """More would go back than was paid and is not on its way back yet."""

    code = "more_than_paid"
    default = _("More would be refunded than was paid.")


def terms() -> RefundTerms:
    """When refunds begin by themselves, and how long they may take."""
    return RefundTerms.objects.filter(pk=1).first() or RefundTerms()


@transaction.atomic
def create(
    *,
    key: str,
    order: Order,
    cause: RefundCause,
    pieces: Sequence[Piece],
    freight_fen: int = 0,
    grant: Grant | None = None,
    member_id: int | None = None,
    since: datetime | None = None,
    actor: Actor,
    at: datetime,
) -> RefundOrder:
    """Make a refund, once for one key, and give it to the gateway; without one it waits for finance.

    From now on it is owed to the member of the order (else to `member_id`, to whom it was owed before), and
    the order's lines hold it.

    Raises:
        Busy: the order was given another member in this very moment.
        Invalid: nothing, less than nothing, one line twice, or a line of another order.
        WrongState: the order was never paid.
        TooMuch: a line or the freight has not so much left.
    """
    member = Member.objects.select_for_update(no_key=True, of=("self",)).get(pk=member_id or order.member_id)
    known = RefundOrder.objects.filter(key=key).first()
    if known is not None:
        return known
    order = _hold(order.pk, pieces, freight_fen)
    if member_id is None and order.member_id != member.pk:
        raise Busy
    refund = RefundOrder.objects.create(
        number=rules.new_number(at),
        key=key,
        order=order,
        member=member,
        grant=grant,
        cause=cause,
        amount_fen=sum(piece.amount_fen for piece in pieces) + freight_fen,
        freight_fen=freight_fen,
        created_at=at,
        due_at=(since or at) + within(cause),
    )
    RefundLine.objects.bulk_create(
        RefundLine(
            refund=refund,
            order_line=piece.order_line,
            quantity=piece.quantity,
            amount_fen=piece.amount_fen,
        )
        for piece in pieces
    )
    moves = given(Unit.MONEY, refund.amount_fen, member_id=member.pk)
    ledger.post(key=_owed_key(refund), kind="refund.owed", moves=moves, actor=actor, at=at)
    record("refund.created", refund, actor=actor, at=at, order=order.pk, amount_fen=refund.amount_fen)
    if settings.REFUND_GATEWAY_URL:
        give_to_gateway(refund, at=at)
    return refund


@transaction.atomic
def begin_try(*, refund_id: int, at: datetime) -> RefundOrder | None:
    """Note that a refund is about to be sent or asked about, before that is done; None: it has ended.

    Whoever dies after this leaves it marked as sent, so that the next one asks before sending.
    """
    refund = lock(refund_id)
    if not refund.is_open:
        return None
    is_first = refund.status == RefundStatus.CREATED
    refund.tries += 1
    refund.sent_at = refund.sent_at or at
    refund.status = RefundStatus.SENT if is_first else refund.status
    refund.save(update_fields=["tries", "sent_at", "status"])
    if is_first:
        record("refund.sent", refund, actor=None, at=at)
        telling.on_its_way(refund, at=at)
        tell(refund, Turn.SENT, actor=None, at=at)
    return refund


@transaction.atomic
def accepted(*, refund_id: int, at: datetime) -> RefundOrder:
    """Note that the gateway works on it: it will say so, or is asked."""
    return _still_open(refund_id, RefundStatus.SENT, at)


@transaction.atomic
def unanswered(*, refund_id: int, at: datetime) -> RefundOrder:
    """Note that nobody knows whether the gateway has it."""
    return _still_open(refund_id, RefundStatus.UNKNOWN, at)


@transaction.atomic
def confirm(
    *, refund_id: int, reference: str, actor: Actor, at: datetime, by_hand: bool = False
) -> RefundOrder:
    """Note that the money was paid out; again changes nothing.

    What has ended stays as it is: that it was paid though it had failed, or paid again under another number
    (by the gateway after finance, say), is put on record and finance is told, once for each payment.
    """
    refund = lock(refund_id)
    if not refund.is_open:
        if rules.is_other_payment(refund, reference):
            _note_other(refund, reference, at=at)
        return refund
    was_sent = refund.status != RefundStatus.CREATED
    _end(refund, RefundStatus.CONFIRMED, reference=reference, actor=actor if by_hand else None, at=at)
    moves = taken(Unit.MONEY, refund.amount_fen, member_id=refund.member_id, into=AccountKind.PAID)
    ledger.post(key=f"refund:{refund.pk}:paid", kind="refund.paid", moves=moves, actor=actor, at=at)
    record("refund.confirmed", refund, actor=actor, at=at, amount_fen=refund.amount_fen, by_hand=by_hand)
    _take_points_back(refund, actor=actor, at=at)
    telling.paid(refund, at=at)
    if not was_sent:
        tell(refund, Turn.SENT, actor=actor, at=at)
    tell(refund, Turn.CONFIRMED, actor=actor, at=at)
    return refund


@transaction.atomic
def fail(*, refund_id: int, reason: str, actor: Actor, at: datetime) -> RefundOrder:
    """Note that it was refused for good; again changes nothing. The order's lines no longer hold it.

    What had been paid stays so: that the gateway says otherwise is put on record and finance is told.
    """
    refund = lock(refund_id)
    if refund.status == RefundStatus.CONFIRMED:
        alarm.contradicted(refund, said="failed", at=at)
    if not refund.is_open:
        return refund
    by_hand = actor if isinstance(actor, User) else None
    _end(refund, RefundStatus.FAILED, failure=reason, actor=by_hand, at=at)
    posted = Transaction.objects.get(key=_owed_key(refund))
    ledger.reverse(posted=posted, key=f"refund:{refund.pk}:failed", actor=actor, at=at)
    record("refund.failed", refund, actor=actor, at=at)
    alarm.failed(refund, at=at)
    tell(refund, Turn.FAILED, actor=actor, at=at)
    return refund


@transaction.atomic
def lock(refund_id: int) -> RefundOrder:
    """Hold a refund's member, its grant, and the refund.

    Raises:
        NotFound: there is no such refund.
    """
    known = RefundOrder.objects.filter(pk=refund_id).values_list("member", "grant").first()
    if known is None:
        raise NotFound
    member_id, grant_id = known
    Member.objects.select_for_update(no_key=True, of=("self",)).get(pk=member_id)
    if grant_id is not None:
        Grant.objects.select_for_update(no_key=True, of=("self",)).get(pk=grant_id)
    return (
        RefundOrder.objects.select_for_update(no_key=True, of=("self",))
        .select_related("order", "member")
        .get(pk=refund_id)
    )


def put_message(refund: RefundOrder, *, key: str, at: datetime) -> None:
    """Have a worker send it."""
    outbox.put(SEND, key=key, recipient="gateway", payload={"refund": refund.pk}, at=at)


def _hold(order_id: int, pieces: Sequence[Piece], freight_fen: int) -> Order:
    """Lock an order and the lines that something is taken of, and see that they have so much left."""
    order = Order.objects.select_for_update(no_key=True, of=("self",)).get(pk=order_id)
    if not rules.was_paid(order):
        raise WrongState(_("This order was never paid."))
    wanted = {piece.order_line.pk: piece for piece in pieces}
    lines = list(
        OrderLine.objects.filter(order=order, pk__in=wanted)
        .order_by(Collate("external_id", "C"))  # as imports lock them
        .select_for_update(no_key=True)
    )
    if not (wanted or freight_fen) or len(lines) < len(pieces) or freight_fen < 0:
        raise Invalid(_("Choose what of the order is refunded."))
    for line in lines:
        piece = wanted[line.pk]
        if piece.amount_fen <= 0 or not 0 <= piece.quantity <= line.quantity:
            raise Invalid(_("Choose what of the order is refunded."))
        if piece.amount_fen > rules.left_fen(line):
            raise TooMuch(line=line.pk, left_fen=rules.left_fen(line))
    if freight_fen > rules.left_freight_fen(order):
        raise TooMuch(left_fen=rules.left_freight_fen(order))
    return order


def within(cause: RefundCause) -> timedelta:
    """How long a refund may take."""
    if cause == RefundCause.CANCELLED:
        return timedelta(minutes=terms().cancelled_within_minutes)
    return timedelta(hours=terms().returned_within_hours)


def give_to_gateway(refund: RefundOrder, *, at: datetime) -> None:
    """Have a worker send a refund that is held, and ask about it later."""
    refund.handed_at, refund.ask_at = at, at + timedelta(hours=1)
    refund.save(update_fields=["handed_at", "ask_at"])
    put_message(refund, key=f"refund:{refund.number}", at=at)


def _still_open(refund_id: int, status: RefundStatus, at: datetime) -> RefundOrder:
    refund = lock(refund_id)
    if not refund.is_open:
        return refund
    if refund.status != status:
        record(f"refund.{status}", refund, actor=None, at=at)
    refund.status, refund.ask_at = status, at + rules.ask_delay(refund.asked)
    refund.save(update_fields=["status", "ask_at"])
    return refund


def _end(
    refund: RefundOrder,
    status: RefundStatus,
    *,
    reference: str = "",
    failure: str = "",
    actor: Actor,
    at: datetime,
) -> None:
    refund.status, refund.ended_at, refund.ask_at = status, at, None
    refund.reference = reference.replace("\0", "")[: rules.REFERENCE_LENGTH]
    refund.failure = failure.replace("\0", "")[:TEXT_LENGTH] or ("?" if status == RefundStatus.FAILED else "")
    refund.settled_by = actor if isinstance(actor, User) else None
    refund.save(update_fields=["status", "ended_at", "ask_at", "reference", "failure", "settled_by"])


def _note_other(refund: RefundOrder, reference: str, *, at: datetime) -> None:
    """Keep the number of a payment that is too much, and tell finance."""
    said = "paid again" if refund.status == RefundStatus.CONFIRMED else "paid"
    refund.other_reference = rules.clean(reference)
    refund.save(update_fields=["other_reference"])
    alarm.contradicted(refund, said=said, reference=refund.other_reference, at=at)


def _take_points_back(refund: RefundOrder, *, actor: Actor, at: datetime) -> None:
    """Take back the points of what was paid out of the order in all; its freight earned none."""
    paid = RefundLine.objects.filter(
        refund__order=refund.order_id, refund__status=RefundStatus.CONFIRMED
    ).aggregate(fen=Sum("amount_fen", default=0))
    points.order_refunded(
        order_id=refund.order_id,
        refunded_fen_total=int(paid["fen"]),
        actor=actor,
        at=at,
        key=f"refund:{refund.pk}",
    )


def _owed_key(refund: RefundOrder) -> str:
    return f"refund:{refund.pk}:owed"
