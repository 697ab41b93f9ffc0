"""What the kernel does not keep for ever: sent messages name people, and old keys guard nothing any more."""

from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from django.conf import settings
from django.db.models import Model, QuerySet

from config.common.models import IdempotencyKey, OutboxMessage, OutboxStatus

BATCH = 5_000
Row = TypeVar("Row", bound=Model)


def forget(at: datetime) -> int:
    """Delete what is older than the settings say; returns how many rows.

    Dead letters stay until somebody has looked at them.
    """
    messages = OutboxMessage.objects.filter(
        status__in=[OutboxStatus.SENT, OutboxStatus.DROPPED],
        created_at__lt=at - timedelta(days=settings.OUTBOX_KEEP_DAYS),
    )
    keys = IdempotencyKey.objects.filter(created_at__lt=at - timedelta(days=settings.IDEMPOTENCY_KEEP_DAYS))
    return _delete(messages) + _delete(keys)


def _delete(rows: QuerySet[Row]) -> int:
    """Look once, delete in pieces, so that no lock is held for long."""
    found = rows.values_list("pk", flat=True).iterator(chunk_size=BATCH)
    total = 0
    while ids := list(islice(found, BATCH)):
        total += rows.model._default_manager.filter(pk__in=ids).delete()[0]
    return total
