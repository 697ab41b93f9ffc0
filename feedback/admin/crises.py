"""The screens of crises: which there are, what is proposed, and one crisis with all that can be done."""

import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from config.common.asked import id_in
from config.common.errors import DomainError, NotFound
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin import crisis_acts, crisis_drawing, crisis_report, crisis_watches
from feedback.admin.access import needs
from feedback.admin.batch_forms import TermsForm
from feedback.admin.crisis_beside import beside
from feedback.admin.crisis_forms import AnswerForm, PlanForm, ResolveForm, StatementForm
from feedback.crises import access, commands, queries, report, watching, words
from feedback.crises.making_good import SOURCES
from feedback.crises.running import ANSWER, RESOLVE
from feedback.desk import bulk
from feedback.models import Crisis, CrisisBy, CrisisStatus

__all__ = ["CRISIS_MENU", "CRISIS_PAGES", "SOURCES", "beside"]
VIEW = access.VIEW
LISTED = 50


@require_GET
@needs(VIEW)
def crisis_list(request: StaffRequest) -> HttpResponse:
    """What is proposed, what goes on, and what was."""
    at = timezone.now()
    rows = queries.listed()
    if (status := request.GET.get("status", "")) in CrisisStatus.values:
        rows = rows.filter(status=status)
    if before := id_in(request.GET.get("before")):
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: LISTED + 1])
    context = {
        "rows": found[:LISTED],
        "after": found[LISTED - 1].pk if len(found) > LISTED else None,
        "status": status,
        "statuses": CrisisStatus.choices,
        "may_begin": access.may(request.user, "begin"),
        "may_watch": request.user.has_perm(crisis_watches.VIEW),
    }
    return page(request, "feedback/crises/list.html", context, at=at)


@require_http_methods(["GET", "POST"])
@needs(access.OPEN)
def crisis_new(request: StaffRequest) -> HttpResponse:
    """Open a crisis by hand."""
    return _planned(request, None)


@require_http_methods(["GET", "POST"])
@needs(access.OPEN)
def crisis_plan(request: StaffRequest, crisis_id: int) -> HttpResponse:
    """Open what is proposed, or change how an open crisis is worked on."""
    crisis = found_or_404(crisis_id)
    if crisis.status != CrisisStatus.PROPOSED and not crisis.is_live:
        raise Http404
    return _planned(request, crisis)


def _planned(request: StaffRequest, crisis: Crisis | None) -> HttpResponse:
    at, user = timezone.now(), request.user
    if crisis is not None and not access.may(user, "change", crisis):
        raise PermissionDenied
    given = request.POST or None
    initial = {"owner": user.pk, "since": timezone.localtime(at).replace(second=0, microsecond=0)}
    form = PlanForm(given, user=user, crisis=crisis, **({} if crisis else {"initial": initial}))
    tried = None
    if request.method == "POST" and form.is_valid():
        if "try" in request.POST:
            tried = queries.preview(_tried(form, crisis), user)
        else:
            try:
                kept = _keep(form, crisis, request, at)
            except DomainError as error:
                form.add_error(None, str(error))
            else:
                return redirect("admin:crisis", kept.pk)
    elif crisis is not None and not given:
        tried = queries.preview(crisis, user)
    context = {"form": form, "crisis": crisis, "tried": tried}
    return page(request, "feedback/crises/plan.html", context, at=at, status=400 if form.errors else 200)


def _tried(form: PlanForm, crisis: Crisis | None) -> Crisis:
    one = form.as_crisis()
    one.pk = crisis.pk if crisis else None
    return one


def _keep(form: PlanForm, crisis: Crisis | None, request: StaffRequest, at: datetime) -> Crisis:
    plan, user = form.plan(crisis), request.user
    if crisis is None:
        return commands.begin(plan=plan, actor=user, at=at)
    if crisis.status == CrisisStatus.PROPOSED:
        return commands.open_proposed(crisis_id=crisis.pk, plan=plan, actor=user, at=at)
    version = form.cleaned_data["version"] or 0
    return commands.change(crisis_id=crisis.pk, plan=plan, version=version, actor=user, at=at)


