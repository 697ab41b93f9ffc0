"""Who has to know at once, in the same transaction, what becomes of a refund."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from compensation.models import RefundOrder
from config.common.events import Actor


class Turn(StrEnum):
    """What became of a refund."""

    SENT = "sent"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    AGAIN = "again"
    """It was made in the place of one that had failed."""


FOLLOWERS: list[Callable[[RefundOrder, Turn, Actor, datetime], None]] = []
"""Packages above add theirs in `ready()`. The member and the grant are held already."""


def tell(refund: RefundOrder, turn: Turn, *, actor: Actor, at: datetime) -> None:
    """Let all followers know."""
    for follow in FOLLOWERS:
        follow(refund, turn, actor, at)
