"""What starts, holds, meets and stops the clocks of a case.

Each function is called by a command of the case, in its transaction, with the case's row already locked.
Each keeps `case.next_due_at` right and writes its events on the case.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from config.common.events import Actor
from feedback.clocks.running import Running
from feedback.clocks.starting import Starter
from feedback.models import (
    Case,
    CaseKind,
    Clock,
    Handoff,
    Milestone,
    PauseReason,
    Resolution,
)
from feedback.sops.queries import pause_rule

REPLIES = (Milestone.FIRST_REPLY, Milestone.NEXT_REPLY)
OF_KIND = {
    CaseKind.REFUND: (Milestone.REFUND,),
    CaseKind.REVIEW: (Milestone.REVIEW_REPLY, Milestone.CALL_BACK),
}
"""What is promised from the first moment of a case of some kinds, beside an answer and a solution."""
AT_ONCE = (Milestone.FIRST_REPLY, Milestone.RESOLUTION, Milestone.PERIODIC_UPDATE)
ENDS_WITH_IT = (*REPLIES, Milestone.RESOLUTION, Milestone.PERIODIC_UPDATE)
"""What is met by resolving a case: the member was told, and has a solution."""
NOT_REFUNDED = {Resolution.NOT_JUSTIFIED, Resolution.WITHDRAWN, Resolution.SILENT, Resolution.DUPLICATE}
"""How a refund case ends without a refund."""


def start(case: Case, milestone: Milestone, *, actor: Actor, at: datetime) -> Clock | None:
    """Start a clock of the case's own; gives the one that runs already, None where no policy has a target."""
    running = Running([case], actor=actor, at=at)
    if not running.of([milestone]):
        _start(running, case, [milestone])
    running.save()
    return next(iter(running.of([milestone])), None)


def met(case: Case, milestone: Milestone, *, actor: Actor, at: datetime) -> None:
    """A milestone of the case's own is reached; nothing happens where no such clock runs."""
    running = Running([case], actor=actor, at=at)
    for clock in running.of([milestone]):
        running.meet(clock)
    running.save()


def stop(case: Case, milestone: Milestone, *, actor: Actor, at: datetime) -> None:
    """A milestone of the case's own no longer matters."""
    running = Running([case], actor=actor, at=at)
    for clock in running.of([milestone]):
        running.stop(clock)
    running.save()


def start_for_case(case: Case, *, actor: Actor, at: datetime) -> None:
    """Start a new case's clocks: first reply, periodic update, resolution, and what its kind asks for."""
    running = Running([case], actor=actor, at=at)
    _start(running, case, [*AT_ONCE, *OF_KIND.get(CaseKind(case.kind), ())])
    running.save()


def start_handoff(handoff: Handoff, *, actor: Actor, at: datetime) -> None:
    """Start the clock of the department that was asked, on its calendar unless the policy names another.

    `handoff.case` must be the locked case.
    """
    start_handoffs([handoff], actor=actor, at=at)


def start_handoffs(handoffs: Sequence[Handoff], *, actor: Actor, at: datetime) -> None:
    """Start the clocks of some handoffs: the answer, and the acceptance where a policy has a target for it.

    The cases of the handoffs must be locked.
    """
    running = Running({handoff.case for handoff in handoffs}, actor=actor, at=at)
    starter = Starter(running)
    clocks = []
    for handoff in handoffs:
        for milestone in (Milestone.HANDOFF, Milestone.ACCEPT):
            if clock := starter.make(handoff.case, milestone, handoff.department_id):
                clock.handoff = handoff
                clocks.append(clock)
    running.add_all(clocks)
    running.save()


def accepted(handoff: Handoff, *, actor: Actor, at: datetime) -> None:
    """The department has taken the question on: the acceptance is met, the answer is still to come."""
    running = Running([handoff.case], actor=actor, at=at)
    for clock in running.clocks:
        if clock.handoff_id == handoff.pk and clock.milestone == Milestone.ACCEPT:
            running.meet(clock)
    running.save()


def member_spoke(case: Case, *, at: datetime, actor: Actor = None) -> None:
    """The member is waiting for us: start the next reply unless a reply is due already, resume the rest.

    What stands still because somebody outside has to act goes on standing still.
    """
    running = Running([case], actor=actor, at=at)
    if not case.waiting_for:
        for clock in running.clocks:
            running.resume(clock)
    if not running.of(REPLIES):
        _start(running, case, [Milestone.NEXT_REPLY])
    running.save()


def replied(case: Case, *, is_last: bool = False, actor: Actor, at: datetime) -> None:
    """The member was answered: the first or next reply is met, and the time until the next update begins.

    After the last reply, with which the case is resolved, no further update is promised.
    """
    running = Running([case], actor=actor, at=at)
    for clock in running.of(REPLIES):
        running.meet(clock)
    if not is_last:
        _update(running, case)
    running.save()


def told(case: Case, *, actor: Actor, at: datetime) -> None:
    """The member heard from us without a reply: the time until the next update begins anew."""
    running = Running([case], actor=actor, at=at)
    _update(running, case)
    running.save()


