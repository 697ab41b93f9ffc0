"""The outbox: what leaves the system is written in the transaction and sent by workers."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import connection

from config.common.models import OutboxMessage

SENDERS: dict[str, Callable[[OutboxMessage], None]] = {}
"""Who sends a message, by its kind; raises when it could not. Apps add theirs in `ready()`."""


SECRETS = frozenset({"code"})
"""Parts of a payload that nobody reads in the admin, and that are blanked once the message is done with."""


class Refused(Exception):
    """A sender's word that it can never be sent, however often it is tried: a dead letter at once."""


class Dropped(Exception):
    """A sender's word that it need not be sent any more."""


def put(kind: str, *, key: str, recipient: str, payload: dict[str, Any], at: datetime) -> None:
    """Write one message to be sent after the commit; the same `key` again writes nothing."""
    put_all(
        [
            OutboxMessage(
                kind=kind, key=key, recipient=recipient, payload=payload, created_at=at, next_attempt_at=at
            )
        ]
    )


def put_all(messages: Iterable[OutboxMessage]) -> None:
    """Write many messages in few statements; those whose key is known are left out."""
    if not connection.in_atomic_block:
        raise RuntimeError("a message is written in the transaction that decided it")
    OutboxMessage.objects.bulk_create(messages, ignore_conflicts=True, batch_size=5_000)
