"""The desk: what do I do next?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from config.common.asked import id_in
from config.common.errors import DomainError, Invalid
from config.common.screens import StaffRequest, page
from feedback.admin.access import case_or_404, needs
from feedback.admin.sheet import Sheet
from feedback.cases import commands
from feedback.cases.queries import get_for
from feedback.cases.queue import COUNTED_UP_TO, VIEWS, Filter, View, counts, news, next_case, queue
from feedback.cases.search import search
from feedback.cases.today import today_of
from feedback.clocks.queries import Chip, running_chips
from feedback.models import Case, CaseKind, CaseStatus, Channel, Priority
from feedback.org.queries import department_ids

WORK = "feedback.work_case"
TRIES = 5
ROWS = 25  # ten are seen at once, more come when the end of the list does
OVERLAP = timedelta(seconds=30)  # an event is seen only when its transaction has ended

VIEW_NAMES: dict[View, tuple[str | Promise, str]] = {
    "mine": (gettext_lazy("Mine"), "user"),
    "department": (gettext_lazy("Departments"), "users"),
    "unassigned": (gettext_lazy("Unassigned"), "inbox"),
    "waiting": (gettext_lazy("Waiting for member"), "wait"),
    "handoffs": (gettext_lazy("Asked of us"), "handoff"),
    "resolved": (gettext_lazy("Resolved"), "check"),
}
DUE: dict[str, tuple[str | Promise, timedelta]] = {
    "late": (gettext_lazy("late"), timedelta()),
    "hour": (gettext_lazy("within the hour"), timedelta(hours=1)),
    "day": (gettext_lazy("within a day"), timedelta(days=1)),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A case in the list with the clock that counts."""

    case: Case
    chip: Chip | None


@dataclass(frozen=True, slots=True)
class Listing:
    """What the list shows now."""

    rows: list[Row]
    after: str | None
    view: View
    searched: str


@require_GET
@needs(WORK)
def desk(request: StaffRequest) -> HttpResponse:
    """The desk; for htmx with `after`, the next rows of its list."""
    at = timezone.now()
    try:
        listing = _listing(request, at)
    except Invalid as error:
        messages.warning(request, str(error))
        return redirect("admin:desk")
    query = _query(request.GET)
    context: dict[str, Any] = {"listing": listing, "query": query.urlencode()}
    if request.htmx and "after" in request.GET:
        return page(request, "feedback/desk/rows.html", context, at=at)
    totals = counts(request.user)
    context |= {
        "views": [(view, *VIEW_NAMES[view], shown(totals[view])) for view in VIEWS],
        "filters": _filters(request.GET),
        "filtered": any(request.GET.get(name) for name in ("kind", "channel", "priority", "status", "due")),
        "load": shown(totals["mine"]),
        "today": today_of(request.user, at),
        "since": at.isoformat(),
    }
    if case := _selected(request, listing):
        context |= Sheet(request, case, at).context(in_desk=True)
    return page(request, "feedback/desk/desk.html", context, at=at)


@require_GET
@needs(WORK)
def preview(request: StaffRequest, case_id: int) -> HttpResponse:
    """One case beside the list."""
    at = timezone.now()
    sheet = Sheet(request, case_or_404(request.user, case_id), at)
    return page(request, "feedback/case/work.html", sheet.context(in_desk=True), at=at)


@require_GET
@needs(WORK)
def poll(request: StaffRequest) -> HttpResponse:
    """The counts, and what is new in a view since the page last asked."""
    at = timezone.now()
    try:
        since = datetime.fromisoformat(request.GET.get("since", ""))
    except ValueError:
        since = at
    if timezone.is_naive(since) or at - since > timedelta(hours=1):
        since = at - timedelta(hours=1)
    found = news(request.user, _view(request), since=since - OVERLAP)
    totals = {view: shown(count) for view, count in counts(request.user).items()}
    return JsonResponse({"counts": totals, "news": found, "since": at.isoformat()})


@require_POST
@needs(WORK)
def take_next(request: StaffRequest) -> HttpResponse:
    """Take the case that is due next: one's own, else one that nobody has."""
    beside = id_in(request.POST.get("case"))
    for _try in range(TRIES):
        case = next_case(request.user, beside=beside)
        if case is None:
            break
        if case.agent_id is None:
            try:
                commands.claim(case_id=case.pk, actor=request.user, at=timezone.now())
            except commands.AlreadyTaken:
                continue
            except DomainError as error:
                messages.warning(request, str(error))
                return redirect("admin:desk")
        return redirect(f"{reverse('admin:desk')}?view=mine&case={case.pk}")
    messages.info(request, _("Nothing is waiting for you. Well done."))
    return redirect("admin:desk")


def shown(count: int) -> str:
    """A count as people see it; what is not counted to the end says so."""
    return f"{COUNTED_UP_TO - 1}+" if count >= COUNTED_UP_TO else str(count)


def _view(request: HttpRequest) -> View:
    asked = request.GET.get("view", "")
    return next((view for view in VIEWS if view == asked), "mine")


def _listing(request: StaffRequest, at: datetime) -> Listing:
    view, words = _view(request), request.GET.get("q", "").strip()
    if words:
        found, after = list(search(request.user, words)), None
    else:
        narrow, after = _filter(request.GET, at), request.GET.get("after", "")
        part = queue(request.user, view, narrow=narrow, after=after, size=ROWS)
        found, after = part.cases, part.after
    asked = None
    if view == "handoffs" and not words:
        asked = department_ids(request.user)
    chips = running_chips(found, now=at, asked=asked)
    return Listing([Row(case, chips.get(case.pk)) for case in found], after, view, words)


def _filter(query: QueryDict, at: datetime) -> Filter:
    """What the list is narrowed to; what nobody offered narrows nothing."""
    priority, due = query.get("priority", ""), query.get("due", "")
    return Filter(
        kind=_known(query.get("kind"), CaseKind.values),
        channel=_known(query.get("channel"), Channel.values),
        status=_known(query.get("status"), CaseStatus.values),
        priority=int(priority) if priority in map(str, Priority.values) else None,
        due_before=at + DUE[due][1] if due in DUE else None,
    )


def _known(value: str | None, known: list[str]) -> str:
    return value if value in known else ""


def _filters(query: QueryDict) -> list[tuple[str, str, list[tuple[str, str]], str]]:
    """The filters with their names, choices and what is chosen."""
    statuses = [choice for choice in CaseStatus.choices if choice[0] != CaseStatus.CLOSED]
    choices: list[tuple[str, str, Any]] = [
        ("kind", _("kind"), CaseKind.choices),
        ("channel", _("channel"), Channel.choices),
        ("priority", _("priority"), reversed(Priority.choices)),
        ("status", _("status"), statuses),
        ("due", _("due"), [(name, label) for name, (label, _within) in DUE.items()]),
    ]
    return [
        (name, label, [(str(value), str(text)) for value, text in of], query.get(name, ""))
        for name, label, of in choices
    ]


def _query(query: QueryDict) -> QueryDict:
    """What a link on the page keeps: view, filters and search."""
    kept = query.copy()
    for name in ("case", "after", "sent"):
        kept.pop(name, None)
    return kept


def _selected(request: StaffRequest, listing: Listing) -> Case | None:
    """The case that was asked for, else the first of the list."""
    asked = id_in(request.GET.get("case"))
    if asked is not None:
        return case_or_404(request.user, asked)
    return get_for(request.user, listing.rows[0].case.pk) if listing.rows else None
