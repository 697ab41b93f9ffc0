"""Asking, from finding whom to ask to reminding them: what workers do, step by step."""

from collections.abc import Sequence
from datetime import datetime

from surveys.invitations.deciding import Decided, invite_due
from surveys.invitations.drawing import draw, find
from surveys.invitations.reminding import remind_due
from surveys.models import Occasion

__all__ = ["Decided", "ask", "draw", "find", "invite_closed_cases", "invite_due", "remind_due"]


def ask(*, at: datetime) -> Decided:
    """Everything that there is to ask by now: found, drawn, decided on, in steps that each commit."""
    while find(at=at):
        pass
    while draw(at=at):
        pass
    decided = Decided()
    while (step := invite_due(at=at)).total:
        decided.add(step)
    return decided


def invite_closed_cases(*, at: datetime, limit: int = 500) -> int:
    """Invite the members of closed cases, each case once; returns how many were invited."""
    only: Sequence[Occasion] = [Occasion.CASE_CLOSED]
    find(at=at, limit=limit, occasions=only)
    return invite_due(at=at, limit=limit, occasions=only).asked
