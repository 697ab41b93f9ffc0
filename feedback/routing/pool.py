"""Who can be given cases now, as the database says: a few queries, however many agents and cases."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce

from feedback.models import (
    Agent,
    Case,
    Channel,
    Cover,
    Dedication,
    Department,
    DepartmentRule,
    Membership,
    Strategy,
)
from feedback.models.case import TO_DO
from feedback.routing.rules import STICKY, Need, Seat, spoken
from feedback.shifts import queries as shifts

WAITING = Q(agent=None, resolved_at=None, status__in=TO_DO)
"""What waits to be given to somebody, as the index `case_to_route` has it."""


@dataclass(slots=True)
class Pool:
    """The departments that the router works for, and who can be given something in each."""

    departments: Mapping[int, Department]
    seats: dict[int, Seat] = field(default_factory=dict)
    members: dict[int, list[int]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    users: dict[int, int] = field(default_factory=dict)

    def in_department(self, department: int) -> list[Seat]:
        """Give those who can be given something there."""
        return [self.seats[agent] for agent in self.members.get(department, ()) if agent in self.seats]

    def room(self, department: int, *, is_chat: bool) -> int:
        """How many cases of a sort the department can be given in all."""
        return sum(seat.room(is_chat=is_chat) for seat in self.in_department(department))

    def keep(self, agents: Collection[int]) -> None:
        """Leave out all others, such as those whom another router is giving to just now."""
        self.seats = {agent: seat for agent, seat in self.seats.items() if agent in agents}

    def count(self) -> None:
        """Count anew what everybody has, under the locks of the agents. One query."""
        for agent, load in shifts.loads(list(self.seats)).items():
            self.seats[agent].chats, self.seats[agent].others = load.chats, load.others


def routed_departments() -> dict[int, Department]:
    """The departments in which cases are given to agents. One query."""
    rows = Department.objects.filter(is_active=True).exclude(strategy=Strategy.OFF)
    return {row.pk: row for row in rows}


def asking(departments: Collection[int]) -> list[int]:
    """Those of the departments in which a case waits: most often none. One query, one look each."""
    waits = Case.objects.filter(WAITING, department=OuterRef("pk"))
    rows = Department.objects.filter(Exists(waits), pk__in=list(departments)).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def load(departments: Mapping[int, Department], at: datetime) -> Pool:
    """Look up who can be given something in some departments: seven queries."""
    pool = Pool(departments)
    rows = Membership.objects.filter(
        department__in=departments, agent__is_active=True, agent__user__is_active=True
    ).values_list("department", "agent")
    for department, agent in rows:
        pool.members.setdefault(department, []).append(agent)
    here = shifts.available({agent for agents in pool.members.values() for agent in agents}, at)
    for row in Agent.objects.filter(pk__in=here).select_related("user").prefetch_related("skills"):
        pool.seats[row.pk] = seat_of(row)
        pool.names[row.pk], pool.users[row.pk] = str(row), row.user_id
    pool.count()
    return pool


def seat_of(agent: Agent) -> Seat:
    """An agent's seat, what they have not counted yet; the skills have to be fetched."""
    return Seat(
        agent=agent.pk,
        skills=frozenset(skill.pk for skill in agent.skills.all()),
        languages=frozenset(map(spoken, agent.languages)),
        chat_capacity=agent.chat_capacity,
        capacity=agent.capacity,
        turn=agent.turn,
    )


def waiting(pool: Pool, limit: int) -> list[int]:
    """The cases that somebody can be given now: chats first, then by priority and next due.

    Only what one of those with room could take, so that cases that nobody can take hold nobody else up.
    One query, from an index of each department.
    """
    lists = []
    for department in pool.departments:
        for is_chat in (True, False):
            able = _able(pool.in_department(department), is_chat=is_chat)
            if not able:
                continue
            room = min(limit, pool.room(department, is_chat=is_chat))
            rows = Case.objects.filter(WAITING, _any(able), department=department)
            rows = rows.filter(channel=Channel.CHAT) if is_chat else rows.exclude(channel=Channel.CHAT)
            rows = rows.order_by("-priority", "next_due_at", "pk")
            lists.append(rows.values_list("pk", "channel", "priority", "next_due_at")[:room])
    if not lists:
        return []
    found = list(lists[0].union(*lists[1:], all=True) if len(lists) > 1 else lists[0])
    return [row[0] for row in sorted(found, key=_urgency)[:limit]]


