"""A clock as people read it at a glance: its state, how far it is, what it says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from feedback.models import Case, Clock

State = Literal["ok", "warned", "breached", "paused", "met", "late", "stopped"]
WARN_AT = 0.8


@dataclass(frozen=True, slots=True)
class Chip:
    """One clock at one moment. `late_by` is how far past its due time it is or was met."""

    clock_id: int
    case_id: int
    handoff_id: int | None
    label: str
    state: State
    started_at: datetime
    due_at: datetime
    warn_at: datetime
    ended_at: datetime | None
    left: timedelta
    percent: int

    @property
    def runs(self) -> bool:
        """Whether it is still counting."""
        return self.state in {"ok", "warned", "breached"}


def chip(clock: Clock, at: datetime) -> Chip:
    """Tell how a clock stands at a moment; `left` is negative past its due time."""
    moment = clock.met_at or clock.stopped_at or clock.paused_at or at
    length = clock.due_at - clock.started_at
    warn_at = clock.started_at + length * WARN_AT
    share = (moment - clock.started_at) / length if length else 1.0
    return Chip(
        clock_id=clock.pk,
        case_id=clock.case_id,
        handoff_id=clock.handoff_id,
        label=clock.get_milestone_display(),
        state=_state(clock, at, warn_at),
        started_at=clock.started_at,
        due_at=clock.due_at,
        warn_at=warn_at,
        ended_at=clock.met_at or clock.stopped_at,
        left=clock.due_at - moment,
        percent=max(0, min(100, round(share * 100))),
    )


def _state(clock: Clock, at: datetime, warn_at: datetime) -> State:
    if clock.met_at is not None:
        return "late" if clock.met_at > clock.due_at else "met"
    if clock.stopped_at is not None:
        return "stopped"
    if clock.paused_at is not None:
        return "paused"
    if at > clock.due_at:
        return "breached"
    return "warned" if at >= warn_at else "ok"


def next_of(cases: Iterable[Case], at: datetime) -> dict[int, Chip]:
    """For each of the cases the clock that is due next, else one that stands still; one query."""
    running = Clock.objects.filter(
        case__in=[case.pk for case in cases], handoff=None, met_at=None, stopped_at=None
    )
    found: dict[int, Chip] = {}
    for clock in running.order_by("paused_at", "due_at"):
        best = found.get(clock.case_id)
        if best is None or (best.state == "paused" and clock.paused_at is None):
            found[clock.case_id] = chip(clock, at)
    return found


def all_of(case: Case, at: datetime) -> list[Chip]:
    """Every clock of a case: those that run first, then the newest that ended."""
    chips = [chip(clock, at) for clock in Clock.objects.filter(case=case).order_by("-started_at", "-pk")]
    return sorted(
        chips, key=lambda one: (one.ended_at is not None, one.due_at if one.runs else one.started_at)
    )
