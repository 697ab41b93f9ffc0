"""Who is on duty, how much each has to do, and what a department's people can get done."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.db.models import Count, Q, QuerySet

from feedback.models import Case, Membership, Pace
from feedback.shifts import queries as shifts
from feedback.shifts.queries import OnShift
from feedback.shifts.rules import Span
from feedback.supervision.forecast import MINUTES, Force

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on duty, with what is pressing among their cases."""

    on_shift: OnShift
    late: int
    next_hour: int


@dataclass(frozen=True, slots=True)
class Crew:
    """The people of a department: who is on duty now, most pressing first, and what they can get done."""

    people: list[Person]
    force: Force


def crews(departments: Collection[int], now: datetime) -> dict[int, Crew]:
    """Look at the people of some departments; ten queries. Cases count wherever they are.

    Somebody in two departments stands in both, each time with all they have to do.
    """
    members: dict[int, list[Membership]] = defaultdict(list)
    for one in _working().filter(department__in=departments).select_related("agent__user"):
        members[one.department_id].append(one)
    duties = _duties(members, now)
    on_duty = {agent for agent, spans in duties.items() if any(start <= now < end for start, end in spans)}
    states, loads, pressing = shifts.states(on_duty, now), shifts.loads(on_duty), _pressing(on_duty, now)
    found = {}
    forces = _forces(departments, members, duties, now)
    for department in departments:
        people = [
            Person(
                OnShift(one.agent, department, one.is_lead, states[one.agent_id], loads[one.agent_id]),
                *pressing.get(one.agent_id, (0, 0)),
            )
            for one in members[department]
            if one.agent_id in on_duty
        ]
        people.sort(key=lambda one: (-one.late, -one.next_hour, str(one.on_shift.agent)))
        found[department] = Crew(people, forces[department])
    return found


def forces_of(departments: Collection[int], now: datetime) -> dict[int, Force]:
    """What the people of some departments can get done in the next hour."""
    members: dict[int, list[Membership]] = defaultdict(list)
    for one in _working().filter(department__in=departments):
        members[one.department_id].append(one)
    return _forces(departments, members, _duties(members, now), now)


def _working() -> QuerySet[Membership]:
    return Membership.objects.filter(agent__is_active=True, agent__user__is_active=True)


def _duties(members: Mapping[int, Sequence[Membership]], now: datetime) -> dict[int, list[Span]]:
    agents = {one.agent_id for several in members.values() for one in several}
    return shifts.duties(agents, now, now + HOUR)


def _forces(
    departments: Collection[int],
    members: Mapping[int, Sequence[Membership]],
    duties: Mapping[int, list[Span]],
    now: datetime,
) -> dict[int, Force]:
    """How many are on duty in each minute of the next hour, and how fast each department has been."""
    paces = {pace.department_id: pace for pace in Pace.objects.filter(department__in=departments)}
    found = {}
    for department in departments:
        theirs = [duties.get(one.agent_id, []) for one in members.get(department, ())]
        people, pace = _on_duty(theirs, now), paces.get(department)
        found[department] = (
            Force(people, pace.per_hour, pace.late_share, pace.arrivals, pace.lead) if pace else Force(people)
        )
    return found


def _on_duty(duties: Sequence[Sequence[Span]], now: datetime) -> list[int]:
    """How many are on duty in the middle of each minute."""
    minutes = [0] * MINUTES
    for spans in duties:
        for start, end in spans:
            first, last = _minute(start, now), _minute(end, now)
            for minute in range(max(first, 0), min(last, MINUTES)):
                minutes[minute] += 1
    return minutes


def _minute(at: datetime, now: datetime) -> int:
    """The first minute whose middle is not before a moment."""
    return ceil((at - now) / MINUTE - 0.5)


def _pressing(agents: Collection[int], now: datetime) -> dict[int, tuple[int, int]]:
    """How many cases of each are late, and how many fall due within the hour."""
    counted = (
        Case.objects.filter(agent__in=agents, resolved_at=None, next_due_at__lte=now + HOUR)
        .values_list("agent")
        .annotate(late=Count("pk", filter=Q(next_due_at__lte=now)), all=Count("pk"))
        .order_by()
    )
    return {agent: (late, whole - late) for agent, late, whole in counted}
