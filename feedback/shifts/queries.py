"""Who is on duty, who can take a case now, and how much each has to do.

A fixed number of queries for any number of agents.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from feedback.models import Agent, Calendar, Case, Channel, Leave, Membership, Presence, PresenceState, Shift
from feedback.models.case import TO_DO
from feedback.shifts import rules
from feedback.shifts.rules import OFFLINE, Span
from feedback.sops.calendar import WorkCalendar

WORKING = Q(is_active=True, user__is_active=True)
LOADS = Q(channel=Channel.CHAT) | Q(status__in=TO_DO)
"""What takes up a place of its agent: a chat until it is resolved, others while it is our turn."""


@dataclass(frozen=True, slots=True)
class Load:
    """How many cases an agent has to do now."""

    chats: int = 0
    others: int = 0


@dataclass(frozen=True, slots=True)
class OnShift:
    """An agent on duty in a department: presence, and load of capacity."""

    agent: Agent
    department_id: int
    is_lead: bool
    state: str
    load: Load

    @property
    def free(self) -> int:
        """How many cases more, other than chats, may be given automatically."""
        return max(0, self.agent.capacity - self.load.others)


def on_shift(agent_ids: Iterable[int], at: datetime) -> set[int]:
    """Those on duty at a moment: by the calendar or the roster, not on leave, and active. Three queries.

    The calendar is the agent's own, else those of their departments: it is enough that one is open. Who
    works by the roster only has none.
    """
    agents = (
        Agent.objects.filter(WORKING, pk__in=list(agent_ids))
        .filter(~Exists(_at(Leave, at)))
        .annotate(rostered=Exists(_at(Shift, at)))
    )
    rows = list(agents.values_list("pk", "calendar", "by_roster", "rostered"))
    patterns = _calendars({pk: own for pk, own, by_roster, rostered in rows if not (by_roster or rostered)})
    open_now = {calendar: work.is_open(at) for calendar, work in _contents(_all(patterns.values())).items()}
    return {
        pk
        for pk, _own, _by_roster, rostered in rows
        if rostered or any(open_now[one] for one in patterns.get(pk, ()))
    }


def available(agent_ids: Iterable[int], at: datetime) -> set[int]:
    """Those who can be given something now: on duty, and online (not busy, not away). Four queries."""
    ids = list(agent_ids)
    online = {pk for pk, state in states(ids, at).items() if state == PresenceState.ONLINE}
    return on_shift(online, at) if online else set()


def states(agent_ids: Iterable[int], at: datetime) -> dict[int, str]:
    """Each one's presence: online, busy, away, or offline. One query."""
    ids = list(agent_ids)
    known = {
        pk: rules.state_at(state, seen_at, at)
        for pk, state, seen_at in Presence.objects.filter(agent__in=ids).values_list(
            "agent", "state", "seen_at"
        )
    }
    return {pk: known.get(pk, OFFLINE) for pk in ids}


def loads(agent_ids: Collection[int]) -> dict[int, Load]:
    """How much each has to do. One query, from the index `case_load`."""
    counted = (
        Case.objects.filter(LOADS, resolved_at=None, agent__isnull=False, agent__in=list(agent_ids))
        .order_by()
        .values_list("agent")
        .annotate(
            chats=Count("pk", filter=Q(channel=Channel.CHAT)),
            others=Count("pk", filter=~Q(channel=Channel.CHAT)),
        )
    )
    found = {pk: Load(chats, others) for pk, chats, others in counted}
    return {pk: found.get(pk, Load()) for pk in agent_ids}


def people_on_shift(department_ids: Iterable[int], at: datetime) -> dict[int, list[OnShift]]:
    """Who is on duty in each department, with presence and load, leads first. Six queries.

    Somebody in two departments stands in both, each time with all they have to do.
    """
    wanted = list(department_ids)
    members = list(
        Membership.objects.filter(department__in=wanted, agent__is_active=True, agent__user__is_active=True)
        .select_related("agent__user")
        .order_by("-is_lead", "agent__user__name", "agent")
    )
    on_duty = on_shift({one.agent_id for one in members}, at)
    present, load = states(on_duty, at), loads(on_duty)
    found: dict[int, list[OnShift]] = {pk: [] for pk in wanted}
    for one in members:
        pk = one.agent_id
        if pk in on_duty:
            found[one.department_id].append(
                OnShift(one.agent, one.department_id, one.is_lead, present[pk], load[pk])
            )
    return found


@dataclass(frozen=True, slots=True)
class Rota:
    """What an agent's time between two moments is made of, and when they are on duty by all of it."""

    pattern: list[Span]
    shifts: list[Shift]
    leave: list[Leave]
    duty: list[Span]


def rota(agent_ids: Iterable[int], start: datetime, end: datetime) -> dict[int, Rota]:
    """The calendar, roster and leave of each between two moments. Five queries."""
    rows = list(
        Agent.objects.filter(WORKING, pk__in=list(agent_ids)).values_list("pk", "calendar", "by_roster")
    )
    patterns = _calendars({pk: own for pk, own, by_roster in rows if not by_roster})
    contents = _contents(_all(patterns.values()))
    opened = {pk: list(work.intervals(start, end)) for pk, work in contents.items()}
    ids = [row[0] for row in rows]
    shifts, leave = defaultdict(list), defaultdict(list)
    for shift in Shift.objects.filter(agent__in=ids, starts_at__lt=end, ends_at__gt=start):
        shifts[shift.agent_id].append(shift)
    for absence in Leave.objects.filter(agent__in=ids, starts_at__lt=end, ends_at__gt=start):
        leave[absence.agent_id].append(absence)
    found = {}
    for pk in ids:
        pattern = rules.union(*(opened[one] for one in patterns.get(pk, ())))
        duty = rules.duty(pattern, _spans(shifts[pk]), _spans(leave[pk]), start, end)
        found[pk] = Rota(pattern, shifts[pk], leave[pk], duty)
    return found


def duties(agent_ids: Iterable[int], start: datetime, end: datetime) -> dict[int, list[Span]]:
    """When each is on duty between two moments: for forecasts. Five queries."""
    return {pk: one.duty for pk, one in rota(agent_ids, start, end).items()}


def _spans(rows: Iterable[Shift] | Iterable[Leave]) -> list[Span]:
    return [(row.starts_at, row.ends_at) for row in rows]


def _at(model: type[Shift] | type[Leave], at: datetime) -> "QuerySet[Shift] | QuerySet[Leave]":
    return model._default_manager.filter(agent=OuterRef("pk"), starts_at__lte=at, ends_at__gt=at)


def _calendars(own: Mapping[int, int | None]) -> dict[int, set[int]]:
    """The calendars of each agent: their own, else those of the departments they belong to."""
    found = {pk: {calendar} for pk, calendar in own.items() if calendar is not None}
    others = [pk for pk, calendar in own.items() if calendar is None]
    if others:
        members = Membership.objects.filter(agent__in=others)
        for agent, calendar in members.values_list("agent", "department__calendar"):
            found.setdefault(agent, set()).add(calendar)
    return found


def _all(sets: Iterable[set[int]]) -> set[int]:
    return set().union(*sets)


def _contents(ids: Collection[int]) -> dict[int, WorkCalendar]:
    if not ids:
        return {}
    rows = Calendar.objects.filter(pk__in=ids).values_list("pk", "content")
    return {pk: WorkCalendar.from_json(content) for pk, content in rows}
