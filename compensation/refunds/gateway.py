"""Talking to the payment gateway: pay under a number, and ask what became of it.

Both are signed posts to one address, see docs/api.md. Whatever is not plainly an answer about this very
refund is no answer: then nobody knows, and the gateway is asked before anything is sent again.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.conf import settings

from compensation.models import RefundOrder
from config.common import http, webhooks
from config.common.api import CURRENCY

TEXT = 100


class NoAnswer(OSError):
    """Nothing that could be understood came back: the gateway may or may not have it."""


class Said(StrEnum):
    """What the gateway says of a refund."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    PENDING = "pending"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway says of one refund."""

    said: Said
    reference: str = ""
    reason: str = ""


def is_there() -> bool:
    """Whether a gateway is configured."""
    return bool(settings.REFUND_GATEWAY_URL)


def pay(refund: RefundOrder, *, at: datetime) -> Answer:
    """Ask for the money to be paid out. Under the same number it is paid once, however often this is asked.

    Raises:
        NoAnswer: no answer, or none that makes sense.
    """
    answer = _ask({"type": "refund", **content(refund)}, refund, at=at)
    if answer.said == Said.NOT_FOUND:
        raise NoAnswer("it says that it has not what it was just sent")
    return answer


def query(refund: RefundOrder, *, at: datetime) -> Answer:
    """Ask what became of a refund.

    Raises:
        NoAnswer: no answer, or none that makes sense.
    """
    return _ask({"type": "query", "number": refund.number}, refund, at=at)


def content(refund: RefundOrder) -> dict[str, Any]:
    """What the gateway is told of a refund: nothing about the member."""
    return {
        "number": refund.number,
        "order": refund.order.external_id,
        "amount_fen": refund.amount_fen,
        "currency": CURRENCY,
        "lines": [
            {"line": line.order_line.external_id, "amount_fen": line.amount_fen}
            for line in refund.lines.select_related("order_line").order_by("pk")
        ],
        "freight_fen": refund.freight_fen,
    }


def understood(content: object, refund: RefundOrder) -> Answer:
    """What is said of this very refund.

    Raises:
        NoAnswer: it is about something else, or of another amount, or not what was agreed.
    """
    if not isinstance(content, dict) or content.get("number") != refund.number:
        raise NoAnswer("the answer is not about this refund")
    status = content.get("status")
    if not isinstance(status, str) or status not in set(Said):
        raise NoAnswer("the answer has no status that is known")
    said = Said(status)
    if said == Said.SUCCEEDED and content.get("amount_fen") != refund.amount_fen:
        raise NoAnswer("the answer is about another amount")
    return Answer(said, _text(content.get("reference")), _text(content.get("reason")))


def _ask(content: dict[str, Any], refund: RefundOrder, *, at: datetime) -> Answer:
    body = json.dumps(content).encode()
    signed = webhooks.sign(settings.REFUND_GATEWAY_SECRETS[:1], message_id=uuid.uuid4().hex, at=at, body=body)
    headers = {**signed, "Idempotency-Key": refund.number}
    try:
        answer = http.exchange(
            settings.REFUND_GATEWAY_URL, body, headers=headers, seconds=settings.REFUND_GATEWAY_SECONDS
        )
        told = json.loads(answer.body)
    except (OSError, ValueError, RecursionError) as error:
        raise NoAnswer(f"{type(error).__name__}: {error}"[:200]) from error
    return understood(told, refund)


def _text(value: object) -> str:
    """A text of theirs, cut, without what no database takes."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "replace").decode().replace("\0", "")[:TEXT]
