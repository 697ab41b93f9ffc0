"""Whom a rung can turn to: departments, their people and leads, and how much each lead has to do."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count

from feedback.models import Case, Department, Membership, Messenger, PlaybookVersion, Via
from feedback.org.digests import Recipient
from feedback.shifts.queries import on_shift


@dataclass(slots=True)
class People:
    """The organisation as a sweep finds it. Loads grow as the sweep gives cases to leads."""

    departments: dict[int, Department]
    users: dict[int, int] = field(default_factory=dict)
    """The account of each active agent."""
    names: dict[int, str] = field(default_factory=dict)
    """What members call each of them."""
    agents: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The active agents of each department."""
    leads: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The active agents who lead it."""
    on_duty: set[int] = field(default_factory=set)
    """Those on shift and not on leave."""
    own: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The messengers of each account."""
    groups: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The messengers of each department."""
    playbooks: set[int] = field(default_factory=set)
    """Those in force."""
    _load: dict[int, int] | None = None

    def above(self, department: int) -> int | None:
        """Give the next department above that takes cases."""
        seen = {department}
        parent = self.departments[department].parent_id
        while parent is not None and parent not in seen:
            if self.departments[parent].is_active:
                return parent
            seen.add(parent)
            parent = self.departments[parent].parent_id
        return None

    def is_on_duty(self, agent: int) -> bool:
        """Tell whether somebody is on shift and not on leave."""
        return agent in self.on_duty

    def working(self, department: int) -> list[int]:
        """Give the agents of a department who are on duty; where nobody is, all of them."""
        everyone = self.agents.get(department, [])
        return [agent for agent in everyone if self.is_on_duty(agent)] or everyone

    def leads_for(self, department: int) -> list[int]:
        """Give those on duty who lead a department, or the next one above that has any.

        Where no lead is on duty all the way up, those of the nearest department that has leads at all.
        """
        at: int | None = department
        off_duty: list[int] = []
        while at is not None:
            found = self.leads.get(at, [])
            if on_duty := [agent for agent in found if self.is_on_duty(agent)]:
                return on_duty
            off_duty = off_duty or found
            at = self.above(at)
        return off_duty

    def least_loaded(self, agents: list[int]) -> int:
        """Choose the one with the fewest cases that are not resolved."""
        if self._load is None:
            self._load = self._count()
        load = self._load
        return min(agents, key=lambda agent: (load.get(agent, 0), agent))

    def give(self, agent: int, *, taken_from: int | None) -> None:
        """Note that a case went from one agent to another."""
        if self._load is not None:
            self._load[agent] = self._load.get(agent, 0) + 1
            if taken_from in self._load:
                self._load[taken_from] -= 1

    def accounts(self, agents: Sequence[int]) -> list[int]:
        """Give the accounts of some agents, leaving out those who do not work now."""
        return [self.users[agent] for agent in agents if agent in self.users]

    def reached_by(self, via: str, department: int, told: Sequence[int]) -> list[Recipient]:
        """Give who gets a letter or a message: those told, by their own messengers and the department's."""
        found: list[Recipient] = []
        if via in {Via.EMAIL, Via.ALL}:
            found += [Recipient(user=user) for user in told]
        if via in {Via.MESSENGER, Via.ALL}:
            groups = [self.own.get(user, ()) for user in told]
            groups.append(self.groups.get(department, ()))
            found += [Recipient(messenger=pk) for group in groups for pk in group]
        return found

    def _count(self) -> dict[int, int]:
        leads = {agent for group in self.leads.values() for agent in group}
        counted = Case.objects.filter(resolved_at=None, agent__in=leads).values_list("agent")
        return dict(counted.annotate(Count("pk")))


def load(at: datetime) -> People:
    """Look the organisation up as it is at a moment: a few small queries."""
    people = People(Department.objects.in_bulk())
    active = Membership.objects.filter(agent__is_active=True, agent__user__is_active=True)
    for membership in active.order_by("agent_id").select_related("agent__user"):
        agent, department = membership.agent, membership.department_id
        people.users[agent.pk], people.names[agent.pk] = agent.user_id, str(agent)
        people.agents[department].append(agent.pk)
        if membership.is_lead:
            people.leads[department].append(agent.pk)
    in_force = PlaybookVersion.objects.filter(playbook__is_active=True)
    people.playbooks = set(in_force.values_list("playbook", flat=True))
    people.on_duty = on_shift(people.users, at)
    for messenger in Messenger.objects.filter(is_active=True).order_by("pk"):
        if messenger.user_id is not None:
            people.own[messenger.user_id].append(messenger.pk)
        elif messenger.department_id is not None:
            people.groups[messenger.department_id].append(messenger.pk)
    return people
