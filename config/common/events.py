"""The event log: timeline for agents, audit trail for supervisors, feed for webhooks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, models
from django.db.models.lookups import GreaterThan

from config.common import bulk
from config.common.models import Event

SYSTEM = "system"
BATCH = 10_000

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
        RuntimeError: called outside a transaction.
    """
    event = _event(Happening(kind, subject, at, actor, data))
    event.save(force_insert=True)
    return event


def record_all(happenings: Iterable[Happening]) -> None:
    """Write many events in few statements, in the given order; as `record` otherwise."""
    events = (_event(happening) for happening in happenings)
    while batch := list(islice(events, BATCH)):
        bulk.insert(Event, batch)


def _event(happening: Happening) -> Event:
    if not connection.in_atomic_block:
        raise RuntimeError("an event is written in the transaction of its change")
    return Event(
        kind=happening.kind,
        at=happening.at,
        actor=reference(happening.actor),
        subject_type=happening.subject._meta.model_name or "",
        subject_id=happening.subject.pk,
        data=happening.data,
    )


def timeline(subjects: Sequence[models.Model]) -> models.QuerySet[Event]:
    """The events of the given rows, oldest first."""
    wanted = models.Q(pk__in=[])
    for subject in subjects:
        wanted |= models.Q(subject_type=subject._meta.model_name, subject_id=subject.pk)
    return Event.objects.filter(wanted).order_by("at", "id")


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the log: everything up to and with this event was read."""

    txid: int = 0
    id: int = 0


class _Row(models.Func):
    function = "ROW"
    output_field = models.BooleanField()  # never read: rows are only compared


class Settled(models.Func):
    """The number below which no event is still to come: the transactions below it have all ended."""

    function = "common_event_settled"
    output_field = models.BigIntegerField()


def read_since(position: Position, limit: int = 1_000) -> list[Event]:
    """The next events after `position`, in the order of their transactions.

    Go on from `position_of` the last one. Events of a transaction that began before another one that is
    still running are held back until that one ends, so that an event committed late is never missed,
    whatever its id.
    """
    return list(_since(position)[:limit])


def _since(position: Position) -> models.QuerySet[Event]:
    after = GreaterThan(
        _Row(models.F("txid"), models.F("id")),
        _Row(models.Value(position.txid), models.Value(position.id)),
    )
    return Event.objects.filter(after, txid__lt=Settled()).order_by("txid", "id")


def position_of(event: Event) -> Position:
    """The place of an event in the log."""
    return Position(event.txid, event.pk)
