"""Our replies to reviews, posted to the marketplace where the review stands."""

import json
from http import HTTPStatus
from typing import Any

from django.utils import timezone

from config.common import outside, webhooks
from config.common.http import LATER, TIMEOUT_SECONDS, exchange
from config.common.models import OutboxMessage
from config.common.outbox import Refused
from feedback.channels.inbound.keys import valid_secrets
from feedback.models import Scope, WebhookSource

LONGEST = 160
GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


def post_reply(source: WebhookSource, content: dict[str, Any], *, sending: OutboxMessage) -> str:
    """Post a reply, its change or its end under the request id of `sending`; its number over there, if told.

    What is to be taken down and is not known there is down.

    Raises:
        Refused: it will never be taken.
        OSError: not now.
        Unreadable: a key cannot be read.
    """
    at, request_id = timezone.now(), str(sending.request_id)
    body = json.dumps(content, ensure_ascii=False).encode()
    secrets = [secret for _key, secret in valid_secrets(source, Scope.REPLIES, at)]
    signed = webhooks.sign(secrets, message_id=request_id, at=at, body=body)
    if not signed["webhook-signature"]:
        raise Refused("there is no key to sign with")
    with outside.only():
        answer = exchange(
            source.reply_url,
            body,
            headers={"Idempotency-Key": request_id, **signed},
            seconds=TIMEOUT_SECONDS,
        )
    if answer.status in GONE and "text" not in content:
        return ""
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return _number(answer.body)
    if answer.status in LATER or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise OSError(f"HTTP {answer.status}")
    raise Refused(f"HTTP {answer.status}")


def _number(body: bytes) -> str:
    """The number of the reply in an answer such as {"id": "r-12"}; "" where there is none."""
    try:
        told = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return ""
    number = told.get("id") if isinstance(told, dict) else None
    is_one = isinstance(number, str | int) and not isinstance(number, bool)
    return str(number).replace("\0", "")[:LONGEST] if is_one else ""
