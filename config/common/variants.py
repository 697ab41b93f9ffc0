"""Settings that are under test: whoever uses one asks here which of its variants a member gets.

An upper floor adds itself to `TRIALS` in `ready()`; with nobody there every setting is used as it stands.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

Content = Mapping[str, Any]
"""What a variant says instead of the setting, as JSON values."""


class Kind(StrEnum):
    """What can be under test; each has keys of its own."""

    COMPENSATION = "compensation"
    """`rule:CODE:PLACE:KIND` and `playbook:CODE:PLACE:KIND`; says `what` and its `value`."""
    REPLY = "reply"
    """The number of a template of replies to reviews; says `text`."""
    WORDING = "wording"
    """The number of a campaign's wording; says its columns."""
    TARGET = "target"
    """`POLICY:MILESTONE`; says `seconds`."""


class Trials(Protocol):
    """Knows what is under test."""

    def keys(self, kind: Kind, /) -> frozenset[str]:
        """The settings of a kind that are under test now."""

    def choose(self, kind: Kind, key: str, /, *, member_id: int, at: datetime) -> Content | None:
        """What the member gets, put on record in the transaction of the caller; None: as it stands."""


TRIALS: list[Trials] = []


def keys(kind: Kind) -> frozenset[str]:
    """The settings of a kind that are under test now: for whoever uses many at once. One query."""
    return frozenset().union(*(trials.keys(kind) for trials in TRIALS))


def choose(kind: Kind, key: str, *, member_id: int, at: datetime) -> Content | None:
    """What a member gets of a setting that is being used; None where it is used as it stands.

    Call in the transaction of the use: that the member was exposed is put on record in it, once.
    """
    found = (trials.choose(kind, key, member_id=member_id, at=at) for trials in TRIALS)
    return next((content for content in found if content is not None), None)