def _update(running: Running, case: Case) -> None:
    """Meet the update that is due; the next one is due as long as the case runs."""
    updates = running.of([Milestone.PERIODIC_UPDATE])
    for clock in updates:
        running.meet(clock)
    if updates:
        _start(running, case, [Milestone.PERIODIC_UPDATE])


def wait_for_member(case: Case, *, actor: Actor, at: datetime) -> None:
    """We cannot go on without the member: what may stand still does. Replies never do."""
    hold(case, PauseReason.WAITING_MEMBER, actor=actor, at=at)


def hold(case: Case, reason: PauseReason, *, actor: Actor, at: datetime) -> list[Clock]:
    """We cannot go on without somebody: the clocks that the rule for this reason names stand still.

    Gives those that stand still now. A clock that has stood still for this reason as long as the rule allows
    runs on; one that stood still for another reason goes over to this one.
    """
    running = Running([case], actor=actor, at=at)
    rule = pause_rule(reason)
    for clock in running.of(Milestone(one) for one in rule.milestones):
        running.pause(clock, rule)
    running.save()
    return [clock for clock in running.clocks if clock.paused_at is not None]


def resume(case: Case, *, actor: Actor, at: datetime) -> None:
    """Go on without waiting any longer."""
    running = Running([case], actor=actor, at=at)
    for clock in running.clocks:
        running.resume(clock)
    running.save()


def resolved(case: Case, *, actor: Actor, at: datetime) -> None:
    """The case is solved, and the member was told so: the resolution is met, and replies and updates with it.

    The refund is met with it where there was one to give. Nothing else is promised any more.
    """
    running = Running([case], actor=actor, at=at)
    is_refunded = case.resolution not in NOT_REFUNDED
    for clock in running.clocks_of(case):
        if clock.handoff_id is not None:
            continue
        reached = clock.milestone in ENDS_WITH_IT or (clock.milestone == Milestone.REFUND and is_refunded)
        (running.meet if reached else running.stop)(clock)
    running.save()


def reopened(case: Case, *, actor: Actor, at: datetime) -> None:
    """The case was not solved after all: a new resolution starts, the next reply and update with it."""
    running = Running([case], actor=actor, at=at)
    missing = [] if running.of(REPLIES) else [Milestone.NEXT_REPLY]
    missing += [
        milestone
        for milestone in (Milestone.RESOLUTION, Milestone.PERIODIC_UPDATE)
        if not running.of([milestone])
    ]
    _start(running, case, missing)
    running.save()


def handoff_ended(handoff: Handoff, *, met: bool, actor: Actor, at: datetime) -> None:
    """The department answered or rejected (met), or was no longer asked (not met)."""
    running = Running([handoff.case], actor=actor, at=at)
    for clock in running.clocks:
        if clock.handoff_id == handoff.pk:
            (running.meet if met else running.stop)(clock)
    running.save()


def retarget(case: Case, *, actor: Actor, at: datetime) -> None:
    """The priority changed: running clocks go on under the policies in force now, start and pauses kept.

    A breached clock stays under its old terms, as does one that no policy has a target for any more.
    """
    running = Running([case], actor=actor, at=at)
    retarget_all(running, running.clocks)
    running.save()


def retarget_all(running: Running, clocks: Iterable[Clock], why: str = "priority") -> None:
    """Choose the policies anew for some clocks whose cases' priorities, or other facts, changed."""
    starter = Starter(running)
    for clock in clocks:
        case, milestone = running.case_of(clock), Milestone(clock.milestone)
        if terms := starter.make(case, milestone, clock.department_id):
            running.retarget(clock, terms, why)


def corrected(case: Case, *, was: CaseKind, actor: Actor, at: datetime) -> None:
    """The case is about something else than was thought: its clocks go on under the policies for that.

    What only the kind before promised stops, what only the new one promises starts now.
    """
    running = Running([case], actor=actor, at=at)
    before, promised = OF_KIND.get(was, ()), OF_KIND.get(CaseKind(case.kind), ())
    for clock in running.of(one for one in before if one not in promised):
        running.stop(clock)
    retarget_all(running, [clock for clock in running.clocks if clock.stopped_at is None], "facts")
    _start(running, case, [one for one in promised if one not in before and not running.of([one])])
    running.save()


def moved(case: Case, *, actor: Actor, at: datetime) -> None:
    """The case went to another department: it answers for the case's clocks from now on."""
    running = Running([case], actor=actor, at=at)
    running.move(case)
    running.save()


def stop_all(case: Case, *, actor: Actor, at: datetime) -> None:
    """Nothing is to be done any more: all clocks stop, those of handoffs too."""
    running = Running([case], actor=actor, at=at)
    for clock in running.clocks:
        running.stop(clock)
    running.save()


def _start(
    running: Running, case: Case, milestones: Iterable[Milestone], handoff: Handoff | None = None
) -> None:
    """Start the clocks for which a policy in force has a target."""
    starter = Starter(running)
    for milestone in milestones:
        if clock := starter.make(case, milestone, (handoff or case).department_id):
            clock.handoff = handoff
            running.add(clock)
