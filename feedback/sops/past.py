"""What became of a clock, and what would have become of it under another target: pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from feedback.sops.calendar import StillPaused, WorkCalendar

Pauses = Sequence[tuple[datetime, datetime | None]]


class Outcome(StrEnum):
    """How a clock stands at a moment."""

    MET = "met"
    BREACHED = "breached"
    OPEN = "open"
    """It ends later, and is not late yet."""
    STOPPED = "stopped"
    """It stopped mattering in time."""
    UNTIMED = "untimed"
    """No policy would have had a target."""


@dataclass(frozen=True, slots=True)
class Life:
    """What is on record of a clock: when it began and ended, and when it stood still."""

    started_at: datetime
    met_at: datetime | None
    stopped_at: datetime | None
    pauses: Pauses = ()


def as_of(life: Life, at: datetime) -> Life:
    """Leave out what happened after a moment."""

    def until(moment: datetime | None) -> datetime | None:
        return moment if moment is not None and moment <= at else None

    pauses = tuple((begin, until(end)) for begin, end in life.pauses if begin <= at)
    return Life(life.started_at, until(life.met_at), until(life.stopped_at), pauses)


def judge(life: Life, calendar: WorkCalendar, work: timedelta, at: datetime) -> Outcome:
    """Tell how a clock would stand at a moment if it had had so much working time on a calendar.

    It is late when its milestone came after the due time, or has not come by then; what stops mattering later
    than that was late too.
    """
    end = life.met_at or life.stopped_at
    try:
        due_at = calendar.due(life.started_at, work, life.pauses)
    except StillPaused:
        return _ended(life)
    if end is not None:
        return Outcome.BREACHED if due_at < end else _ended(life)
    if due_at > at:
        return Outcome.OPEN
    paused = next((begin for begin, until in life.pauses if until is None), None)
    return Outcome.OPEN if paused is not None and due_at >= paused else Outcome.BREACHED


def _ended(life: Life) -> Outcome:
    if life.met_at is not None:
        return Outcome.MET
    return Outcome.STOPPED if life.stopped_at is not None else Outcome.OPEN
