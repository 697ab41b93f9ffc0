"""Sending refunds and asking about them. Nothing is held while the gateway is spoken to.

Sent once, a refund is only sent again when the gateway says that it does not know its number.
"""

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from compensation.models import RefundOrder
from compensation.refunds import commands, gateway, rules
from compensation.refunds.gateway import Answer, NoAnswer, Said
from config.common.models import OutboxMessage, OutboxStatus
from config.common.outbox import Dropped, Refused

ASKED_AT_ONCE = 20
logger = logging.getLogger(__name__)


def send(message: OutboxMessage) -> None:
    """Send one refund; from its second try on the gateway is asked first.

    Raises:
        Dropped: it has ended.
        Refused: no gateway is configured.
        NoAnswer: nobody knows whether it arrived; the outbox tries again.
    """
    if not gateway.is_there():
        raise Refused("REFUND_GATEWAY_URL is not set")
    refund = commands.begin_try(refund_id=message.payload["refund"], at=timezone.now())
    if refund is None:
        raise Dropped("the refund has ended")
    try:
        answer = Answer(Said.NOT_FOUND) if refund.tries == 1 else gateway.query(refund, at=timezone.now())
        if answer.said == Said.NOT_FOUND:
            answer = gateway.pay(refund, at=timezone.now())
    except NoAnswer:
        commands.unanswered(refund_id=refund.pk, at=timezone.now())
        raise
    take(refund, answer, at=timezone.now())


def take(refund: RefundOrder, answer: Answer, *, at: datetime) -> None:
    """Write down what the gateway says; what was said before changes nothing."""
    if answer.said == Said.SUCCEEDED:
        commands.confirm(refund_id=refund.pk, reference=answer.reference, actor=None, at=at)
    elif answer.said == Said.FAILED:
        commands.fail(refund_id=refund.pk, reason=answer.reason or "?", actor=None, at=at)
    elif answer.said == Said.PENDING:
        commands.accepted(refund_id=refund.pk, at=at)


def ask_due(*, at: datetime, limit: int = ASKED_AT_ONCE) -> int:
    """Ask what became of refunds that the gateway should have told us of. Gives how many were asked about.

    One that the gateway does not know is sent again. What is not answered is asked about later, ever more
    rarely, but for ever: every refund ends. One that fails stops no other.
    """
    refunds = _claim(at, limit) if gateway.is_there() else []
    for refund in refunds:
        try:
            _ask(refund, at=at)
        except NoAnswer as error:
            logger.warning("the gateway does not say what became of refund %s: %s", refund.number, error)
        except Exception:
            logger.exception("what became of refund %s could not be taken down", refund.number)
    return len(refunds)


def _ask(refund: RefundOrder, *, at: datetime) -> None:
    """Ask about one refund."""
    answer = gateway.query(refund, at=timezone.now()) if refund.sent_at else Answer(Said.NOT_FOUND)
    if answer.said == Said.NOT_FOUND:
        _send_again(refund, at=at)
    else:
        take(refund, answer, at=timezone.now())


@transaction.atomic
def _claim(at: datetime, limit: int) -> list[RefundOrder]:
    """Take refunds to ask about, and set when they are next, so that nobody else takes them."""
    refunds = list(
        RefundOrder.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(ask_at__lte=at)
        .select_related("order")
        .order_by("ask_at")[:limit]
    )
    for refund in refunds:
        refund.ask_at, refund.asked = at + rules.ask_delay(refund.asked), min(refund.asked + 1, 999)
    RefundOrder.objects.bulk_update(refunds, ["ask_at", "asked"])
    return refunds


@transaction.atomic
def _send_again(refund: RefundOrder, *, at: datetime) -> None:
    """Have it sent, unless a message of it is still going to be."""
    waiting = OutboxMessage.objects.filter(
        key__startswith=f"refund:{refund.number}", status=OutboxStatus.PENDING
    )
    if not waiting.exists():
        commands.put_message(refund, key=f"refund:{refund.number}:{refund.asked}", at=at)
