"""The running clocks of some locked cases, changed in memory and written together.

One case at a time through `clocks.commands`, many at a time through the sweep: both do the same to a clock
and leave the same events. All events are the case's; `clock` in their data says which clock they tell of.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from config.common import bulk
from config.common.events import Actor, Happening, record_all
from config.common.models import User
from feedback.clocks.rules import ALWAYS, Pauses, Terms, left_of_cap
from feedback.models import Case, Clock, Milestone, Pause, PauseRule, Verdict
from feedback.sops import queries as sops
from feedback.sops.calendar import StillPaused

CHANGING = [
    "department", "policy_version", "calendar_version", "ladder_version", "facts", "work", "due_at",
    "paused_at", "met_at", "stopped_at", "breached_at", "rungs_fired", "next_fire_at",
]  # fmt: skip
PAUSE_CHANGING = ["to_at", "verdict", "reviewed_by", "reviewed_at", "remark"]


class Running:
    """Clocks that are neither met nor stopped. The caller holds the locks of the cases."""

    def __init__(self, cases: Iterable[Case], *, actor: Actor, at: datetime) -> None:
        """Load the running clocks of the cases, for changes by `actor` at the moment `at`."""
        self.cases = {case.pk: case for case in cases}
        self.actor, self.at = actor, at
        self.clocks = list(
            Clock.objects.filter(case__in=self.cases, met_at=None, stopped_at=None).order_by("case_id", "id")
        )
        self._by_case: dict[int | None, list[Clock]] = defaultdict(list)
        for clock in self.clocks:
            self._by_case[clock.case_id].append(clock)
        self.events: list[Happening] = []
        self._changed: dict[int, Clock] = {}
        self._pauses: dict[int, list[Pause]] | None = None
        self._new_pauses: list[Pause] = []
        self._changed_pauses: dict[int, Pause] = {}
        self._end_capped()

    def clocks_of(self, case: Case) -> list[Clock]:
        """Give the running clocks of one of the cases, those of its handoffs too."""
        return self._by_case.get(case.pk, [])

    def case_of(self, clock: Clock) -> Case:
        """Give the case of a clock: one of those that it was made for."""
        return self.cases[clock.case_id or 0]

    def of(self, milestones: Iterable[Milestone]) -> list[Clock]:
        """Give the case's own clocks of some milestones."""
        wanted = set(milestones)
        return [clock for clock in self.clocks if clock.milestone in wanted and clock.handoff_id is None]

    def add(self, clock: Clock) -> None:
        """Take in a clock that has just started and is not stored yet."""
        self.add_all([clock])

    def add_all(self, clocks: Sequence[Clock]) -> None:
        """Take in clocks that have just started and are not stored yet, in one statement."""
        self._write()  # those before them that were met just now make room
        for clock in Clock.objects.bulk_create(clocks):
            self._take_in(clock)

    def _take_in(self, clock: Clock) -> None:
        self.clocks.append(clock)
        self._by_case[clock.case_id].append(clock)
        self.tell(
            "clock.started",
            clock,
            milestone=clock.milestone,
            department=clock.department_id,
            policy=clock.policy_version_id,
            within=clock.work.total_seconds(),
            due=clock.due_at.isoformat(),
        )

    def meet(self, clock: Clock) -> None:
        """Reach the milestone; late or not is judged by the moment, whenever anybody noticed."""
        self._let_run(clock)
        self._judge(clock)
        clock.met_at = self._moment(clock)
        self._end(clock)
        self.tell("clock.met", clock, milestone=clock.milestone, late=clock.breached_at is not None)

    def stop(self, clock: Clock, **why: str) -> None:
        """Let it go: the milestone no longer matters. `why` goes into the event."""
        self._let_run(clock)
        self._judge(clock)
        clock.stopped_at = self._moment(clock)
        self._end(clock)
        self.tell("clock.stopped", clock, milestone=clock.milestone, **why)

    def pause(self, clock: Clock, rule: PauseRule) -> None:
        """Let it stand still from now on, for as long as the rule allows in all.

        What was due before stays breached. A clock that stands still for another reason goes over to this
        one; one that has stood still for this reason as long as it may runs on.
        """
        if (held := self._open(clock)) is not None:
            if held.reason == rule.reason:
                return
            self.resume(clock)
        at = self._moment(clock)
        ends_by = self._cap(clock, rule, at)
        if ends_by == at:
            return
        self._judge(clock)
        clock.paused_at = at
        clock.next_fire_at = ends_by
        self._new_pauses.append(
            Pause(
                clock=clock,
                reason=rule.reason,
                from_at=at,
                ends_by=ends_by,
                paused_by=self.actor if isinstance(self.actor, User) else None,
                needs_review=rule.needs_review,
            )
        )
        self._touch(clock)
        ends = {"until": ends_by.isoformat()} if ends_by else {}
        self.tell("clock.paused", clock, milestone=clock.milestone, reason=rule.reason, **ends)

    def resume(self, clock: Clock) -> None:
        """Let it run again: the time that it stood still does not count."""
        if clock.paused_at is None:
            return
        self._let_run(clock)
        self.tell("clock.resumed", clock, milestone=clock.milestone, due=clock.due_at.isoformat())

    def breach(self, clock: Clock) -> None:
        """Put on record that it was due and not met."""
        clock.breached_at = clock.due_at
        self.schedule(clock)
        self.tell_at(clock.due_at, "clock.breached", clock, milestone=clock.milestone)

    def move(self, case: Case) -> None:
        """Make the case's department answer for its clocks. The promise, and so the due time, stays."""
        moved = [
            clock
            for clock in self.clocks_of(case)
            if clock.handoff_id is None and clock.department_id != case.department_id
        ]
        if not moved:
            return
        ends = {"from": moved[0].department_id, "to": case.department_id}
        for clock in moved:
            clock.department_id = case.department_id
            self._touch(clock)
        self.events.append(
            Happening(
                "clock.moved", case, self.at, self.actor, {"clocks": [clock.pk for clock in moved], **ends}
            )
        )

    def retarget(self, clock: Clock, terms: Clock, why: str = "priority") -> bool:
        """Put it under the terms of another clock that is not stored; start, pauses and fired rungs stay.

        A clock that is breached by now stays as it is: history is not rewritten. Tells whether it changed.
        """
        if clock.paused_at is None:
            self._judge(clock)
        if clock.breached_at is not None:
            return False
        for name in ("policy_version_id", "calendar_version_id", "ladder_version_id", "facts", "work"):
            setattr(clock, name, getattr(terms, name))
        self._due(clock)
        self.tell(
            "clock.retargeted",
            clock,
            milestone=clock.milestone,
            policy=clock.policy_version_id,
            within=clock.work.total_seconds(),
            due=clock.due_at.isoformat(),
            why=why,
        )
        return True

    def schedule(self, clock: Clock) -> None:
        """Work out when the sweep has to look at it next; of a paused one that is the end of its pause."""
        if clock.met_at is not None or clock.stopped_at is not None:
            clock.next_fire_at = None
        elif clock.paused_at is None:
            clock.next_fire_at = terms_of(clock).next_fire(
                clock.started_at,
                clock.due_at,
                self.pauses(clock),
                rungs_fired=clock.rungs_fired,
                is_breached=clock.breached_at is not None,
            )
        self._touch(clock)

    def pauses(self, clock: Clock) -> Pauses:
        """Give its pauses, without those that a supervisor rejected."""
        return [
            (pause.from_at, pause.to_at)
            for pause in self.pauses_of(clock)
            if pause.verdict != Verdict.REJECTED
        ]

    def pauses_of(self, clock: Clock) -> list[Pause]:
        """Give all its pauses as rows; the first question loads those of all clocks."""
        if self._pauses is None:
            self._pauses = defaultdict(list)
            for pause in Pause.objects.filter(clock__in=self.clocks).order_by("from_at", "id"):
                self._pauses[pause.clock_id].append(pause)
        new = [pause for pause in self._new_pauses if pause.clock_id == clock.pk]
        return [*self._pauses.get(clock.pk, ()), *new]

    def take_in(self, clock: Clock) -> None:
        """Add a stored clock of one of the cases that has ended, for `settle`."""
        if all(clock.pk != known.pk for known in self.clocks):
            self.clocks.append(clock)
            self._by_case[clock.case_id].append(clock)

    def change_pause(self, pause: Pause) -> None:
        """Keep a changed pause, one of `pauses_of`, for `save`."""
        self._changed_pauses[pause.pk] = pause

    def settle(self, clock: Clock) -> None:
        """Judge a clock anew, ended or not, after its pauses turned out to be others than was thought."""
        was_breached, clock.breached_at = clock.breached_at is not None, None
        with suppress(StillPaused):
            clock.due_at = terms_of(clock).due_at(clock.started_at, self.pauses(clock))
            until = clock.met_at or clock.stopped_at or clock.paused_at or self.at
            if clock.due_at < until:
                clock.breached_at = clock.due_at
        self.schedule(clock)
        self._touch(clock)
        if clock.breached_at is not None and not was_breached:
            self.tell_at(clock.due_at, "clock.breached", clock, milestone=clock.milestone)
        elif was_breached and clock.breached_at is None:
            self.tell("clock.breach_withdrawn", clock, milestone=clock.milestone)

    def tell(self, kind: str, clock: Clock, **data: Any) -> None:
        """Keep an event of a clock for `save`."""
        self.tell_at(self.at, kind, clock, **data)

    def tell_at(self, at: datetime, kind: str, clock: Clock, **data: Any) -> None:
        """Keep an event that happened at another moment than now."""
        self.events.append(Happening(kind, self.case_of(clock), at, self.actor, {"clock": clock.pk, **data}))

    def save(self) -> None:
        """Write everything: clocks, pauses, the cases' next due times, events."""
        self._write()
        bulk.update(Pause, list(self._changed_pauses.values()), PAUSE_CHANGING)
        bulk.insert(Pause, self._new_pauses)
        bulk.update(Case, self._refresh_due(), ["next_due_at"])
        record_all(self.events)

    def _write(self) -> None:
        bulk.update(Clock, list(self._changed.values()), CHANGING)
        self._changed.clear()

    def _refresh_due(self) -> list[Case]:
        """Set each case's earliest due time of its own clocks that run; give the cases that changed."""
        due: dict[int | None, datetime] = {}
        for clock in self.clocks:
            runs = clock.met_at is None and clock.stopped_at is None and clock.paused_at is None
            if runs and clock.handoff_id is None:
                due[clock.case_id] = min(due.get(clock.case_id, clock.due_at), clock.due_at)
        changed = [case for case in self.cases.values() if case.next_due_at != due.get(case.pk)]
        for case in changed:
            case.next_due_at = due.get(case.pk)
        return changed

    def _judge(self, clock: Clock) -> None:
        """Set the breach right for what is known now.

        It is late when the moment is after its due time. A sweep may have put a breach on record while
        something that happened in time was on its way: that breach is withdrawn.
        """
        if clock.paused_at is not None:
            return
        if clock.breached_at is None and self.at > clock.due_at:
            self.breach(clock)
        elif clock.breached_at is not None and self.at <= clock.due_at:
            clock.breached_at = None
            self.schedule(clock)
            self.tell("clock.breach_withdrawn", clock, milestone=clock.milestone)

    def _let_run(self, clock: Clock, at: datetime | None = None) -> None:
        """End its pause, if it stands still: now, or at another moment."""
        if (pause := self._open(clock)) is None:
            return
        pause.to_at = max(at or self.at, pause.from_at)
        if pause.pk:
            self.change_pause(pause)
        clock.paused_at = None
        self._due(clock)

    def _open(self, clock: Clock) -> Pause | None:
        """Give the pause that it stands still in."""
        if clock.paused_at is None:
            return None
        return next(pause for pause in self.pauses_of(clock) if pause.to_at is None)

    def _cap(self, clock: Clock, rule: PauseRule, at: datetime) -> datetime | None:
        """Tell until when a pause that begins now may last; `at` itself when nothing is left of its cap."""
        if rule.cap is None:
            return None
        used = [
            (pause.from_at, pause.to_at or at)
            for pause in self.pauses_of(clock)
            if pause.reason == rule.reason
        ]
        calendar = terms_of(clock).calendar if rule.in_working_time else ALWAYS
        left = left_of_cap(calendar, rule.cap, used)
        return calendar.due(at, left) if left else at

    def _end_capped(self) -> None:
        """Let those run again whose pauses have lasted as long as they may: from that very moment on.

        A paused clock's `next_fire_at` is the end of its pause, so that this costs nothing where none is.
        """
        for clock in self.clocks:
            if clock.paused_at is not None and clock.next_fire_at and clock.next_fire_at <= self.at:
                ended = clock.next_fire_at
                self._let_run(clock, ended)
                due = clock.due_at.isoformat()
                data = {"clock": clock.pk, "milestone": clock.milestone, "due": due, "capped": True}
                self.events.append(Happening("clock.resumed", self.case_of(clock), ended, None, data))

    def _due(self, clock: Clock) -> None:
        """Work out its due time; while it stands still before that, nobody can know it."""
        with suppress(StillPaused):
            clock.due_at = terms_of(clock).due_at(clock.started_at, self.pauses(clock))
            if clock.paused_at is not None and clock.due_at < clock.paused_at:  # retargeted: was due before
                self.breach(clock)
        self.schedule(clock)

    def _end(self, clock: Clock) -> None:
        clock.next_fire_at = None
        self._touch(clock)

    def _moment(self, clock: Clock) -> datetime:
        """Now, but never before it started: two machines' clocks differ a little."""
        return max(self.at, clock.started_at)

    def _touch(self, clock: Clock) -> None:
        self._changed[clock.pk] = clock


def terms_of(clock: Clock) -> Terms:
    """Read the terms that are frozen in a clock."""
    ladder = clock.ladder_version_id
    rungs = sops.rungs(ladder, clock.work) if ladder else ()
    return Terms(sops.calendar(clock.calendar_version_id), clock.work, rungs)
