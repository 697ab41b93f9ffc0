"""Taking texts up: their readings become rows, which people set right."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common import bulk
from config.common.errors import Invalid, NotFound
from config.common.events import record
from config.common.models import User
from feedback.models import Feeling, GapCause, GapKind, Priority, Triage, VoiceAspect
from feedback.triage.reading import Read, Reading, reader
from feedback.triage.texts import SOURCES, Text

MEANT: Mapping[str, float] = {Feeling.NEGATIVE: -1.0, Feeling.MIXED: 0.0, Feeling.POSITIVE: 1.0}
"""What a feeling that people chose is as a number."""
CHOICES: Mapping[str, Collection[Any]] = {
    "feeling": Feeling.values,
    "gap_kind": ("", *GapKind.values),
    "cause": ("", *GapCause.values),
    "urgency": Priority.values,
}
DECIDED = ("aspects", *CHOICES)
"""What people may set right."""


@transaction.atomic
def take_up(*, source: str, keys: Sequence[int], at: datetime) -> int:
    """Read some texts of a source (see texts.SOURCES), for the first time or anew; how many there were.

    What people decided stays as it is.
    """
    found = SOURCES[source](sorted(set(keys)))
    column = f"{source}_id"
    bulk.insert(
        Triage,
        [Triage(member_id=text.member_id, read_at=at, **{column: text.key}) for text in found],
        skip_known=True,
    )
    rows = {
        getattr(row, column): row
        for row in Triage.objects.select_for_update(no_key=True)
        .filter(**{f"{column}__in": [text.key for text in found]})
        .order_by("pk")
    }
    texts = SOURCES[source](sorted(rows))  # once more: somebody else may have held them and read later words
    reads = reader()
    for text, reading in zip(texts, reads.many(text.words for text in texts), strict=True):
        _put(rows[text.key], text, reading, reads, at)
    bulk.update(Triage, list(rows.values()), PUT)
    return len(texts)


PUT = (
    "member", "aspects", "feeling", "sentiment", "gap_kind", "cause", "urgency", "tones", "keywords", "words",
    "read", "model", "read_at",
)  # fmt: skip


def _put(row: Triage, text: Text, reading: Reading, reads: Read, at: datetime) -> None:
    row.member_id = text.member_id
    row.tones, row.keywords = dict(reading.tones), list(reading.keywords)
    row.words = [list(one) for one in reading.words]
    row.model_id, row.read_at = reads.model_id, at
    found = {
        "aspects": list(reading.aspects),
        "feeling": reading.feeling,
        "gap_kind": reading.gap_kind,
        "cause": reading.cause,
        "urgency": int(reading.urgency),
    }
    row.read = {**found, "sentiment": reading.sentiment}
    for name, value in found.items():
        if name not in row.decided:
            setattr(row, name, value)
    if "feeling" not in row.decided:
        row.sentiment = reading.sentiment


@transaction.atomic
def correct(*, triage_id: int, actor: User, at: datetime, **decided: Any) -> Triage:
    """Set right what was read of a text: any of DECIDED. It stays so, and the next model learns from it.

    Confirming what was read is deciding too. The same again changes nothing.

    Raises:
        NotFound: there is no such reading.
        Invalid: nothing, or something that cannot be, was chosen.
    """
    chosen = {name: _checked(name, value) for name, value in decided.items()}
    if not chosen:
        raise Invalid(_("Choose something."))
    row = Triage.objects.select_for_update(no_key=True).filter(pk=triage_id).first()
    if row is None:
        raise NotFound
    was = {name: getattr(row, name) for name in chosen}
    if was == chosen and set(chosen) <= set(row.decided):
        return row
    for name, value in chosen.items():
        setattr(row, name, value)
    if "feeling" in chosen:
        row.sentiment = MEANT[chosen["feeling"]]
    row.decided = sorted({*row.decided, *chosen})
    row.decided_by, row.decided_at = actor, at
    row.save(update_fields=[*chosen, "sentiment", "decided", "decided_by", "decided_at"])
    about = {name: key for name in SOURCES if (key := getattr(row, f"{name}_id")) is not None}
    record("triage.corrected", row, actor=actor, at=at, was=was, now=chosen, **about)
    return row


@transaction.atomic
def turn(*, triage_id: int, aspect: str, actor: User, at: datetime) -> Triage:
    """Say that a text speaks of an aspect, or no longer that it does; see `correct`."""
    row = Triage.objects.select_for_update(no_key=True).filter(pk=triage_id).first()
    if row is None:
        raise NotFound
    aspects = [*row.aspects, aspect] if aspect not in row.aspects else [x for x in row.aspects if x != aspect]
    return correct(triage_id=triage_id, actor=actor, at=at, aspects=aspects)


@transaction.atomic
def confirm(*, triage_id: int, actor: User, at: datetime) -> Triage:
    """Say that all that was read of a text is right; what was left open stays so. See `correct`."""
    row = Triage.objects.select_for_update(no_key=True).filter(pk=triage_id).first()
    if row is None:
        raise NotFound
    read = {name: getattr(row, name) for name in ("aspects", "gap_kind", "cause")}
    if row.feeling:
        read["feeling"] = row.feeling
    return correct(triage_id=triage_id, actor=actor, at=at, **read)


def _checked(name: str, value: Any) -> Any:
    if name == "aspects":
        if not isinstance(value, list | tuple | set) or not set(value) <= set(VoiceAspect.values):
            raise Invalid(_("Choose from the list."))
        return [one for one in VoiceAspect.values if one in set(value)]
    if name not in CHOICES or value not in CHOICES[name]:
        raise Invalid(_("Choose from the list."))
    return value
