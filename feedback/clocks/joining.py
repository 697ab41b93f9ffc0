"""What becomes of the clocks when two cases are made one, or a part of one becomes a case of its own.

As in clocks.commands: called by a command of the cases, in its transaction, with both rows locked.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from config.common.events import Actor, record
from feedback.clocks.rules import Pauses
from feedback.clocks.running import Running, terms_of
from feedback.models import Case, Clock, Handoff, Milestone

MERGED = "merged"
SPLIT = "split"


def join(source: Case, target: Case, *, waits: bool, actor: Actor, at: datetime) -> None:
    """Let one case go on under the clocks of two.

    Of each milestone that runs for both, the clock that is due first goes on, with its start, policy, pauses
    and breach; the other one stops because of the merge, and a breach of it stays on record. Unless the
    joined case `waits` for the member, what stood still runs again first.
    """
    running = Running([source, target], actor=actor, at=at)
    own = [clock for clock in running.clocks if clock.handoff_id is None]
    if not waits:
        for clock in own:
            running.resume(clock)
    taken = []
    for clock, is_kept in fates(own, source, at=at, pauses=running.pauses):
        if not is_kept:
            running.stop(clock, reason=MERGED)
        elif clock.case_id == source.pk:
            taken.append(clock)
    running.save()
    _give(taken, target, actor=actor, at=at)
    Running([source, target], actor=actor, at=at).save()  # their next due times


def fates(
    clocks: Iterable[Clock],
    source: Case,
    *,
    at: datetime,
    pauses: Callable[[Clock], Pauses] | None = None,
) -> list[tuple[Clock, bool]]:
    """Tell of each running clock of two cases whether it goes on when they are made one.

    Of one milestone the one that is due first does; of two that are due at once, the target's.
    """
    find = pauses or _pauses
    due = {clock: _due(clock, find(clock), at) for clock in clocks}
    by_milestone: dict[str, list[Clock]] = {}
    for clock in sorted(due, key=lambda one: (due[one], one.case_id == source.pk)):
        by_milestone.setdefault(clock.milestone, []).append(clock)
    return [(clock, place == 0) for rivals in by_milestone.values() for place, clock in enumerate(rivals)]


def hand_on(handoffs: Iterable[Handoff], target: Case) -> None:
    """Let the clocks of handoffs, running or ended, follow their handoffs to another case."""
    Clock.objects.filter(handoff__in=list(handoffs)).update(case=target)


def part_left(case: Case, *, actor: Actor, at: datetime) -> None:
    """The question that a reply was due for has become a case of its own: nothing is left to answer here."""
    running = Running([case], actor=actor, at=at)
    for clock in running.of([Milestone.NEXT_REPLY]):
        running.stop(clock, reason=SPLIT)
    running.save()


def _pauses(clock: Clock) -> Pauses:
    return [(pause.from_at, pause.to_at) for pause in clock.pauses.all()]


def _due(clock: Clock, pauses: Pauses, at: datetime) -> datetime:
    """When it is due, or would be if it ran again from now on."""
    if clock.paused_at is None:
        return clock.due_at
    ended = [(start, end or max(at, start)) for start, end in pauses]
    return terms_of(clock).due_at(clock.started_at, ended)


def _give(clocks: list[Clock], target: Case, *, actor: Actor, at: datetime) -> None:
    keys = [clock.pk for clock in clocks]
    if keys:
        Clock.objects.filter(pk__in=keys).update(case=target, department=target.department_id)
        names = [str(clock.milestone) for clock in clocks]
        record("clock.joined", target, actor=actor, at=at, clocks=keys, milestones=names)
