"""One thing done to the selected cases of the list, with a summary of what was refused and why."""

import uuid
from datetime import datetime
from time import monotonic
from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from config.common.asked import id_in
from config.common.errors import DomainError, NotFound
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.admin.sheet import RESOLUTIONS
from feedback.desk import bulk, runs
from feedback.desk.bulk import DOINGS, MOST
from feedback.models import OUTSIDE, Agent, BulkRun, Department, PauseReason, Priority
from feedback.models import Template as ReplyTemplate
from feedback.org.queries import department_ids
from feedback.playbooks.texts import NAMES

WORK = "feedback.work_case"
AT_ONCE = 2.0  # seconds a request works on a run before the page asks again
STEP = 10


@require_GET
@needs(WORK)
def choose(request: StaffRequest) -> HttpResponse:
    """The form: what is to be done to the cases selected."""
    return _form(request, _cases(request.GET), request.GET.get("doing", ""))


@require_POST
@needs(WORK)
def start(request: StaffRequest) -> HttpResponse:
    """Put the run down and begin with it."""
    post, at = request.POST, timezone.now()
    doing = post.get("doing", "")
    try:
        run = bulk.begin(
            key=post.get("key", "")[:64],
            doing=doing,
            content=_content(doing, post),
            case_ids=_cases(post),
            actor=request.user,
            at=at,
        )
    except DomainError as error:
        return _form(request, _cases(post), doing, error=str(error), status=error.status)
    return _work(request, run, at)


@require_POST
@needs(WORK)
def go_on(request: StaffRequest, run_id: int) -> HttpResponse:
    """Go on with a run; it may be one that was interrupted."""
    return _work(request, get_object_or_404(BulkRun, pk=run_id, user=request.user), timezone.now())


def _work(request: StaffRequest, run: BulkRun, at: datetime) -> HttpResponse:
    until = monotonic() + AT_ONCE
    left = 1
    try:
        while left and monotonic() < until:
            left = bulk.go_on(run_id=run.pk, actor=request.user, at=at, limit=STEP)
    except NotFound as error:
        raise Http404 from error
    context = {"summary": bulk.summary(run), "part": "feedback/desk/bulk_run.html"}
    template = "feedback/desk/bulk_run.html" if request.htmx else "feedback/desk/alone.html"
    return page(request, template, context, at=at)


def _cases(query: QueryDict) -> list[int]:
    """The cases selected, by their keys; one more than allowed is enough to say that there are too many."""
    asked = [id_in(text) for text in ",".join(query.getlist("cases")).split(",")[: MOST + 1]]
    return [pk for pk in asked if pk is not None]


def _content(doing: str, post: QueryDict) -> dict[str, Any]:
    """What the action needs to know, and nothing else."""
    note = post.get("note", "")
    wanted: dict[str, dict[str, Any]] = {
        "assign": {"agent": id_in(post.get("agent"))},
        "transfer": {"department": id_in(post.get("department")), "note": note},
        "priority": {"priority": id_in(post.get("priority"))},
        "wait": {"reason": post.get("reason", ""), "note": note},
        "resolve": {"resolution": post.get("resolution", ""), "message": post.get("message", "")},
        "close": {"note": note},
    }
    return wanted.get(doing, {})


def _form(
    request: StaffRequest, cases: list[int], doing: str, *, error: str = "", status: int = 200
) -> HttpResponse:
    mine = request.user.has_perm("feedback.assign_case")
    ours = department_ids(request.user)
    agents = Agent.objects.filter(
        is_active=True, user__is_active=True, memberships__department__in=ours
    ).select_related("user")
    context = {
        "cases": ",".join(map(str, cases)),
        "count": len(cases),
        "most": MOST,
        "doing": doing if doing in DOINGS else "",
        "doings": [
            (code, one.name) for code, one in DOINGS.items() if one.on_desk and (code != "assign" or mine)
        ],
        "agents": agents.distinct().order_by("user__name", "pk") if mine else (),
        "departments": Department.objects.filter(is_active=True),
        "priorities": list(reversed(Priority.choices)),
        "reasons": [(reason.value, PauseReason(reason).label) for reason in OUTSIDE],
        "resolutions": RESOLUTIONS,
        "templates": ReplyTemplate.objects.filter(is_active=True).order_by("position", "name"),
        "names": NAMES.items(),
        "key": uuid.uuid4().hex,
        "typed": request.POST,
        "interrupted": runs.interrupted(request.user),
        "error": error,
        "part": "feedback/desk/bulk_form.html",
    }
    template = "feedback/desk/bulk_form.html" if request.htmx else "feedback/desk/alone.html"
    return page(request, template, context, status=status)