@require_http_methods(["GET", "POST"])
@needs(VIEW)
def crisis_page(request: StaffRequest, crisis_id: int) -> HttpResponse:
    """One crisis; a POST takes one of the steps named by `step`."""
    crisis = found_or_404(crisis_id)
    if request.method == "GET":
        return _show(request, crisis)
    step = request.POST.get("step", "")
    act = crisis_acts.ACTS.get(step)
    if act is None:
        raise Http404
    if not access.may(request.user, step, crisis):
        raise PermissionDenied
    try:
        said = act(request, crisis, timezone.now())
    except crisis_acts.Refused as error:
        return _show(request, crisis, status=400, forms={step: error.form})
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        return _show(request, found_or_404(crisis_id), status=error.status, error=str(error))
    if isinstance(said, HttpResponse):
        return said
    if said:
        messages.success(request, said)
    return redirect("admin:crisis", crisis.pk)


def _show(
    request: StaffRequest,
    crisis: Crisis,
    *,
    status: int = 200,
    error: str = "",
    forms: dict[str, Any] | None = None,
) -> HttpResponse:
    at, user = timezone.now(), request.user
    figures = report.figures(crisis, at=at)
    cases, after = queries.cases_of(crisis, user, before=id_in(request.GET.get("before")))
    given = {"initial": {"key": uuid.uuid4().hex}}
    shown = {
        "write": StatementForm(),
        "answer": AnswerForm(initial={**given["initial"], "doing": ANSWER}, prefix=None),
        "make_good": TermsForm(
            initial={"name": crisis.name, "reason": crisis.name, "same_reason_days": 0}, auto_id="good_%s"
        ),
        "resolve": ResolveForm(initial={"key": uuid.uuid4().hex, "doing": RESOLVE}, auto_id="resolve_%s"),
        **(forms or {}),
    }
    key = (crisis.by, crisis.value)
    context = {
        "crisis": crisis,
        "figures": figures,
        "told": crisis_report.told(figures),
        "hours": crisis_drawing.bars(figures["hours"]),
        "line": crisis_drawing.line(queries.line(crisis, at=at)),
        "cases": cases,
        "after": after,
        "states": crisis_drawing.states(queries.states(crisis)),
        "statements": queries.statements_of(crisis),
        "runs": [bulk.summary(row.run) for row in crisis.runs.select_related("run__user").order_by("-pk")],
        "batches": [row.batch for row in crisis.batches.select_related("batch__template").order_by("pk")],
        "samples": queries.samples(crisis, user) if crisis.status == CrisisStatus.PROPOSED else [],
        "written": watching.written_samples(crisis) if crisis.status == CrisisStatus.PROPOSED else [],
        "found_by": CrisisBy(crisis.by).label if crisis.by else "",
        "found_name": words.names_of([key])[key] if crisis.by else "",
        "also": crisis_report.also(crisis),
        "conditions": crisis_report.conditions(crisis),
        "may": {step: True for step in access.RIGHTS if access.may(user, step, crisis)},
        "forms": shown,
        "error": error,
    }
    return page(request, "feedback/crises/crisis.html", context, at=at, status=status)


def found_or_404(crisis_id: int) -> Crisis:
    """A crisis.

    Raises:
        Http404: there is none.
    """
    try:
        return queries.crisis_for(crisis_id)
    except NotFound as error:
        raise Http404 from error


@require_GET
@needs(VIEW)
def crisis_report_page(request: StaffRequest, crisis_id: int) -> HttpResponse:
    """The report, to be read or printed."""
    at, crisis = timezone.now(), found_or_404(crisis_id)
    figures = report.figures(crisis, at=at)
    context = {
        "crisis": crisis,
        "figures": figures,
        "told": crisis_report.told(figures),
        "hours": crisis_drawing.bars(figures["hours"]),
        "timeline": crisis_report.timeline(figures),
        "conditions": crisis_report.conditions(crisis),
        "statements": [one for one in queries.statements_of(crisis) if one.published_at],
        "is_frozen": bool(crisis.report),
        "offers": request.user.has_perm("common.export_lists"),
    }
    return page(request, "feedback/crises/report.html", context, at=at)


CRISIS_PAGES = [
    Page("crises/", crisis_list, "crises"),
    Page("crises/new/", crisis_new, "crisis_new"),
    Page("crises/<int:crisis_id>/", crisis_page, "crisis"),
    Page("crises/<int:crisis_id>/plan/", crisis_plan, "crisis_plan"),
    Page("crises/<int:crisis_id>/report/", crisis_report_page, "crisis_report"),
    *crisis_watches.WATCH_PAGES,
]
CRISIS_MENU = [
    MenuItem(
        gettext_lazy("Crises"),
        "crises",
        "crisis_alert",
        (VIEW,),
        waiting=lambda user: (
            Crisis.objects.filter(status=CrisisStatus.PROPOSED)
            if user.has_perm(access.OPEN)
            else Crisis.objects.none()
        ),
        group="work",
    )
]
