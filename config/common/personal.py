"""Which columns hold what belongs to a member: the list that export and erasure walk along.

Every app names its own in `personal.py`. A column of text that is neither named as personal nor as free of it
fails a test, so that none is forgotten when a table gets a new one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import models


class Holds(StrEnum):
    """What a column holds of a person."""

    CONTACT = "contact"
    """Who somebody is and how to reach them: name, address, number."""
    ABOUT = "about"
    """A fact about them: birthday, place, language."""
    SAID = "said"
    """What was said by them or to them."""
    REMARK = "remark"
    """What colleagues wrote about their case: it may name them."""
    FILE = "file"
    """The name of a file that holds one of these."""
    TRACE = "trace"
    """A number or digest by which they are known elsewhere."""
    MIXED = "mixed"
    """Structured data, parts of which are one of these."""


@dataclass(frozen=True, slots=True)
class Personal:
    """The personal columns of a table."""

    fields: Mapping[str, Holds]
    whose: str = ""
    """The lookup that leads from a row to its member; empty: its content alone tells, or it is staff's."""
    stays: frozenset[str] = frozenset()
    """Columns that erasing leaves, such as the number of an order, which the books must keep."""
    goes: bool = False
    """Whether erasing deletes the whole row: nothing is counted by it."""
    is_told: bool = True
    """Whether the member may have it: what colleagues noted among themselves is not theirs."""
    told: Mapping[str, Any] = field(default_factory=dict)
    """Which of the rows are told, where not all are."""


PERSONAL: dict[str, Personal] = {
    "common.User": Personal(
        {"username": Holds.CONTACT, "name": Holds.CONTACT, "email": Holds.CONTACT},
        stays=frozenset({"username", "name", "email"}),
    ),
    "common.Event": Personal({"actor": Holds.TRACE, "data": Holds.MIXED}, stays=frozenset({"actor", "data"})),
    "common.OutboxMessage": Personal(
        {"recipient": Holds.CONTACT, "payload": Holds.MIXED, "last_error": Holds.MIXED}
    ),
    "common.RateCount": Personal({"key": Holds.CONTACT}),
}
"""By the model's label; apps add theirs in `ready()`. The event log is append-only and says nothing of a
member but their number; accounts of staff are no member's."""


class Standing(Protocol):
    """Says what still stands in the way of erasing a member."""

    def __call__(self, member_id: int, /, *, hold: bool) -> Iterable[object]:
        """Each in words; with `hold` what is looked at stays as it is until the transaction ends."""


class Ending(Protocol):
    """Ends what a member has, before their data goes."""

    def __call__(self, member_id: int, /, *, at: datetime) -> None:
        """In the transaction of the caller, who holds the member."""


ALSO: dict[str, str] = {}
"""Tables without a word of a member's that tell of them all the same, and the way to the member: an export
has them too."""
NAMED: dict[str, str] = {}
"""The column that names a row for people, by the model's label: what stands in an export for a reference."""
STANDING: list[Standing] = []
ENDING: list[Ending] = []
"""What apps have to do when a member is erased; whoever locks first stands first."""

FREE: set[str] = {
    "common.ApiKey", "common.Bookmark", "common.Heartbeat", "common.IdempotencyKey", "common.Given",
    "common.Role", "common.RetentionPeriod", "common.RetentionRun", "common.Seal", "common.User.password",
    "common.Event.kind", "common.Event.subject_type", "common.OutboxMessage.kind", "common.OutboxMessage.key",
}  # fmt: skip
"""Models, and columns as `app.Model.column`, that hold nothing of any member; apps add theirs too."""


def add(
    personal: Mapping[str, Personal],
    free: Iterable[str],
    *,
    also: Mapping[str, str] | None = None,
    named: Mapping[str, str] | None = None,
    standing: Standing | None = None,
    ending: Ending | None = None,
) -> None:
    """Take in what an app says of its tables. Upper floors come later and lock their rows first."""
    PERSONAL.update(personal)
    FREE.update(free)
    ALSO.update(also or {})
    NAMED.update(named or {})
    STANDING[:0] = [standing] if standing else []
    ENDING[:0] = [ending] if ending else []


TEXTUAL = (
    models.CharField, models.TextField, models.JSONField, models.FileField, models.GenericIPAddressField,
    models.DateField, models.BinaryField, ArrayField, SearchVectorField,
)  # fmt: skip


def unclassified(known: Iterable[type[models.Model]]) -> Iterator[str]:
    """The columns that can hold text of a person and of which nobody has said whether they do.

    The kept history of a table (`…History`) holds what the table does.
    """
    for model in known:
        label = model._meta.label.removesuffix("History")
        if label in FREE:
            continue
        named = PERSONAL[label].fields if label in PERSONAL else {}
        for column in model._meta.local_concrete_fields:
            is_textual = isinstance(column, TEXTUAL) and not isinstance(column, models.DateTimeField)
            is_known = column.name in named or f"{label}.{column.name}" in FREE or column.name == "pgh_label"
            if is_textual and not column.choices and not is_known:
                yield f"{label}.{column.name}"
