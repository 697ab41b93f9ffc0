"""How a clock stands, as the screens colour it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.common.spans import span
from feedback.clocks import words
from feedback.clocks.running import terms_of
from feedback.models import Case, Clock, Verdict


class State(TextChoices):
    """How a clock stands."""

    RUNNING = "running", gettext_lazy("running")
    WARNED = "warned", gettext_lazy("soon due")
    BREACHED = "breached", gettext_lazy("late")
    PAUSED = "paused", gettext_lazy("paused")
    MET = "met", gettext_lazy("met")
    MET_LATE = "met_late", gettext_lazy("met late")
    STOPPED = "stopped", gettext_lazy("stopped")


@dataclass(frozen=True, slots=True)
class Chip:
    """A clock at one moment. `fraction` is the share of the target's working time that is used."""

    clock: Clock
    state: State
    words: str
    fraction: float
    at: datetime

    @property
    def warn_at(self) -> datetime:
        """When it turns or turned to warned, as far as a running one tells."""
        clock = self.clock
        return clock.started_at if clock.rungs_fired else clock.next_fire_at or clock.due_at

    @property
    def bar_from(self) -> datetime:
        """Where a straight line through the share used now, full at the due time, would have begun."""
        if self.fraction >= 1:
            return self.clock.started_at
        return self.clock.due_at - (self.clock.due_at - self.at) / (1 - self.fraction)

    @property
    def is_running(self) -> bool:
        """Whether somebody still has to do something."""
        return self.state in {State.RUNNING, State.WARNED, State.BREACHED, State.PAUSED}


def state_of(clock: Clock, now: datetime) -> State:
    """Tell how a clock stands: late from its due time on, warned from its ladder's first rung on.

    Both go by the time, whether the sweep saw it or not; `clocks.queries.standing` says the same in SQL.
    """
    if clock.met_at is not None:
        return State.MET_LATE if clock.breached_at is not None else State.MET
    if clock.stopped_at is not None:
        return State.STOPPED
    if clock.breached_at is not None:
        return State.BREACHED
    if clock.paused_at is not None:
        return State.PAUSED
    if clock.due_at <= now:
        return State.BREACHED
    fires = clock.next_fire_at
    return State.WARNED if clock.rungs_fired or (fires and fires <= now) else State.RUNNING


def chips(case: Case, *, now: datetime) -> list[Chip]:
    """Show a case's clocks: those that run by due time, then those that ended, latest first. Two queries."""
    clocks = Clock.objects.filter(case=case).select_related("department", "handoff__department")
    rows = [chip(clock, now) for clock in clocks.prefetch_related("pauses")]
    running = sorted((one for one in rows if one.is_running), key=lambda one: one.clock.due_at)
    ended = [one for one in rows if not one.is_running]
    return running + sorted(ended, key=lambda one: _ended(one.clock), reverse=True)


def running_chips(
    cases: Iterable[Case], *, now: datetime, asked: Iterable[int] | None = None
) -> dict[int, Chip]:
    """Show the clock that is due next of each of some cases, for lists. Two queries.

    With `asked`, the clocks of the questions to these departments instead of the cases' own.
    """
    whose = Q(handoff=None) if asked is None else Q(handoff__department__in=list(asked))
    clocks = Clock.objects.filter(whose, case__in=list(cases), met_at=None, stopped_at=None).prefetch_related(
        "pauses"
    )
    found: dict[int, Chip] = {}
    for clock in sorted(clocks, key=lambda clock: (clock.paused_at is not None, clock.due_at)):
        if clock.case_id is not None:
            found.setdefault(clock.case_id, chip(clock, now))
    return found


def _ended(clock: Clock) -> datetime:
    return clock.met_at or clock.stopped_at or clock.started_at


def chip(clock: Clock, now: datetime) -> Chip:
    """Show one clock; its pauses are read unless they were fetched before."""
    state = state_of(clock, now)
    return Chip(clock, state, _words(clock, state, now), _fraction(clock, now), now)


def _words(clock: Clock, state: State, now: datetime) -> str:
    if clock.met_at is not None:
        return words.ended(clock.due_at, clock.met_at)
    if state == State.STOPPED:
        return str(State.STOPPED.label)
    if clock.paused_at is None:
        return words.left(clock.due_at, now)
    if state == State.BREACHED:
        return _("paused, %(time)s late") % {"time": span(clock.paused_at - clock.due_at)}
    left = max(clock.work - _worked(clock, clock.paused_at), timedelta())
    return _("paused, %(time)s left") % {"time": span(left)}


def _fraction(clock: Clock, now: datetime) -> float:
    until = clock.met_at or clock.stopped_at or now
    return min(1.0, _worked(clock, until) / clock.work)


def _worked(clock: Clock, until: datetime) -> timedelta:
    pauses = [
        (pause.from_at, pause.to_at) for pause in clock.pauses.all() if pause.verdict != Verdict.REJECTED
    ]
    return terms_of(clock).calendar.worked(clock.started_at, max(until, clock.started_at), pauses)
