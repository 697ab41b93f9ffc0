"""The event log: timeline for agents, audit trail for supervisors, feed for webhooks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, models

from config.common.models import Event

SYSTEM = "system"

Actor = models.Model | None
"""Who did it: a User, a Member, or None for the system itself."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event about to be written by `record_all`."""

    kind: str
    subject: models.Model
    at: datetime
    actor: Actor = None
    data: dict[str, Any] = field(default_factory=dict)


def reference(row: models.Model | None) -> str:
    """The short name of a row in the log, such as "user:7"; the system where there is none."""
    return f"{row._meta.model_name}:{row.pk}" if row is not None else SYSTEM


def record(kind: str, subject: models.Model, *, actor: Actor, at: datetime, **data: Any) -> Event:
    """Write one event in the transaction of the change it tells of.

    `data` holds JSON values and no personal data: an event outlives the erasure of a member.

    Raises:
        TransactionManagementError: called outside a transaction.
    """
    return record_all([Happening(kind, subject, at, actor, data)])[0]


def record_all(happenings: Iterable[Happening]) -> list[Event]:
    """Write many events in few statements, in the given order."""
    if not connection.in_atomic_block:
        raise RuntimeError("an event is written in the transaction of its change")
    return Event.objects.bulk_create(
        [
            Event(
                kind=happening.kind,
                at=happening.at,
                actor=reference(happening.actor),
                subject_type=happening.subject._meta.model_name or "",
                subject_id=happening.subject.pk,
                data=happening.data,
            )
            for happening in happenings
        ],
        batch_size=5_000,
    )


def timeline(subjects: Sequence[models.Model]) -> models.QuerySet[Event]:
    """The events of the given rows, oldest first."""
    wanted = models.Q(pk__in=[])
    for subject in subjects:
        wanted |= models.Q(subject_type=subject._meta.model_name, subject_id=subject.pk)
    return Event.objects.filter(wanted).order_by("at", "id")
