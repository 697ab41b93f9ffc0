"""Chats without a database: who is there, who is typing, when somebody has left, how it goes on."""

from dataclasses import dataclass
from datetime import datetime, timedelta

THERE = timedelta(seconds=75)
"""A page shows a sign of life at least every LIVE_SECONDS; who shows none for longer is not there."""

SIGN = timedelta(seconds=15)
"""Signs of life are kept no oftener."""

TYPING = timedelta(seconds=6)
"""How long somebody is shown as typing after a key was pressed; pages tell every three seconds."""


def is_there(seen_at: datetime | None, at: datetime) -> bool:
    """Whether somebody has the chat open."""
    return seen_at is not None and at - seen_at <= THERE


def is_typing(typed_at: datetime | None, at: datetime) -> bool:
    """Whether somebody is typing just now."""
    return typed_at is not None and at - typed_at <= TYPING


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a chat goes on without its member."""

    left_after: timedelta
    silent_after: timedelta


def has_left(
    patience: Patience,
    *,
    seen_at: datetime,
    spoke_at: datetime,
    answered: bool,
    at: datetime,
) -> bool:
    """Whether the member has left: no sign of life, or nothing said to our answer for long.

    `spoke_at` is when the last word was said, `answered` whether it was ours.
    """
    if at - seen_at >= patience.left_after:
        return True
    return answered and at - spoke_at >= patience.silent_after


@dataclass(frozen=True, slots=True)
class Place:
    """Where a member stands in the line, and what we promised."""

    number: int
    """1 is next."""
    by: datetime | None
    """When an agent answers, as promised; None where no policy promises anything."""

    def is_late(self, at: datetime) -> bool:
        """Whether the promise is broken."""
        return self.by is not None and at > self.by
