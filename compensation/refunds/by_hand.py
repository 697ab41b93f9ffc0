"""What finance does with a refund: give it to the gateway, settle it, end it, try it again, ask about it."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import RefundCause, RefundOrder, RefundStatus
from compensation.refunds import commands, rules
from compensation.refunds.following import Turn, tell
from compensation.refunds.rules import Piece
from config.common.errors import Invalid, NotPermitted, WrongState
from config.common.events import record
from config.common.models import User

SETTLE = "compensation.settle_grant"


@transaction.atomic
def hand_over(*, refund_id: int, actor: User, at: datetime) -> RefundOrder:
    """Give a refund that waits for finance to the gateway.

    Raises:
        NotPermitted: the actor may not settle refunds.
        WrongState: it is under way already, or there is no gateway.
    """
    refund = _lock_to_settle(refund_id, actor)
    if refund.status != RefundStatus.CREATED or not settings.REFUND_GATEWAY_URL:
        raise _stands_at(refund)
    commands.give_to_gateway(refund, at=at)
    record("refund.handed_over", refund, actor=actor, at=at)
    return refund


@transaction.atomic
def settle(*, refund_id: int, reference: str, actor: User, at: datetime) -> RefundOrder:
    """Confirm by hand that it was paid, under the number that whoever paid gave it.

    Raises:
        NotPermitted: the actor may not settle refunds.
        WrongState: it has ended, or the gateway has had it for less than a day and may still pay it.
        Invalid: there is no number.
    """
    reference = _text(reference, _("Give the number under which it was paid."), commands.REFERENCE_LENGTH)
    refund = _lock_to_settle(refund_id, actor)
    if not rules.may_be_settled(refund, at):
        raise _stands_at(refund)
    return commands.confirm(refund_id=refund.pk, reference=reference, actor=actor, at=at, by_hand=True)


@transaction.atomic
def give_up(*, refund_id: int, reason: str, actor: User, at: datetime) -> RefundOrder:
    """End a refund that was never sent, saying why.

    Raises:
        NotPermitted: the actor may not settle refunds.
        WrongState: it was sent, or has ended.
        Invalid: there is no reason.
    """
    reason = _text(reason, _("Say why it is not paid."), commands.TEXT_LENGTH)
    refund = _lock_to_settle(refund_id, actor)
    if refund.status != RefundStatus.CREATED:
        raise _stands_at(refund)
    return commands.fail(refund_id=refund.pk, reason=reason, actor=actor, at=at)


@transaction.atomic
def retry(*, refund_id: int, actor: User, at: datetime) -> RefundOrder:
    """Try again what had failed, as a refund of its own under a number of its own; again gives the same.

    Raises:
        NotPermitted: the actor may not settle refunds.
        WrongState: it has not failed.
        TooMuch: it was refunded otherwise meanwhile.
        AlreadyGranted: something else was granted for the same cause meanwhile.
    """
    refund = _lock_to_settle(refund_id, actor)
    if refund.status != RefundStatus.FAILED:
        raise _stands_at(refund)
    new = commands.create(
        key=f"{refund.key}:again"[-200:],
        order=refund.order,
        cause=RefundCause(refund.cause),
        pieces=[
            Piece(order_line=one.order_line, amount_fen=one.amount_fen, quantity=one.quantity)
            for one in refund.lines.select_related("order_line")
        ],
        freight_fen=refund.freight_fen,
        grant=refund.grant,
        member_id=refund.member_id,
        actor=actor,
        at=at,
    )
    if new.retry_of_id is None:
        new.retry_of = refund
        new.save(update_fields=["retry_of"])
        tell(new, Turn.AGAIN, actor=actor, at=at)
    return new


@transaction.atomic
def ask_now(*, refund_id: int, actor: User, at: datetime) -> RefundOrder:
    """Have the gateway asked at once what became of it.

    Raises:
        NotPermitted: the actor may not settle refunds.
        WrongState: it has ended, or was never given to the gateway.
    """
    refund = _lock_to_settle(refund_id, actor)
    if not refund.is_open or refund.handed_at is None:
        raise _stands_at(refund)
    refund.ask_at = at
    refund.save(update_fields=["ask_at"])
    record("refund.asked_about", refund, actor=actor, at=at)
    return refund


def _lock_to_settle(refund_id: int, actor: User) -> RefundOrder:
    if not actor.has_perm(SETTLE):
        raise NotPermitted(_("You are not permitted to settle refunds."))
    return commands.lock(refund_id)


def _stands_at(refund: RefundOrder) -> WrongState:
    return WrongState(_("It stands at: %(status)s.") % {"status": refund.get_status_display()})


def _text(text: str, missing: object, longest: int) -> str:
    text = text.replace("\0", "").strip()
    if not text:
        raise Invalid(str(missing))
    if len(text) > longest:
        raise Invalid(_("The text is too long: %(limit)s characters at most.") % {"limit": longest})
    return text
