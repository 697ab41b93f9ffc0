"""The board: where will we break our word in the next hour?"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
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
from feedback.admin.files import offered
from feedback.cases.queries import visible_to
from feedback.clocks.queries import chip, running_chips
from feedback.models import Agent, Case, Channel, Clock, Department, Handoff
from feedback.org.letters import address_of
from feedback.org.queries import SEE_ALL, department_ids, departments_of
from feedback.shifts.rules import OFFLINE
from feedback.sops import queries as sops
from feedback.supervision.board import NUMBERS, Board, Numbers, Share, Tick, behind, board, lone_clocks
from feedback.supervision.forecast import MINUTES
from feedback.supervision.news import newest
from feedback.supervision.people import Crew, Person

SEES = "feedback.see_board"
STEP = 15
MOST_CASES = 200
MOST_PEOPLE = 8
SHARES = frozenset({"today", "week"})

NUMBER_NAMES: dict[str, tuple[str | Promise, str]] = {
    "running": (gettext_lazy("on time"), "ok"),
    "warned": (gettext_lazy("soon due"), "warn"),
    "breached": (gettext_lazy("late"), "bad"),
    "paused": (gettext_lazy("paused"), "calm"),
    "next_hour": (gettext_lazy("due within the hour"), "plain"),
    "forecast": (gettext_lazy("forecast: will be late"), "bad"),
}
SHARE_NAMES: dict[str, str | Promise] = {
    "now": gettext_lazy("In time now"),
    "today": gettext_lazy("In time today"),
    "week": gettext_lazy("In time this week"),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """A share as a bar, with the line of its target; `state` is the number that its link opens."""

    name: str
    share: Share
    target: Decimal | None
    state: str

    @property
    def is_missed(self) -> bool:
        """Whether it is below its target."""
        percent = self.share.percent
        return percent is not None and self.target is not None and percent < self.target


@dataclass(frozen=True, slots=True)
class Line:
    """A department or a channel on the board; `key` tells links and the page's script which."""

    key: str
    query: str
    name: str
    numbers: Numbers
    target: Decimal | None
    is_open: bool = True
    opens_at: datetime | None = None

    @property
    def cells(self) -> list[tuple[str, str | Promise, str, int]]:
        """Each number with its name, words and colour."""
        return [(name, *NUMBER_NAMES[name], getattr(self.numbers, name)) for name in NUMBER_NAMES]

    @property
    def bars(self) -> list[Bar]:
        """How it keeps its word now, and kept it today and this week."""
        return [
            Bar(name, getattr(self.numbers, name), self.target, "breached" if name == "now" else name)
            for name in SHARE_NAMES
        ]


@dataclass(frozen=True, slots=True)
class Mark:
    """What falls due in one minute from now, as the strip draws it: what it says, where it leads."""

    tick: Tick
    title: str
    href: str

    @property
    def x(self) -> str:
        """Where it stands."""
        return f"{100 * self.tick.minute / MINUTES:.2f}%"


@dataclass(frozen=True, slots=True)
class Lane:
    """A department's next hour."""

    department: Department
    marks: list[Mark] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OnDuty:
    """The people of a department who are on duty: the most pressing, and how many more."""

    department: Department
    crew: Crew
    everybody: bool

    @property
    def shown(self) -> list[Person]:
        """Those whom the board names."""
        return self.crew.people if self.everybody else self.crew.people[:MOST_PEOPLE]

    @property
    def more(self) -> int:
        """How many it does not name."""
        return len(self.crew.people) - len(self.shown)

    @property
    def present(self) -> int:
        """How many are at their desks."""
        return sum(one.on_shift.state != OFFLINE for one in self.crew.people)


@require_GET
@needs(SEES)
def show(request: StaffRequest) -> HttpResponse:
    """The board; for htmx the part of it that lives."""
    at = timezone.now()
    upto = newest()  # before anything is read: what comes meanwhile is news
    departments = {one.pk: one for one in departments_of(request.user).select_related("calendar")}
    seen = board(departments, now=at)
    context = {
        "seen": upto,
        "lines": _lines(seen, departments, at),
        "channels": _channels(seen),
        "total": Line("all", "", _("All together"), seen.total, seen.targets.get(None)),
        "names": [words for words, _tone in NUMBER_NAMES.values()] + list(SHARE_NAMES.values()),
        "lanes": _lanes(seen, departments, at),
        "marks": [
            (f"{100 * minute / MINUTES}%", at + timedelta(minutes=minute))
            for minute in range(0, MINUTES + 1, STEP)
        ],
        "crews": [
            OnDuty(departments[pk], crew, everybody="everybody" in request.GET)
            for pk, crew in seen.crews.items()
            if crew.people
        ],
    }
    template = "feedback/board/live.html" if request.htmx else "feedback/board/board.html"
    return page(request, template, context, at=at)


