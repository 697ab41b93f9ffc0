"""What starts, holds, meets and stops the clocks of a case.

Each function is called by a command of the case, in its transaction, with the case's row already locked.
Each keeps `case.next_due_at` right and writes its events on the case.
"""

from collections.abc import Iterable
from datetime import datetime

from compensation.models import Tier
from config.common.events import Actor
from feedback.clocks.running import Running, terms_of
from feedback.models import Calendar, Case, Clock, Department, Handoff, Milestone, PauseReason
from feedback.sops import queries as sops
from feedback.sops.commands import publish_calendar
from feedback.sops.rules import Facts, choose

REPLIES = (Milestone.FIRST_REPLY, Milestone.NEXT_REPLY)


def start_for_case(case: Case, *, actor: Actor, at: datetime) -> None:
    """Start a new case's clocks: first reply and resolution."""
    running = Running([case], actor=actor, at=at)
    _start(running, case, [Milestone.FIRST_REPLY, Milestone.RESOLUTION])
    running.save()


def start_handoff(handoff: Handoff, *, actor: Actor, at: datetime) -> None:
    """Start the clock of the department that was asked, on its calendar unless the policy names another.

    `handoff.case` must be the locked case.
    """
    running = Running([handoff.case], actor=actor, at=at)
    _start(running, handoff.case, [Milestone.HANDOFF], handoff)
    running.save()


def member_spoke(case: Case, *, at: datetime, actor: Actor = None) -> None:
    """The member is waiting for us: start the next reply unless a reply is due already, resume the rest."""
    running = Running([case], actor=actor, at=at)
    for clock in running.clocks:
        running.resume(clock)
    if not running.of(REPLIES):
        _start(running, case, [Milestone.NEXT_REPLY])
    running.save()


def replied(case: Case, *, actor: Actor, at: datetime) -> None:
    """The member was answered: the first or next reply is met."""
    running = Running([case], actor=actor, at=at)
    for clock in running.of(REPLIES):
        running.meet(clock)
    running.save()


def wait_for_member(case: Case, *, actor: Actor, at: datetime) -> None:
    """We cannot go on without the member: the resolution stands still. Replies never do."""
    running = Running([case], actor=actor, at=at)
    for clock in running.of([Milestone.RESOLUTION]):
        running.pause(clock, PauseReason.WAITING_MEMBER)
    running.save()


def resume(case: Case, *, actor: Actor, at: datetime) -> None:
    """Go on without waiting any longer."""
    running = Running([case], actor=actor, at=at)
    for clock in running.clocks:
        running.resume(clock)
    running.save()


def resolved(case: Case, *, actor: Actor, at: datetime) -> None:
    """The case is solved, and the member was told so: the resolution is met, and any reply with it."""
    running = Running([case], actor=actor, at=at)
    for clock in running.of([*REPLIES, Milestone.RESOLUTION]):
        running.meet(clock)
    running.save()


def reopened(case: Case, *, actor: Actor, at: datetime) -> None:
    """The case was not solved after all: a new resolution starts, and the next reply with it."""
    running = Running([case], actor=actor, at=at)
    missing = [] if running.of(REPLIES) else [Milestone.NEXT_REPLY]
    if not running.of([Milestone.RESOLUTION]):
        missing.append(Milestone.RESOLUTION)
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


def retarget_all(running: Running, clocks: Iterable[Clock]) -> None:
    """Choose the policies anew for some clocks whose cases' priorities changed."""
    starter = _Starter(running)
    for clock in clocks:
        case, milestone = running.cases[clock.case_id], Milestone(clock.milestone)
        if terms := starter.make(case, milestone, clock.department_id):
            running.retarget(clock, terms)


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
    starter = _Starter(running)
    for milestone in milestones:
        if clock := starter.make(case, milestone, (handoff or case).department_id):
            clock.handoff = handoff
            running.add(clock)


class _Starter:
    """What is in force, looked up once for some cases."""

    def __init__(self, running: Running) -> None:
        self.at = running.at
        self.book = sops.book()
        members = {case.member_id for case in running.cases.values()}
        self.tiers = dict(Tier.objects.filter(members__in=members).values_list("members", "code"))

    def make(self, case: Case, milestone: Milestone, department_id: int) -> Clock | None:
        """Make a clock that starts now, not stored; None when no policy in force has a target."""
        facts = Facts(case.kind, case.channel, int(case.priority), self.tiers[case.member_id])
        choice = choose(self.book.rules, facts, milestone)
        if choice.rule is None or choice.target is None:
            return None
        target = choice.target
        clock = Clock(
            case=case,
            milestone=milestone,
            department_id=department_id,
            policy_version_id=choice.rule.version,
            calendar_version_id=self._calendar(target.calendar, department_id),
            ladder_version_id=self.book.ladders.get(target.ladder) if target.ladder else None,
            facts={
                **facts.to_json(),
                "passed_over": [verdict.rule.version for verdict in choice.passed_over],
            },
            work=target.within,
            started_at=self.at,
        )
        terms = terms_of(clock)
        clock.due_at = terms.due_at(clock.started_at)
        clock.next_fire_at = terms.next_fire(clock.started_at, clock.due_at, rungs_fired=0, is_breached=False)
        return clock

    def _calendar(self, calendar_id: int | None, department_id: int) -> int:
        """Find the version in force of the target's calendar, or of the department's.

        A department may have been given a calendar that nobody published yet: it is published now.
        """
        if calendar_id is None:
            calendar_id = Department.objects.values_list("calendar_id", flat=True).get(pk=department_id)
        if version := self.book.calendars.get(calendar_id):
            return version
        return publish_calendar(calendar=Calendar.objects.get(pk=calendar_id), actor=None, at=self.at).pk
