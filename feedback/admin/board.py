"""The board: where will we break our word in the next hour?"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from config.common.asked import id_in
from config.common.errors import Invalid
from config.common.keyset import part
from config.common.models import User
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.cases.queries import visible_to
from feedback.clocks.queries import (
    NUMBERS,
    BoardRow,
    Share,
    behind,
    board,
    chip,
    due_strip,
    running_chips,
    state_of,
    workload,
)
from feedback.models import Agent, Case, Clock, Department
from feedback.org.queries import SEE_ALL, departments_of
from feedback.sops import queries as sops

SEES = "feedback.see_board"
MINUTES = 60
STEP = 15
MOST_CASES = 200

NUMBER_NAMES: dict[str, tuple[str | Promise, str]] = {
    "running": (gettext_lazy("on time"), "ok"),
    "warned": (gettext_lazy("soon due"), "warn"),
    "breached": (gettext_lazy("late"), "bad"),
    "paused": (gettext_lazy("paused"), "calm"),
    "next_hour": (gettext_lazy("due within the hour"), "plain"),
}
SHARE_NAMES: dict[str, str | Promise] = {
    "today": gettext_lazy("fell due today"),
    "week": gettext_lazy("fell due this week"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A department on the board: its numbers, and whether it is open now."""

    row: BoardRow
    is_open: bool
    opens_at: datetime | None

    @property
    def cells(self) -> list[tuple[str, str | Promise, str, int]]:
        """Each number with its name, words and colour."""
        return [(name, *NUMBER_NAMES[name], getattr(self.row, name)) for name in NUMBER_NAMES]

    @property
    def shares(self) -> list[tuple[str, str | Promise, Share]]:
        """How it kept its word today and this week."""
        return [(name, SHARE_NAMES[name], getattr(self.row, name)) for name in SHARE_NAMES]


@dataclass(slots=True)
class Tick:
    """What falls due in one minute from now; `state` is that of the first."""

    minute: int
    state: str
    clocks: list[Clock] = field(default_factory=list)

    @property
    def x(self) -> str:
        """Where it stands on the strip."""
        return f"{100 * self.minute / MINUTES:.2f}%"


@dataclass(frozen=True, slots=True)
class Lane:
    """A department's next hour."""

    department: Department
    ticks: list[Tick] = field(default_factory=list)


@require_GET
@needs(SEES)
def show(request: StaffRequest) -> HttpResponse:
    """The board; for htmx the part of it that lives."""
    at = timezone.now()
    departments = list(departments_of(request.user).select_related("calendar"))
    rows = board(departments, now=at)
    context = {
        "lines": _lines(rows, at),
        "total": _total(rows) if len(rows) > 1 else None,
        "lanes": _lanes(departments, at),
        "marks": [
            (f"{100 * minute / MINUTES}%", at + timedelta(minutes=minute))
            for minute in range(0, MINUTES + 1, STEP)
        ],
        "people": workload(departments, now=at),
    }
    template = "feedback/board/live.html" if request.htmx else "feedback/board/board.html"
    return page(request, template, context, at=at)


@require_GET
@needs(SEES)
def clocks(request: StaffRequest) -> HttpResponse:
    """The clocks behind a number of the board."""
    at = timezone.now()
    number = request.GET.get("state", "")
    if number not in NUMBERS:
        raise Http404
    departments = _asked(request)
    found = seen_clocks(request.user, behind(number, departments, now=at))
    is_share = number in SHARE_NAMES
    try:
        shown = part(
            found,
            "due_at",
            after=request.GET.get("after", ""),
            newest_first=is_share,
            by=[Q(department=one) for one in departments],
        )
    except Invalid as error:
        raise Http404 from error
    name = SHARE_NAMES[number] if is_share else NUMBER_NAMES[number][0]
    where = str(departments[0]) if request.GET.get("department") else _("all departments")
    context: dict[str, Any] = {
        "title": f"{where} · {name}",
        "chips": [chip(clock, at) for clock in shown.rows],
        "after": shown.after,
        "query": kept(request),
        "is_first": "after" not in request.GET,
    }
    return page(request, "feedback/board/clocks.html", context, at=at)


@require_GET
@needs(SEES)
def agent(request: StaffRequest, agent_id: int) -> HttpResponse:
    """The open cases of an agent of one's departments, next due first."""
    at = timezone.now()
    ours = Agent.objects.filter(memberships__department__in=departments_of(request.user))
    found = get_object_or_404(ours.select_related("user").distinct(), pk=agent_id)
    theirs = Case.objects.filter(agent=found, resolved_at=None)
    cases = list(
        visible_to(request.user)
        .filter(pk__in=theirs.values("pk"))
        .select_related("member__tier", "department")
        .order_by("next_due_at", "pk")[:MOST_CASES]
    )
    chips = running_chips(cases, now=at)
    context = {
        "agent": found,
        "cases": [(case, chips.get(case.pk)) for case in cases],
        "elsewhere": max(0, theirs.count() - len(cases)),
    }
    return page(request, "feedback/board/agent.html", context, at=at)


def seen_clocks(user: User, found: QuerySet[Clock]) -> QuerySet[Clock]:
    """Leave out the clocks of cases that have gone where this person sees none."""
    if user.has_perm(SEE_ALL):
        return found
    return found.filter(case__in=visible_to(user).values("pk"))


def kept(request: StaffRequest) -> str:
    """What a link to the next rows keeps of the address."""
    query = request.GET.copy()
    query.pop("after", None)
    return query.urlencode()


def _asked(request: StaffRequest) -> list[Department]:
    """The department that is asked about, or all that this person sees."""
    departments = departments_of(request.user)
    asked = request.GET.get("department", "")
    if not asked:
        return list(departments)
    return [get_object_or_404(departments, pk=id_in(asked) or 0)]


def _lines(rows: Iterable[BoardRow], at: datetime) -> list[Line]:
    calendars = sops.book().calendars
    lines = []
    for row in rows:
        version = calendars.get(row.department.calendar_id)
        hours = sops.calendar(version) if version else None
        is_open = hours is None or hours.is_open(at)
        lines.append(Line(row, is_open, None if is_open or hours is None else hours.next_open(at)))
    return lines


def _total(rows: Iterable[BoardRow]) -> Line:
    """All of them together."""
    total = BoardRow(Department())
    for row in rows:
        for name in NUMBER_NAMES:
            setattr(total, name, getattr(total, name) + getattr(row, name))
        for name in SHARE_NAMES:
            one, other = getattr(total, name), getattr(row, name)
            setattr(total, name, Share(one.met + other.met, one.due + other.due))
    return Line(total, is_open=True, opens_at=None)


def _lanes(departments: Iterable[Department], at: datetime) -> list[Lane]:
    lanes: dict[int, Lane] = {}
    for clock in due_strip(departments, now=at):
        lane = lanes.setdefault(clock.department_id, Lane(clock.department))
        minute = int((clock.due_at - at).total_seconds()) // MINUTES
        if not lane.ticks or lane.ticks[-1].minute != minute:
            lane.ticks.append(Tick(minute, state_of(clock, at).value))
        lane.ticks[-1].clocks.append(clock)
    return sorted(lanes.values(), key=lambda lane: str(lane.department))
