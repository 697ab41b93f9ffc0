"""The outbox: what leaves the system is written in the transaction and sent by workers.

A worker claims due messages by pushing their next attempt a lease ahead and committing that, so that nobody
else takes them and, should the worker die, somebody does after the lease. It sends them outside any
transaction, always under the message's own request id, by which the other side knows a repeat.
"""

import logging
import re
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Self
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, QuerySet

from config.common import bulk
from config.common.events import Actor, Happening, record_all
from config.common.models import OutboxMessage, OutboxStatus

log = logging.getLogger(__name__)

BATCH = 10_000
LEASE = timedelta(minutes=5)
WORK = timedelta(seconds=10)  # then the rest is given back: a slow mail server holds no worker for long
FIRST_DELAY = timedelta(seconds=10)
LONGEST_DELAY = timedelta(hours=1)
ERROR_LENGTH = 500
PERSONAL = re.compile(r"[^\s<>@]+@[^\s<>@]+|\+?\d[\d -]{6,}\d")

SENDERS: dict[str, Callable[[OutboxMessage], None]] = {}
"""Who sends a message, by its kind; raises when it could not. Apps add theirs in `ready()`."""


SECRETS = frozenset({"code"})
"""Parts of a payload that nobody reads in the admin, and that are blanked once the message is done with."""


class Refused(Exception):
    """A sender's word that it can never be sent, however often it is tried: a dead letter at once."""


class Dropped(Exception):
    """A sender's word that it need not be sent any more."""


