"""What each rung does to a case that the sweep holds, in memory; the sweep writes it all together."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from config.common.events import Happening
from feedback.clocks.running import Running
from feedback.ladders.people import People
from feedback.models import Alert, Case, CaseStatus, Clock, Firing, Priority, RungAction
from feedback.sops.ladder import DUE, Rung


@dataclass(slots=True)
class Shot:
    """A rung that is due."""

    clock: Clock
    number: int
    rung: Rung
    due_at: datetime


@dataclass(slots=True)
class Effects:
    """What a chunk of the sweep has to write besides the clocks."""

    firings: list[Firing] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    cases: dict[int, Case] = field(default_factory=dict)
    raised: dict[int, Case] = field(default_factory=dict)


class Fire:
    """Fires rungs on locked cases."""

    def __init__(self, running: Running, people: People) -> None:
        self.running, self.people, self.at = running, people, running.at
        self.effects = Effects()
        self._actions = {
            RungAction.NOTIFY_AGENT: self._notify_agent,
            RungAction.NOTIFY_LEAD: self._notify_lead,
            RungAction.REASSIGN_LEAD: self._reassign,
            RungAction.RAISE_PRIORITY: self._raise,
            RungAction.ESCALATE: self._escalate,
        }

    def __call__(self, shot: Shot) -> None:
        """Fire one rung and keep on record what came of it."""
        case = self.running.cases[shot.clock.case_id]
        outcome = self._actions[shot.rung.action](case, shot)
        self.effects.firings.append(
            Firing(
                clock_id=shot.clock.pk,
                rung=shot.number,
                action=shot.rung.action.value,
                due_at=shot.due_at,
                fired_at=self.at,
                outcome=outcome,
            )
        )

    def _notify_agent(self, case: Case, shot: Shot) -> dict[str, Any]:
        """Tell the agent; the whole department where nobody has the case, or when a handoff waits."""
        agents = [case.agent_id] if case.agent_id is not None else []
        if shot.clock.handoff_id is not None or not self.people.accounts(agents):
            agents = self.people.agents.get(shot.clock.department_id, [])
        return self._tell_only(case, shot, self.people.accounts(agents))

    def _notify_lead(self, case: Case, shot: Shot) -> dict[str, Any]:
        leads = self.people.leads_for(shot.clock.department_id)
        return self._tell_only(case, shot, self.people.accounts(leads))

    def _reassign(self, case: Case, shot: Shot) -> dict[str, Any]:
        """Give the case to the lead who has the fewest; of a handoff the leads are only told."""
        leads = self.people.leads_for(shot.clock.department_id)
        if shot.clock.handoff_id is not None or not leads:
            return self._tell_only(case, shot, self.people.accounts(leads))
        if case.agent_id in leads:
            return self._on_record(case, shot, agent=case.agent_id, unchanged=True)
        before, case.agent_id = case.agent_id, self.people.least_loaded(leads)
        self.people.give(case.agent_id, taken_from=before)
        ends = {}
        if case.status in {CaseStatus.NEW, CaseStatus.REOPENED}:
            ends = {"from": str(case.status), "to": CaseStatus.OPEN.value}
            case.status = CaseStatus.OPEN
        self.effects.cases[case.pk] = case
        self._event("case.assigned", case, shot, agent=case.agent_id, **ends)
        self._alert("case.reassigned", case, shot, self.people.accounts([case.agent_id]))
        return {"agent": case.agent_id, "from": before}

    def _raise(self, case: Case, shot: Shot) -> dict[str, Any]:
        if case.priority >= Priority.URGENT:
            return self._on_record(case, shot, priority=int(case.priority), unchanged=True)
        before, case.priority = int(case.priority), Priority(case.priority + 1)
        self.effects.cases[case.pk] = self.effects.raised[case.pk] = case
        self._event("case.priority_changed", case, shot, priorities=[before, int(case.priority)])
        return {"priority": int(case.priority), "from": before}

    def _escalate(self, case: Case, shot: Shot) -> dict[str, Any]:
        """Move the case up, where nobody has it yet; a handoff stays, and the leads above are told."""
        above = self.people.above(shot.clock.department_id)
        if above is None:
            return self._on_record(case, shot, top=True)
        told = self.people.accounts(self.people.leads_for(above))
        if shot.clock.handoff_id is not None:
            return self._tell_only(case, shot, told)
        before, case.department_id = case.department_id, above
        case.agent_id = None
        self.effects.cases[case.pk] = case
        self._event("case.transferred", case, shot, departments=[before, above])
        self.running.move(case)
        self._alert("case.escalated", case, shot, told)
        return {"from": before, "department": above, "told": told}

    def _tell_only(self, case: Case, shot: Shot, users: list[int]) -> dict[str, Any]:
        is_warning = shot.rung.percent is not None and shot.rung.percent < DUE
        self._alert("clock.warned" if is_warning else "clock.breached", case, shot, users)
        return self._on_record(case, shot, told=users)

    def _on_record(self, case: Case, shot: Shot, **outcome: Any) -> dict[str, Any]:
        """Write the event of a rung that changes nothing in the case."""
        self._event("ladder.fired", case, shot, action=shot.rung.action.value, **outcome)
        return outcome

    def _event(self, kind: str, case: Case, shot: Shot, **data: Any) -> None:
        data |= {"clock": shot.clock.pk, "rung": shot.number, "due": shot.due_at.isoformat()}
        self.running.events.append(Happening(kind, case, self.at, None, data))

    def _alert(self, kind: str, case: Case, shot: Shot, users: list[int]) -> None:
        clock = shot.clock
        self.effects.alerts.extend(
            Alert(
                key=f"rung:{clock.pk}:{shot.number}:{user}",
                user_id=user,
                case_id=case.pk,
                kind=kind,
                data={"clock": clock.pk, "milestone": clock.milestone, "due": clock.due_at.isoformat()},
                at=self.at,
            )
            for user in users
        )
