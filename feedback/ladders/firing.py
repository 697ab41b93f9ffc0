"""What each rung does to the cases that a sweep holds: decided in memory, written together.

The outcome of a rung is kept with its firing and told in its event. `told` in it names the accounts that get
an alert; an empty one where somebody was to be told puts on record that there was nobody.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from feedback.ladders.people import People
from feedback.models import CaseStatus, Priority, RungAction
from feedback.sops.ladder import DUE, Rung


@dataclass(slots=True)
class Held:
    """A locked case. What rungs change in it is noted here."""

    pk: int
    member: int
    department: int
    agent: int | None
    status: str
    priority: int
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
    """What the member is to be told: the agent who works on the case now, or the department that has it."""

    clock: int
    rung: int
    case: int
    member: int
    is_moved: bool
    to: int


class Fire:
    """Fires rungs on locked cases, in the order in which they were due."""

    def __init__(self, cases: dict[int, Held], clocks: dict[int, Due], people: People) -> None:
        self.cases, self.clocks, self.people = cases, clocks, people
        self.records: list[Record] = []
        self.effects: list[Effect] = []
        self._known: dict[tuple[Any, ...], int] = {}
        self.told: set[int] = set()
        self.news: list[News] = []
        self._of_case: dict[int, list[Due]] = {}
        for clock in clocks.values():
            self._of_case.setdefault(clock.case, []).append(clock)
        self._actions = {
            RungAction.NOTIFY_AGENT: self._notify_agent,
            RungAction.NOTIFY_LEAD: self._notify_lead,
            RungAction.REASSIGN_LEAD: self._reassign,
            RungAction.RAISE_PRIORITY: self._raise,
            RungAction.ESCALATE: self._escalate,
        }

    def __call__(self, shot: Shot) -> None:
        """Fire one rung."""
        clock = self.clocks[shot.clock]
        self._actions[shot.rung.action](shot, clock, self.cases[clock.case])

    def _notify_agent(self, shot: Shot, clock: Due, case: Held) -> None:
        """Tell the agent; the whole department where nobody has the case, or when a handoff waits."""
        told: Sequence[int] = ()
        if not clock.is_handoff and case.agent is not None:
            told = self.people.accounts([case.agent])
        self._only_tell(
            shot, clock, told or self.people.accounts(self.people.agents.get(clock.department, []))
        )

    def _notify_lead(self, shot: Shot, clock: Due, _case: Held) -> None:
        self._only_tell(shot, clock, self.people.accounts(self.people.leads_for(clock.department)))

    def _reassign(self, shot: Shot, clock: Due, case: Held) -> None:
        """Give the case to the lead who has the fewest; of a handoff the leads are only told."""
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
            told = self.people.accounts([agent])
            self._keep(shot, clock, "case.assigned", "case.reassigned", told, agent=agent, **ends)
            self.news.append(News(clock.pk, shot.number, case.pk, case.member, is_moved=False, to=agent))

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
        self._keep(shot, clock, "case.transferred", "case.escalated", told, departments=ends)
        self.news.append(News(clock.pk, shot.number, case.pk, case.member, is_moved=True, to=above))

    def _only_tell(self, shot: Shot, clock: Due, told: Sequence[int]) -> None:
        """Keep a rung on record that only tells people."""
        is_warning = shot.rung.percent is not None and shot.rung.percent < DUE
        self._keep(shot, clock, "ladder.fired", "clock.warned" if is_warning else "clock.breached", told)

    def _unchanged(self, shot: Shot, clock: Due) -> None:
        """Keep on record that there was nothing left to do: at the top, or in the lead's hands already."""
        self._keep(shot, clock, "ladder.fired", "", (), unchanged=True)

    def _keep(
        self, shot: Shot, clock: Due, event: str, alert: str, told: Sequence[int], **outcome: Any
    ) -> None:
        """Keep what a rung did; one that changed the case has the event of the command that does the same."""
        action = shot.rung.action.value
        key = (action, event, alert, clock.milestone, *told, *outcome.items())
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self.effects)
            text = json.dumps({**outcome, "told": told})
            self.effects.append(Effect(action, event, alert, clock.milestone, text))
            self.told.update(told)
        self.records.append(Record(clock.pk, clock.case, shot.number, shot.due_at, number))
