"""Which columns hold what belongs to a member: the list that export and erasure walk along.

Every app names its own in `personal.py`. A column of text that is neither named as personal nor as free of it
fails a test, so that none is forgotten when a table gets a new one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

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


PERSONAL: dict[str, Personal] = {
    "common.User": Personal({"username": Holds.CONTACT, "name": Holds.CONTACT, "email": Holds.CONTACT}),
    "common.Event": Personal({"actor": Holds.TRACE, "data": Holds.MIXED}),
    "common.OutboxMessage": Personal(
        {"recipient": Holds.CONTACT, "payload": Holds.MIXED, "last_error": Holds.MIXED}
    ),
    "common.RateCount": Personal({"key": Holds.CONTACT}),
}
"""By the model's label; apps add theirs in `ready()`. The event log is append-only: erasing goes round it."""

FREE: set[str] = {
    "common.Bookmark", "common.Heartbeat", "common.IdempotencyKey", "common.Given", "common.Role",
    "common.Seal", "common.User.password",
    "common.Event.kind", "common.Event.subject_type", "common.OutboxMessage.kind", "common.OutboxMessage.key",
}  # fmt: skip
"""Models, and columns as `app.Model.column`, that hold nothing of any member; apps add theirs too."""


def add(personal: Mapping[str, Personal], free: Iterable[str]) -> None:
    """Take in what an app says of its tables."""
    PERSONAL.update(personal)
    FREE.update(free)


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
        for field in model._meta.local_concrete_fields:
            is_textual = isinstance(field, TEXTUAL) and not isinstance(field, models.DateTimeField)
            is_known = field.name in named or f"{label}.{field.name}" in FREE or field.name == "pgh_label"
            if is_textual and not field.choices and not is_known:
                yield f"{label}.{field.name}"
