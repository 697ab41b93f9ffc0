"""A week of a department on paper: who is on when, who is on leave, and when nobody is there."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from feedback.models import Agent, Department, Leave, Membership, Shift
from feedback.shifts import queries, rules
from feedback.shifts.rules import Span
from feedback.sops.calendar import WorkCalendar

DAYS, MINUTES = 7, 24 * 60


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of duty on one day; `shift` where the roster says so, else the calendar does."""

    start: datetime
    end: datetime
    shift: Shift | None

    @property
    def words(self) -> str:
        """Both ends on the local clock; the end of the day is 24:00."""
        end = timezone.localtime(self.end)
        until = "24:00" if self.begins + self.lasts >= MINUTES else f"{end:%H:%M}"
        return f"{timezone.localtime(self.start):%H:%M}–{until}"

    @property
    def begins(self) -> int:
        """The minute of its day on which it begins."""
        return _minute(self.start)

    @property
    def lasts(self) -> int:
        """How many minutes of the day it takes."""
        return round((self.end - self.start).total_seconds() / 60)


@dataclass(frozen=True, slots=True)
class Cell:
    """One agent's day."""

    day: date
    parts: list[Part]
    leave: list[Leave]


@dataclass(frozen=True, slots=True)
class Line:
    """One agent's week."""

    agent: Agent
    is_lead: bool
    cells: list[Cell]
    hours: timedelta
    is_on: bool
    state: str


@dataclass(frozen=True, slots=True)
class Week:
    """A department's week, with the open times of each day at which nobody is on duty."""

    department: Department
    lines: list[Line]
    alone: list[list[Part]]


def monday(day: date) -> date:
    """The first day of the week that a day is in."""
    return day - timedelta(days=day.weekday())


def midnight(day: date) -> datetime:
    """The first moment of a day, in the time zone of the house."""
    return timezone.make_aware(datetime.combine(day, time()))


def weeks(departments: Sequence[Department], first: date, at: datetime) -> list[Week]:
    """The week of each department that begins on a day: seven queries, however many people there are."""
    members = list(
        Membership.objects.filter(
            department__in=departments, agent__is_active=True, agent__user__is_active=True
        )
        .select_related("agent__user")
        .order_by("-is_lead", "agent__user__name", "agent")
    )
    agents = {one.agent_id for one in members}
    days = [first + timedelta(days=number) for number in range(DAYS)]
    start, end = midnight(days[0]), midnight(days[-1] + timedelta(days=1))
    rota, on, states = (
        queries.rota(agents, start, end),
        queries.on_shift(agents, at),
        queries.states(agents, at),
    )
    found = []
    for department in departments:
        lines = [
            _line(one, rota[one.agent_id], days, is_on=one.agent_id in on, state=states[one.agent_id])
            for one in members
            if one.department_id == department.pk
        ]
        duty = rules.union(*(rota[line.agent.pk].duty for line in lines))
        found.append(Week(department, lines, _alone(department, days, duty)))
    return found


def _line(member: Membership, rota: queries.Rota, days: Sequence[date], *, is_on: bool, state: str) -> Line:
    cells = [Cell(day, _parts(rota, *_bounds(day)), _on_day(rota.leave, *_bounds(day))) for day in days]
    hours = sum((end - start for start, end in rota.duty), timedelta())
    return Line(member.agent, member.is_lead, cells, hours, is_on, state)


def _parts(rota: queries.Rota, start: datetime, end: datetime) -> list[Part]:
    """The duty of a day, cut where it comes from another source."""
    leave = [(one.starts_at, one.ends_at) for one in rota.leave]
    parts, rostered = [], []
    for shift in rota.shifts:
        span = (shift.starts_at, shift.ends_at)
        rostered.append(span)
        parts += [Part(*piece, shift) for piece in rules.cut(rules.minus([span], leave), start, end)]
    rest = rules.cut(rules.minus(rota.pattern, [*rostered, *leave]), start, end)
    return sorted([*parts, *(Part(*piece, None) for piece in rest)], key=lambda part: part.start)


def _on_day(leave: Collection[Leave], start: datetime, end: datetime) -> list[Leave]:
    return [one for one in leave if one.starts_at < end and one.ends_at > start]


def _alone(department: Department, days: Sequence[date], duty: Sequence[Span]) -> list[list[Part]]:
    calendar = WorkCalendar.from_json(department.calendar.content)
    found = []
    for day in days:
        start, end = _bounds(day)
        found.append([Part(*span, None) for span in rules.minus(calendar.intervals(start, end), duty)])
    return found


def _bounds(day: date) -> tuple[datetime, datetime]:
    return midnight(day), midnight(day + timedelta(days=1))


def _minute(at: datetime) -> int:
    local = timezone.localtime(at)
    return local.hour * 60 + local.minute
