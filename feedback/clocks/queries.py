"""Clocks for the screens: of a case, of one clock's life, of the board."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from feedback.clocks.replay import Replay, replay
from feedback.clocks.states import Chip, State, chip, chips, running_chips, state_of
from feedback.models import Agent, Case, Clock, Department

__all__ = [
    "BoardRow",
    "Chip",
    "Replay",
    "Share",
    "State",
    "Workload",
    "behind",
    "board",
    "breaches",
    "chip",
    "chips",
    "due_strip",
    "replay",
    "running_chips",
    "state_of",
    "workload",
]

HOUR = timedelta(hours=1)
RUNNING = Q(met_at=None, stopped_at=None)
MET = Q(met_at__isnull=False, breached_at=None)
MISSED = Q(breached_at__isnull=False) | (RUNNING & Q(paused_at=None))
"""Of clocks whose due time has passed. One that stopped mattering before is neither."""
NUMBERS = ("running", "warned", "breached", "paused", "next_hour", "today", "week")
"""The numbers of a board's row."""
SHOWN = ("case__member", "case__agent__user", "case__department", "department")


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the clocks that fell due in a period were met in time."""

    met: int = 0
    due: int = 0

    @property
    def percent(self) -> float | None:
        """The share in percent; None when nothing fell due."""
        return 100 * self.met / self.due if self.due else None


@dataclass(slots=True)
class BoardRow:
    """A department's clocks now, and how it kept them."""

    department: Department
    running: int = 0
    """Neither soon due nor late nor paused."""
    warned: int = 0
    breached: int = 0
    paused: int = 0
    next_hour: int = 0
    """Due within the next 60 minutes, not late yet."""
    today: Share = field(default_factory=Share)
    week: Share = field(default_factory=Share)


@dataclass(frozen=True, slots=True)
class Workload:
    """An agent's cases that are not resolved."""

    agent: Agent
    cases: int
    late: int
    next_hour: int


def standing(now: datetime) -> dict[State, Q]:
    """Say in SQL what `state_of` says of clocks that run: each is in exactly one of these states."""
    late = Q(breached_at__isnull=False) | Q(due_at__lte=now, paused_at=None)
    paused = ~late & Q(paused_at__isnull=False)
    goes_on = ~late & Q(paused_at=None)
    soon = Q(rungs_fired__gt=0) | Q(next_fire_at__lte=now)
    return {
        State.RUNNING: goes_on & ~soon,
        State.WARNED: goes_on & soon,
        State.BREACHED: late,
        State.PAUSED: paused,
    }


def due_within(ahead: timedelta, now: datetime) -> Q:
    """Say in SQL which running clocks fall due in the next time and are not late yet."""
    return Q(breached_at=None, paused_at=None, due_at__gt=now, due_at__lte=now + ahead)


def board(departments: Iterable[Department], *, now: datetime) -> list[BoardRow]:
    """Count the clocks of each department in two queries.

    A clock counts on the day on which it falls due: met in time or not. One that stopped mattering before
    does not count. Day and week (from Monday) are those of the site's time zone.
    """
    rows = {department.pk: BoardRow(department) for department in departments}
    by_state = standing(now)
    counted = (
        Clock.objects.filter(RUNNING, department__in=rows)
        .values_list("department")
        .annotate(
            running=Count("pk", filter=by_state[State.RUNNING]),
            warned=Count("pk", filter=by_state[State.WARNED]),
            breached=Count("pk", filter=by_state[State.BREACHED]),
            paused=Count("pk", filter=by_state[State.PAUSED]),
            next_hour=Count("pk", filter=due_within(HOUR, now)),
        )
    )
    for department, *numbers in counted:
        row = rows[department]
        row.running, row.warned, row.breached, row.paused, row.next_hour = numbers
    today, monday = _days(now)
    decided = (
        Clock.objects.filter(MET | MISSED, department__in=rows, due_at__gte=monday, due_at__lte=now)
        .values_list("department")
        .annotate(
            met_today=Count("pk", filter=MET & Q(due_at__gte=today)),
            due_today=Count("pk", filter=Q(due_at__gte=today)),
            met_week=Count("pk", filter=MET),
            due_week=Count("pk"),
        )
    )
    for department, met_today, due_today, met_week, due_week in decided:
        rows[department].today, rows[department].week = Share(met_today, due_today), Share(met_week, due_week)
    return list(rows.values())


def behind(number: str, departments: Iterable[Department], *, now: datetime) -> QuerySet[Clock]:
    """Give the clocks that one of the board's NUMBERS counts, with all that a list shows of each."""
    found = Clock.objects.filter(department__in=departments)
    if number in {"today", "week"}:
        since = dict(zip(("today", "week"), _days(now), strict=True))[number]
        found = found.filter(MET | MISSED, due_at__gte=since, due_at__lte=now)
    elif number == "next_hour":
        found = found.filter(RUNNING, due_within(HOUR, now))
    else:
        found = found.filter(RUNNING, standing(now)[State(number)])
    return found.select_related(*SHOWN).prefetch_related("pauses")


def _days(now: datetime) -> tuple[datetime, datetime]:
    """The beginnings of the day and of its week, in the site's time zone."""
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return today, today - timedelta(days=today.weekday())


def breaches(
    departments: Iterable[Department],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    milestones: Iterable[str] = (),
    is_running: bool | None = None,
) -> QuerySet[Clock]:
    """Give the breached clocks of some departments, latest first, with all that a list shows of each.

    `since` and `until` bound the moment of the breach, half-open. Page by (breached_at, id).
    """
    found = Clock.objects.filter(department__in=departments, breached_at__isnull=False)
    if since is not None:
        found = found.filter(breached_at__gte=since)
    if until is not None:
        found = found.filter(breached_at__lt=until)
    if wanted := list(milestones):
        found = found.filter(milestone__in=wanted)
    if is_running is not None:
        found = found.filter(RUNNING) if is_running else found.exclude(RUNNING)
    return found.select_related(*SHOWN, "policy_version__policy").order_by("-breached_at", "-pk")


def due_strip(
    departments: Iterable[Department], *, now: datetime, ahead: timedelta = HOUR, limit: int = 500
) -> list[Clock]:
    """Give the clocks that fall due in the next time, the next first, each with its case."""
    return list(
        Clock.objects.filter(RUNNING, due_within(ahead, now), department__in=departments)
        .select_related("case", "department")
        .order_by("due_at", "pk")[:limit]
    )


def workload(departments: Iterable[Department], *, now: datetime) -> list[Workload]:
    """Count the open cases of each agent of some departments, those with most late ones first. Two queries.

    Cases count wherever they are, since an agent has all of them to do.
    """
    agents = (
        Agent.objects.filter(memberships__department__in=departments, is_active=True, user__is_active=True)
        .select_related("user")
        .distinct()
    )
    known = {agent.pk: agent for agent in agents}
    counted = {
        agent: numbers
        for agent, *numbers in Case.objects.filter(agent__in=known, resolved_at=None)
        .values_list("agent")
        .annotate(
            cases=Count("pk"),
            late=Count("pk", filter=Q(next_due_at__lte=now)),
            next_hour=Count("pk", filter=Q(next_due_at__gt=now, next_due_at__lte=now + HOUR)),
        )
    }
    rows = [Workload(agent, *counted.get(pk, (0, 0, 0))) for pk, agent in known.items()]
    return sorted(rows, key=lambda row: (-row.late, -row.cases, str(row.agent)))
