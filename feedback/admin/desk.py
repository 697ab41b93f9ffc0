"""The desk: what do I do next?"""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.common.asked import id_in
from config.common.errors import DomainError, Invalid
from config.common.screens import StaffRequest, page
from config.common.sheets import MOST_ROWS
from feedback.admin.access import case_or_404, needs
from feedback.admin.desk_list import Desk, Row, refresh
from feedback.admin.desk_seat import seat_of
from feedback.admin.files import offered
from feedback.admin.sheet import Sheet
from feedback.cases import commands
from feedback.cases.queries import get_for
from feedback.cases.queue import news, next_case
from feedback.models import Case
from feedback.shifts import commands as shifts

WORK = "feedback.work_case"
TRIES = 5
OVERLAP = timedelta(seconds=30)  # an event is seen only when its transaction has ended


@require_GET
@needs(WORK)
def desk(request: StaffRequest) -> HttpResponse:
    """The desk; for htmx with `after`, the next rows of its list."""
    at = timezone.now()
    shown = Desk(request, at)
    try:
        rows, after = shown.rows()
    except Invalid as error:
        messages.warning(request, str(error))
        return redirect("admin:desk")
    context: dict[str, Any] = {
        "desk": shown,
        "rows": rows,
        "after": after,
        "query": shown.query().urlencode(),
        "columns": dict.fromkeys(shown.columns, True),
    }
    if request.htmx and "after" in request.GET:
        return page(request, "feedback/desk/rows.html", context, at=at)
    context |= {
        "tabs": shown.tabs(),
        "choices": shown.choices(),
        "seat": seat_of(request.user, shown.place.agent, at),
        "since": at.isoformat(),
        "files": offered(request),
        "most_rows": MOST_ROWS,
    }
    if case := _selected(request, rows):
        context |= Sheet(request, case, at).context(in_desk=True)
    return page(request, "feedback/desk/desk.html", context, at=at)


@require_GET
@needs(WORK)
def preview(request: StaffRequest, case_id: int) -> HttpResponse:
    """One case beside the list; for one that was merged, the case that goes on."""
    at = timezone.now()
    case = case_or_404(request.user, case_id)
    if case.merged_into_id is not None:
        case = case_or_404(request.user, case.merged_into_id)
    sheet = Sheet(request, case, at)
    return page(request, "feedback/case/work.html", sheet.context(in_desk=True), at=at)


@require_GET
@needs(WORK)
def poll(request: StaffRequest) -> HttpResponse:
    """The counts, what is new in a view since the page last asked, and its rows as they are now."""
    at = timezone.now()
    try:
        since = datetime.fromisoformat(request.GET.get("since", ""))
    except ValueError:
        since = at
    if timezone.is_naive(since) or at - since > timedelta(hours=1):
        since = at - timedelta(hours=1)
    shown = Desk(request, at)
    if shown.place.agent is not None:
        shifts.seen(agent_id=shown.place.agent.pk, at=at)
    try:
        changed = refresh(shown, request.GET.get("rows", ""))
    except Invalid:
        changed = []
    query, columns = shown.query(), dict.fromkeys(shown.columns, True)
    for name in ("since", "rows"):
        query.pop(name, None)
    context = {"query": query.urlencode(), "columns": columns, "now": at}
    return JsonResponse(
        {
            "counts": {tab.code: tab.count for tab in shown.tabs()},
            "news": news(shown.place, shown.listed, since=since - OVERLAP),
            "rows": {
                row.case.pk: render_to_string("feedback/desk/row.html", {**context, "row": row}, request)
                for row in changed
            },
            "since": at.isoformat(),
        }
    )


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


def _selected(request: StaffRequest, rows: list[Row]) -> Case | None:
    """The case that was asked for, else the first of the list."""
    asked = id_in(request.GET.get("case"))
    if asked is not None:
        case = case_or_404(request.user, asked)
        into = case.merged_into_id
        return case if into is None else case_or_404(request.user, into)
    return get_for(request.user, rows[0].case.pk) if rows else None
