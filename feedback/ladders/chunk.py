"""What a sweep holds while it decides: locked cases, due clocks, and what is to be written."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from feedback.sops.ladder import Rung


@dataclass(slots=True)
class Held:
    """A locked case. What rungs change in it is noted here."""

    pk: int
    member: int
    department: int
    agent: int | None
    status: str
    priority: int
    is_waiting: bool = False
    """For its member, or for somebody outside."""
    came_from: int | None = None
    """The department that it was moved from."""
    is_changed: bool = False
    is_raised: bool = False


@dataclass(slots=True)
class Due:
    """A clock that is due."""

    pk: int
    case: int
    milestone: str
    is_handoff: bool
    department: int
    calendar: int
    ladder: int | None
    work: timedelta
    started_at: datetime
    due_at: datetime
    breached_at: datetime | None
    rungs_fired: int
    is_paused: bool = False
    """Whether it stood still until its pause had lasted as long as it may."""
    next_fire_at: datetime | None = None
    is_breached_now: bool = False


class Shot(NamedTuple):
    """A rung that is due."""

    due_at: datetime
    clock: int
    number: int
    rung: Rung


class Effect(NamedTuple):
    """What a rung did, as it is written; many rungs of a chunk do the same."""

    action: str
    event: str
    alert: str
    milestone: str
    outcome: str


class Record(NamedTuple):
    """A rung that fired; `effect` is its place in `Fire.effects`."""

    clock: int
    case: int
    rung: int
    due_at: datetime
    effect: int


class News(NamedTuple):
    """What the member is to be told: who works on the case, or which department has it or is asked."""

    clock: int
    rung: int
    case: int
    member: int
    kind: str
    to: int


WORKING, MOVED, ASKED = "working", "moved", "handed_over"


class Question(NamedTuple):
    """A department that a rung asks."""

    case: int
    from_department: int
    department: int
    question: str
    was_waiting: bool
    """Whether the case waited for its member or somebody outside until then."""


class Request(NamedTuple):
    """What a rung asks to be approved."""

    clock: int
    rung: int
    case: int
    department: int
    kind: str
    reason: str


class Watching(NamedTuple):
    """A colleague who watches a case from now on."""

    case: int
    user: int


class Seen(NamedTuple):
    """A breach that a watcher of the case is told of."""

    case: int
    clock: int
    milestone: str
    user: int
