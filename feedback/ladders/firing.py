"""What each rung does to the cases that a sweep holds: decided in memory, written together.

The outcome of a rung is kept with its firing and told in its event. `told` in it names the accounts that get
an alert; an empty one where somebody was to be told puts on record that there was nobody.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from feedback.ladders import chunk
from feedback.ladders.chunk import Due, Effect, Held, News, Question, Record, Request, Seen, Shot, Watching
from feedback.ladders.people import People
from feedback.models import CaseStatus, Priority, Recipients, RungAction
from feedback.org.digests import Recipient

LATE = "clock.breached"


class Fire:
    """Fires rungs on locked cases, in the order in which they were due."""

    def __init__(
        self,
        cases: dict[int, Held],
        clocks: dict[int, Due],
        people: People,
        *,
        watchers: dict[int, list[int]] | None = None,
        asked: set[tuple[int, int]] | None = None,
        playing: set[tuple[int, int]] | None = None,
    ) -> None:
        """Take cases and clocks, who watches them, the departments asked and the playbooks begun in them."""
        self.cases, self.clocks, self.people = cases, clocks, people
        self.watchers = watchers or {}
        self.asked, self.playing = asked or set(), playing or set()
        self.records: list[Record] = []
        self.effects: list[Effect] = []
        self.lines: dict[Recipient, list[str]] = defaultdict(list)
        self.news: dict[tuple[int, bool], News] = {}
        self.questions: list[Question] = []
        self.requests: list[Request] = []
        self.watching: list[Watching] = []
        self.seen: list[Seen] = []
        self.plays: list[tuple[int, int]] = []
        self._known: dict[tuple[Any, ...], int] = {}
        self._told_by: list[tuple[list[Recipient], str]] = []
        self._of_case: dict[int, list[Due]] = {}
        for clock in clocks.values():
            self._of_case.setdefault(clock.case, []).append(clock)
        self._actions = {
            RungAction.NOTIFY: self._notify,
            RungAction.NOTIFY_AGENT: self._notify_agent,
            RungAction.NOTIFY_LEAD: self._notify_lead,
            RungAction.REASSIGN_LEAD: self._reassign,
            RungAction.RAISE_PRIORITY: self._raise,
            RungAction.ESCALATE: self._escalate,
            RungAction.WATCH: self._watch,
            RungAction.HAND_OFF: self._hand_off,
            RungAction.ASK_APPROVAL: self._ask_approval,
            RungAction.PLAYBOOK: self._begin_playbook,
        }

    def __call__(self, shot: Shot) -> None:
        """Fire one rung."""
        clock = self.clocks[shot.clock]
        self._actions[shot.rung.action](shot, clock, self.cases[clock.case])

    def tell_watchers(self) -> None:
        """Have who watches a case told of a clock that is late now, unless one of its rungs just did so."""
        if not self.watchers:
            return
        told = {
            (record.clock, user)
            for record in self.records
            if record.case in self.watchers
            for user in json.loads(self.effects[record.effect].outcome)["told"]
        }
        for clock in self.clocks.values():
            for user in self.watchers.get(clock.case, ()) if clock.is_breached_now else ():
                if (clock.pk, user) not in told:
                    self.seen.append(Seen(clock.case, clock.pk, clock.milestone, user))
                    self.lines[Recipient(user=user)].append(
                        json.dumps([clock.case, LATE, {"milestone": clock.milestone}])
                    )

    def _notify(self, shot: Shot, clock: Due, case: Held) -> None:
        self._only_tell(shot, clock, self._named(shot, clock, case))

    def _named(self, shot: Shot, clock: Due, case: Held) -> list[int]:
        """Give the accounts that a rung names; where it names nobody, those of the leads."""
        department = shot.rung.department or clock.department
        whom, people = shot.rung.recipients, self.people
        if whom == Recipients.WATCHERS:
            return self.watchers.get(case.pk, [])
        if whom == Recipients.AGENT:
            return people.accounts([case.agent]) if case.agent is not None else []
        if whom == Recipients.DEPARTMENT:
            return people.accounts(people.working(department))
        if whom == Recipients.LEADS_ABOVE:
            above = people.above(department)
            return people.accounts(people.leads_for(above)) if above is not None else []
        return people.accounts(people.leads_for(department))

    def _notify_agent(self, shot: Shot, clock: Due, case: Held) -> None:
        """Tell the agent; where that one is off duty the leads, where nobody has the case the department.

        A handoff has no agent: its department is told.
        """
        people = self.people
        agents: Sequence[int] = people.working(clock.department)
        if not clock.is_handoff and case.agent in people.users:
            agents = [case.agent] if people.is_on_duty(case.agent) else people.leads_for(clock.department)
        self._only_tell(shot, clock, people.accounts(agents))

    def _notify_lead(self, shot: Shot, clock: Due, _case: Held) -> None:
        self._only_tell(shot, clock, self.people.accounts(self.people.leads_for(clock.department)))

    def _reassign(self, shot: Shot, clock: Due, case: Held) -> None:
        """Give the case to the lead on duty who has the fewest; of a handoff the leads are only told."""
        leads = self.people.leads_for(clock.department)
        if clock.is_handoff or not leads:
            self._only_tell(shot, clock, self.people.accounts(leads))
        elif case.agent in leads:
            self._unchanged(shot, clock)
        else:
            before, agent = case.agent, self.people.least_loaded(leads)
            self.people.give(agent, taken_from=before)
            case.agent, case.is_changed = agent, True
            ends = {}
            if case.status in {CaseStatus.NEW, CaseStatus.REOPENED}:
                ends = {"from": case.status, "to": CaseStatus.OPEN.value}
                case.status = CaseStatus.OPEN.value
            told = self._with_watchers(case, self.people.accounts([agent]))
            self._keep(shot, clock, "case.assigned", "case.reassigned", told, agent=agent, **ends)
            self._tell_member(shot, case, chunk.WORKING, agent)

    def _raise(self, shot: Shot, clock: Due, case: Held) -> None:
        if case.priority >= Priority.URGENT:
            self._unchanged(shot, clock)
            return
        case.priority += 1
        case.is_changed = case.is_raised = True
        ends = (case.priority - 1, case.priority)
        self._keep(shot, clock, "case.priority_changed", "", (), priorities=ends)

    def _escalate(self, shot: Shot, clock: Due, case: Held) -> None:
        """Move the case up, where nobody has it yet; a handoff stays, and the leads above are told."""
        above = self.people.above(clock.department)
        if above is None:
            self._unchanged(shot, clock)
            return
        told = self.people.accounts(self.people.leads_for(above))
        if clock.is_handoff:
            self._only_tell(shot, clock, told)
            return
        ends = (case.department, above)
        if case.came_from is None:
            case.came_from = case.department
        case.department, case.agent, case.is_changed = above, None, True
        for other in self._of_case[case.pk]:
            if not other.is_handoff:
                other.department = above
        told = self._with_watchers(case, told)
        self._keep(shot, clock, "case.transferred", "case.escalated", told, departments=ends)
        self._tell_member(shot, case, chunk.MOVED, above)

    def _watch(self, shot: Shot, clock: Due, case: Held) -> None:
        """Have those named watch the case, who do not yet."""
        known = self.watchers.setdefault(case.pk, [])
        new = [user for user in self._named(shot, clock, case) if user not in known]
        if known and not new:
            self._unchanged(shot, clock)
            return
        known += new
        self.watching += [Watching(case.pk, user) for user in new]
        self._keep(shot, clock, "ladder.fired", "case.watching", new)

    def _hand_off(self, shot: Shot, clock: Due, case: Held) -> None:
        """Ask a department that was not asked yet, and that does not have the case anyway."""
        to = shot.rung.department or 0
        takes = to in self.people.departments and self.people.departments[to].is_active
        if not takes or to == case.department or (case.pk, to) in self.asked:
            self._unchanged(shot, clock)
            return
        self.asked.add((case.pk, to))
        self.questions.append(Question(case.pk, case.department, to, shot.rung.note, case.is_waiting))
        case.status, case.is_changed, case.is_waiting = CaseStatus.WAITING_DEPARTMENT.value, True, False
        told = self._with_watchers(case, self.people.accounts(self.people.leads_for(to)))
        self._keep(shot, clock, "ladder.fired", "case.handed_off", told, asked=to)
        self._tell_member(shot, case, chunk.ASKED, to)

    def _ask_approval(self, shot: Shot, clock: Due, case: Held) -> None:
        rung = shot.rung
        told = self.people.accounts(self.people.leads_for(clock.department))
        self.requests.append(
            Request(clock.pk, shot.number, case.pk, clock.department, rung.approval, rung.note)
        )
        self._keep(shot, clock, "ladder.fired", "approval.asked", told, approval=rung.approval)

    def _begin_playbook(self, shot: Shot, clock: Due, case: Held) -> None:
        """Have the case worked by a playbook that is in force and was not begun in it yet."""
        playbook = shot.rung.playbook or 0
        if playbook not in self.people.playbooks or (case.pk, playbook) in self.playing:
            self._unchanged(shot, clock)
            return
        self.playing.add((case.pk, playbook))
        self.plays.append((case.pk, playbook))
        told = self.people.accounts([case.agent]) if case.agent is not None else []
        self._keep(shot, clock, "ladder.fired", "case.playbook", told, playbook=playbook)

    def _with_watchers(self, case: Held, told: list[int]) -> list[int]:
        watchers = self.watchers.get(case.pk)
        return list(dict.fromkeys([*told, *watchers])) if watchers else told

    def _tell_member(self, shot: Shot, case: Held, kind: str, to: int) -> None:
        """Note what the member is told; a later rung of the same pass says how it is in the end."""
        news = News(shot.clock, shot.number, case.pk, case.member, kind, to)
        self.news[case.pk, kind == chunk.ASKED] = news

    def _only_tell(self, shot: Shot, clock: Due, told: Sequence[int]) -> None:
        """Keep a rung on record that only tells people."""
        self._keep(shot, clock, "ladder.fired", "clock.warned" if shot.rung.is_warning else LATE, told)

    def _unchanged(self, shot: Shot, clock: Due) -> None:
        """Keep on record that there was nothing left to do: at the top, or in the lead's hands already."""
        self._keep(shot, clock, "ladder.fired", "", (), unchanged=True)

    def _keep(
        self, shot: Shot, clock: Due, event: str, alert: str, told: Sequence[int], **outcome: Any
    ) -> None:
        """Keep what a rung did; one that changed the case has the event of the command that does the same."""
        group = clock.department if self.people.groups else None
        key = (shot.rung, event, alert, clock.milestone, group, *told, *outcome.items())
        number = self._known.get(key)
        if number is None:
            outcome = {**outcome, "told": told, "when": shot.rung.when, "late": not shot.rung.is_warning}
            number = self._known[key] = len(self.effects)
            text = json.dumps(outcome)
            self.effects.append(Effect(shot.rung.action.value, event, alert, clock.milestone, text))
            self._told_by.append(self._line(shot, clock, alert, told))
        self.records.append(Record(clock.pk, clock.case, shot.number, shot.due_at, number))
        recipients, rest = self._told_by[number]
        if recipients:
            line = f"[{clock.case},{rest}"
            for to in recipients:
                self.lines[to].append(line)

    def _line(self, shot: Shot, clock: Due, alert: str, told: Sequence[int]) -> tuple[list[Recipient], str]:
        """Give who is told of a rung beyond the desk, and the line that tells them, but for its case."""
        data = {"milestone": clock.milestone}
        if shot.rung.approval:
            data["approval"] = shot.rung.approval
        via, department = shot.rung.via, clock.department
        recipients = self.people.reached_by(via, department, told) if alert and told else []
        return recipients, f"{json.dumps(alert)},{json.dumps(data)}]"