@require_GET
@needs(SEES)
def clocks(request: StaffRequest) -> HttpResponse:
    """The clocks behind a number of the board."""
    at = timezone.now()
    number, channel = request.GET.get("state", ""), request.GET.get("channel")
    found, departments = asked_clocks(request, at), _asked(request)
    try:
        shown = part(
            found,
            "due_at",
            after=request.GET.get("after", ""),
            newest_first=number in SHARES,
            by=[Q(department=one) for one in departments],
        )
    except Invalid as error:
        raise Http404 from error
    name = SHARE_NAMES[number] if number in SHARES else NUMBER_NAMES[number][0]
    where = [str(departments[0]) if request.GET.get("department") else _("all departments")]
    if channel is not None:
        where.append(_channel_name(channel))
    context: dict[str, Any] = {
        "title": " · ".join([*where, str(name)]),
        "chips": [chip(clock, at) for clock in shown.rows],
        "after": shown.after,
        "query": kept(request),
        "is_first": "after" not in request.GET,
        "formats": offered(request),
    }
    return page(request, "feedback/board/clocks.html", context, at=at)


def asked_clocks(request: StaffRequest, at: datetime) -> QuerySet[Clock]:
    """The clocks behind the number that the address names, as far as this person sees them.

    Raises:
        Http404: no such number, or none of this person's departments.
    """
    number = request.GET.get("state", "")
    if number not in NUMBERS:
        raise Http404
    departments = [one.pk for one in _asked(request)]
    found = behind(number, departments, channel=request.GET.get("channel"), now=at)
    return seen_clocks(request.user, found)


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
    """Leave out the clocks of cases that have gone where this person sees none; reviews go nowhere.

    The same as `visible_to` says of their cases, asked of each clock that is shown.
    """
    if user.has_perm(SEE_ALL):
        return found
    ids = department_ids(user)
    asked = Handoff.objects.filter(department__in=ids, case=OuterRef("case")).order_by()
    return found.filter(Q(case=None) | Q(case__department__in=ids) | Q(Exists(asked)))


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


def _channel_name(code: str) -> str:
    return str(Channel(code).label) if code in Channel.values else _("unknown channel")


def _lines(seen: Board, departments: dict[int, Department], at: datetime) -> list[Line]:
    calendars = sops.book().calendars
    lines = []
    for pk, department in departments.items():
        version = calendars.get(department.calendar_id)
        hours = sops.calendar(version) if version else None
        is_open = hours is None or hours.is_open(at)
        lines.append(
            Line(
                key=f"d{pk}",
                query=f"department={pk}&",
                name=str(department),
                numbers=seen.by_department[pk],
                target=seen.targets.get(pk, seen.targets.get(None)),
                is_open=is_open,
                opens_at=None if is_open or hours is None else hours.next_open(at),
            )
        )
    return lines


def _channels(seen: Board) -> list[Line]:
    target = seen.targets.get(None)
    return [
        Line(f"c-{code}", f"channel={code}&", _channel_name(code), numbers, target)
        for code, numbers in seen.by_channel.items()
    ]


def _lanes(seen: Board, departments: dict[int, Department], at: datetime) -> list[Lane]:
    clocks, lanes = lone_clocks(seen.ticks), dict[int, Lane]()
    several, late = _("%(time)s: %(n)s clocks"), _("%(n)s will be late")
    rows = reverse("admin:board_clocks")
    for tick in seen.ticks:
        lane = lanes.setdefault(tick.department_id, Lane(departments[tick.department_id]))
        clock = clocks.get(tick.first)
        if clock is None:
            time = timezone.localtime(at + tick.minute * timedelta(minutes=1)).strftime("%H:%M")
            title = several % {"time": time, "n": tick.number}
            href = f"{rows}?department={tick.department_id}&state=next_hour"
        else:
            time = timezone.localtime(clock.due_at).strftime("%H:%M")
            title = f"{time} {clock.about.number} {clock.about.subject} · {clock.get_milestone_display()}"
            href = address_of(clock.about)
        if tick.late:
            title += " · " + late % {"n": tick.late}
        lane.marks.append(Mark(tick, title, href))
    return sorted(lanes.values(), key=lambda lane: str(lane.department))