class Later(Exception):
    """A sender's word that it is not to be sent before a moment. It counts as no attempt."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"not before {until:%F %T %Z}")
        self.until = until


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
    rest = iter(messages)
    while batch := list(islice(rest, BATCH)):
        bulk.insert(OutboxMessage, batch, skip_known=True)


def put_many(
    kind: str,
    *,
    keys: Sequence[str],
    recipients: Sequence[str],
    payloads: Sequence[dict[str, Any]],
    at: datetime,
) -> None:
    """Write many messages of one kind, from columns: `put_all` for thousands. Known keys are left out."""
    if not connection.in_atomic_block:
        raise RuntimeError("a message is written in the transaction that decided it")
    bulk.insert_columns(
        OutboxMessage,
        {
            "key": keys,
            "recipient": recipients,
            "payload": payloads,
            "request_id": [str(uuid4()) for _ in keys],
        },
        {
            "kind": kind,
            "status": OutboxStatus.PENDING.value,
            "attempts": 0,
            "created_at": at,
            "next_attempt_at": at,
            "last_error": "",
        },
        skip_known=True,
    )


@transaction.atomic
def retry(*, ids: Iterable[int], actor: Actor, at: datetime) -> int:
    """Have dead letters tried again, as if for the first time; others stay as they are. Returns how many."""
    dead = list(
        OutboxMessage.objects.filter(pk__in=list(ids), status=OutboxStatus.DEAD)
        .order_by("pk")
        .select_for_update()
    )
    OutboxMessage.objects.filter(pk__in=[message.pk for message in dead]).update(
        status=OutboxStatus.PENDING, attempts=0, next_attempt_at=at
    )
    record_all(Happening("outbox.retried", message, at, actor) for message in dead)
    return len(dead)


@dataclass(slots=True)
class Relayed:
    """What became of the messages of one pass."""

    sent: int = 0
    dropped: int = 0
    postponed: int = 0
    dead: int = 0

    @property
    def total(self) -> int:
        """How many were worked on."""
        return self.sent + self.dropped + self.postponed + self.dead

    def __iadd__(self, other: "Relayed") -> Self:
        """Add another pass."""
        self.sent += other.sent
        self.dropped += other.dropped
        self.postponed += other.postponed
        self.dead += other.dead
        return self


def delay(attempts: int, request_id: UUID) -> timedelta:
    """How long to wait after the given number of failed attempts: twice as long each time, up to an hour.

    Between half and the whole of that, by the message and the attempt, so that what failed together does
    not come back together.
    """
    longest: timedelta = min(FIRST_DELAY * 2 ** min(attempts - 1, 20), LONGEST_DELAY)
    share = zlib.crc32(f"{request_id}:{attempts}".encode()) / 2**32
    return longest * (0.5 + share / 2)


def relay(at: datetime, limit: int = 50) -> Relayed:
    """Send up to `limit` messages that are due, each at most once at a time however many relays run."""
    started = time.monotonic()
    result = Relayed()
    claimed = _claim(at, limit)
    for index, message in enumerate(claimed):
        now = at + timedelta(seconds=time.monotonic() - started)
        if now - at > WORK:
            _give_back(claimed[index:], now)
            break
        _send(message, now, result)
    return result


@transaction.atomic
def _claim(at: datetime, limit: int) -> list[OutboxMessage]:
    messages = list(
        OutboxMessage.objects.filter(status=OutboxStatus.PENDING, next_attempt_at__lte=at)
        .order_by("next_attempt_at")
        .select_for_update(skip_locked=True)[:limit]
    )
    OutboxMessage.objects.filter(pk__in=[message.pk for message in messages]).update(
        attempts=F("attempts") + 1, next_attempt_at=at + LEASE
    )
    for message in messages:
        message.attempts += 1
    return messages


def _give_back(messages: list[OutboxMessage], now: datetime) -> None:
    for message in messages:
        _held(message).update(attempts=F("attempts") - 1, next_attempt_at=now)


def _held(message: OutboxMessage) -> QuerySet[OutboxMessage]:
    """The message, as long as no other worker has taken it over."""
    return OutboxMessage.objects.filter(pk=message.pk, status=OutboxStatus.PENDING, attempts=message.attempts)


def _send(message: OutboxMessage, now: datetime, result: Relayed) -> None:
    try:
        _sender(message.kind)(message)
    except Dropped as reason:
        result.dropped += 1
        _finish(message, OutboxStatus.DROPPED, last_error=_describe(reason, message))
    except Later as reason:
        result.postponed += 1
        _held(message).update(attempts=F("attempts") - 1, next_attempt_at=reason.until)
    except Refused as error:
        _bury(message, error, result)
    except Exception as error:  # noqa: BLE001 -- whatever a sender stumbles over, the others must go out
        if message.attempts >= settings.OUTBOX_MAX_ATTEMPTS:
            _bury(message, error, result)
            return
        result.postponed += 1
        _held(message).update(
            next_attempt_at=now + delay(message.attempts, message.request_id),
            last_error=_describe(error, message),
        )
    else:
        result.sent += 1
        _finish(message, OutboxStatus.SENT, sent_at=now, last_error="")


def _sender(kind: str) -> Callable[[OutboxMessage], None]:
    if kind not in SENDERS:
        raise Refused(f"nothing sends messages of the kind {kind!r}")
    return SENDERS[kind]


def _bury(message: OutboxMessage, error: Exception, result: Relayed) -> None:
    result.dead += 1
    described = _describe(error, message)
    log.error("outbox message %s (%s) is a dead letter: %s", message.pk, message.kind, described)
    _finish(message, OutboxStatus.DEAD, last_error=described)


def _finish(message: OutboxMessage, status: OutboxStatus, **fields: Any) -> None:
    """Note the end of a message and blank the secrets in it. What was sent was sent, whoever holds it."""
    payload = {name: "" if name in SECRETS else value for name, value in message.payload.items()}
    rows = OutboxMessage.objects.filter(pk=message.pk) if status == OutboxStatus.SENT else _held(message)
    rows.update(status=status, payload=payload, **fields)


def _describe(error: Exception, message: OutboxMessage) -> str:
    """An error for people to read, without secrets, addresses and numbers of persons."""
    text = str(error)
    for name in SECRETS & message.payload.keys():
        if secret := str(message.payload[name]):
            text = text.replace(secret, "•••")
    if not isinstance(error, Dropped | Refused):
        text = f"{type(error).__name__}: {text}"
    return PERSONAL.sub("•••", text)[:ERROR_LENGTH]
