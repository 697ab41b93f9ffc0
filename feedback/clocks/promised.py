"""Clocks as their member may see them: what we promised by when, and whether we keep it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from feedback.models import Clock, Milestone


class State(StrEnum):
    """How a promise stands."""

    RUNNING = "running"
    LATE = "late"
    WAITING_FOR_YOU = "waiting_for_you"
    WAITING_FOR_OTHERS = "waiting_for_others"
    KEPT = "kept"
    KEPT_LATE = "kept_late"


@dataclass(frozen=True, slots=True)
class Promised:
    """A promise to answer, to solve, to refund or to call by a moment."""

    what: str
    """ "answer", "solution", "refund" or "call"."""
    by: datetime
    state: State
    kept_at: datetime | None
    late: timedelta
    """How much later than promised, until now where it is still to be kept; zero when in time."""

    @property
    def is_open(self) -> bool:
        """Whether it is still to be kept."""
        return self.kept_at is None


WHAT = {
    Milestone.FIRST_REPLY: "answer",
    Milestone.NEXT_REPLY: "answer",
    Milestone.RESOLUTION: "solution",
    Milestone.REFUND: "refund",
    Milestone.CALL_BACK: "call",
}
"""Questions to departments and couriers are ours alone, and so is how often we want to be heard of."""


def promised(clocks: Iterable[Clock], at: datetime) -> list[Promised]:
    """What the member was promised, as of `at`: what is still to be kept first, then the latest.

    Clocks that were stopped promise nothing any more.
    """
    told = [
        Promised(
            WHAT[Milestone(clock.milestone)],
            clock.due_at,
            _state(clock, at),
            clock.met_at,
            max((clock.met_at or clock.paused_at or at) - clock.due_at, timedelta(0)),
        )
        for clock in clocks
        if clock.milestone in WHAT and clock.stopped_at is None
    ]
    still = sorted((one for one in told if one.is_open), key=lambda one: one.by)
    kept = sorted((one for one in told if not one.is_open), key=lambda one: one.by, reverse=True)
    return still + kept


def _state(clock: Clock, at: datetime) -> State:
    if clock.met_at is not None:
        return State.KEPT if clock.met_at <= clock.due_at else State.KEPT_LATE
    if clock.paused_at is not None:
        is_outside = clock.case is not None and bool(clock.case.waiting_for)
        return State.WAITING_FOR_OTHERS if is_outside else State.WAITING_FOR_YOU
    return State.RUNNING if at <= clock.due_at else State.LATE