def waiting_too_long(department: Department, at: datetime, limit: int) -> list[int]:
    """The cases that a department could give to nobody in the time it sets. One query."""
    if department.overflow_after is None:
        return []
    rows = (
        Case.objects.filter(WAITING, department=department)
        .annotate(since=Coalesce("queued_at", "opened_at"))
        .filter(since__lte=at - department.overflow_after)
    )
    return list(rows.order_by("-priority", "next_due_at", "pk").values_list("pk", flat=True)[:limit])


def needs(cases: Collection[Case], pool: Pool, at: datetime) -> dict[int, Need]:
    """What each case asks of its agent: four queries."""
    members = {case.member_id for case in cases}
    own, recent = _own(members), _recent(members, pool, at)
    rules = DepartmentRule.objects.in_bulk({case.department_rule_id for case in cases} - {None})
    return {
        case.pk: Need(
            is_chat=case.channel == Channel.CHAT,
            skill=case.skill_id,
            language=case.language,
            strategy=_strategy(rules.get(case.department_rule_id), case.department_id, pool),
            own=own.get(case.member_id, ()),
            recent=recent.get(case.member_id),
            never=case.given_back_by_id,
        )
        for case in cases
    }


def in_order(cases: Iterable[Case]) -> list[Case]:
    """Chats first, then by priority and next due."""
    return sorted(cases, key=lambda case: _urgency((case.pk, case.channel, case.priority, case.next_due_at)))


def _strategy(rule: DepartmentRule | None, department: int, pool: Pool) -> str:
    if rule is not None and rule.strategy and rule.department_id == department:
        return rule.strategy
    return pool.departments[department].strategy if department in pool.departments else Strategy.ROUND_ROBIN


def _own(members: Collection[int]) -> dict[int, tuple[int, ...]]:
    """The dedicated agent of each member that has one, followed by those who cover."""
    dedicated = dict(Dedication.objects.filter(member__in=members).values_list("member", "agent"))
    covers: dict[int, list[int]] = defaultdict(list)
    if dedicated:
        rows = Cover.objects.filter(agent__in=set(dedicated.values())).order_by("position", "pk")
        for agent, cover in rows.values_list("agent", "cover"):
            covers[agent].append(cover)
    return {member: (agent, *covers[agent]) for member, agent in dedicated.items()}


def _recent(members: Collection[int], pool: Pool, at: datetime) -> dict[int, int]:
    """Who of those here looked after each member last."""
    rows = Case.objects.filter(member__in=members, agent__in=pool.seats, opened_at__gt=at - STICKY)
    latest = rows.order_by("member", "-opened_at", "-pk").distinct("member")
    return {member: agent for member, agent in latest.values_list("member", "agent") if agent is not None}


def _able(seats: Iterable[Seat], *, is_chat: bool) -> dict[tuple[frozenset[int], frozenset[str]], list[int]]:
    """Those with room, by what they can do: as few conditions as there are kinds of agents."""
    found: dict[tuple[frozenset[int], frozenset[str]], list[int]] = defaultdict(list)
    for seat in seats:
        if seat.room(is_chat=is_chat):
            found[seat.skills, seat.languages].append(seat.agent)
    return found


def _any(able: Mapping[tuple[frozenset[int], frozenset[str]], list[int]]) -> Q:
    """What one of them could take."""
    wanted = Q(pk__in=[])
    for (skills, languages), agents in able.items():
        one = Q(skill=None) | Q(skill__in=sorted(skills)) if skills else Q(skill=None)
        if languages:
            known = "|".join(map(re.escape, sorted(languages)))
            one &= Q(language="") | Q(language__iregex=rf"^({known})(-|$)")
        if len(agents) == 1:
            one &= Q(given_back_by=None) | ~Q(given_back_by=agents[0])
        wanted |= one
    return wanted


def _urgency(row: tuple[int, str, int, datetime | None]) -> tuple[bool, int, bool, float, int]:
    pk, channel, priority, due = row
    return channel != Channel.CHAT, -priority, due is None, due.timestamp() if due else 0, pk
