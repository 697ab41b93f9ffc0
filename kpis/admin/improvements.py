"""Improvements: the list, one with its causes, tasks, proof and words to members."""

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.common.asked import id_in
from config.common.errors import DomainError
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from config.common.sending import sent_once
from feedback.admin.access import needs
from feedback.admin.listening import perform
from feedback.gaps import hot_spots
from feedback.org.queries import departments_of
from kpis.admin.improvement_acts import ACTS
from kpis.admin.improvement_course import drawn
from kpis.admin.improvement_forms import (
    AIM,
    UNJUDGED,
    AboutForm,
    ImprovementFilter,
    ImprovementForm,
    ground_form,
    people_of,
    task_form,
)
from kpis.alerts import queries as queries_of_alerts
from kpis.improvements import commands, queries, seeing, telling
from kpis.improvements.at_hand import at_hand
from kpis.improvements.commands import Spot
from kpis.improvements.held import ADD, ENDED, VIEW, may_change, visible_to
from kpis.improvements.rules import MOVES
from kpis.metrics.catalogue import METRICS
from kpis.metrics.naming import names
from kpis.models import ROWS, Dimension, Improvement, MetricCode
from kpis.models.improvement import DONE
from kpis.snapshots.queries import SEE_COMPANY
from surveys.models import Need

SIZE = 50


def _form(request: StaffRequest) -> ImprovementForm:
    """The form as it was sent, or filled with what the address names."""
    form = ImprovementForm(request.POST or None, initial=request.GET.dict())
    form.fields["department"].queryset = departments_of(request.user)  # type: ignore[attr-defined]
    return form


@require_safe
@needs(VIEW)
def improvements(request: StaffRequest) -> HttpResponse:
    """The improvements that somebody may see, the late ones first."""
    narrow = ImprovementFilter(request.GET)
    if not narrow.is_valid():
        return page(request, "kpis/improvements/list.html", {"narrow": narrow}, status=400)
    asked = narrow.cleaned_data
    wanted = {name: asked[name] for name in ("status", "kind", "department") if asked[name]}
    if asked["verdict"]:
        wanted["verdict"] = "" if asked["verdict"] == UNJUDGED else asked["verdict"]
    number = asked["page"] or 0
    found = queries.listed(request.user, today=timezone.localdate(), narrow=wanted)
    rows = list(found[number * SIZE : (number + 1) * SIZE + 1])
    context = {
        "narrow": narrow,
        "rows": rows[:SIZE],
        "number": number,
        "has_more": len(rows) > SIZE,
        "may_add": request.user.has_perm(ADD),
    }
    return page(request, "kpis/improvements/list.html", context)


@require_http_methods(["GET", "POST"])
@needs(ADD)
def new(request: StaffRequest) -> HttpResponse:
    """Put an improvement forward, of the need, hot spot or alert that the address names."""
    form = _form(request)
    if request.method == "POST" and form.is_valid():
        try:
            made = sent_once(request, lambda: _propose(request, form), Improvement)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("admin:improvement", made.pk)
    return page(request, "kpis/improvements/new.html", {"form": form}, status=400 if form.errors else 200)


def _propose(request: StaffRequest, form: ImprovementForm) -> Improvement:
    given, asked = form.cleaned_data, request.GET
    spot = Spot(asked["aspect"], asked.get("by", ""), asked.get("value", "")) if asked.get("aspect") else None
    need = Need.objects.filter(pk=id_in(asked.get("need")) or 0, merged_into=None).first()
    alert = queries_of_alerts.seen_by(request.user).filter(pk=id_in(asked.get("alert")) or 0).first()
    return commands.propose(
        title=given["title"],
        kind=given["kind"],
        department=given["department"],
        problem=given["problem"],
        aim=form.aim(),
        spot=spot,
        need=need if request.user.has_perm("surveys.view_need") else None,
        alert=alert,
        actor=request.user,
        at=timezone.now(),
    )


@require_http_methods(["GET", "POST"])
@needs(VIEW)
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Say anew what an improvement is about."""
    found = visible_to(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404
    if not may_change(found, request.user):
        raise PermissionDenied
    about = {name: getattr(found, name) for name in ("title", "kind", "problem", *AIM)}
    form = AboutForm(request.POST or None, initial=about)
    if request.method == "POST" and form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("title", "kind", "problem")}
        try:
            commands.edit(improvement_id=pk, **given, aim=form.aim(), actor=request.user, at=timezone.now())
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("admin:improvement", pk)
    context = {"form": form, "one": found}
    return page(request, "kpis/improvements/new.html", context, status=400 if form.errors else 200)


@require_safe
@needs(VIEW)
def improvement(request: StaffRequest, pk: int) -> HttpResponse:
    """One improvement."""
    return _show(request, pk)


def _show(request: StaffRequest, pk: int, *, error: DomainError | None = None) -> HttpResponse:
    seen = visible_to(request.user).select_related("department", "owner", "need")
    found = seen.filter(pk=pk).first()
    if found is None:
        raise Http404
    changes, today = may_change(found, request.user), timezone.localdate()
    is_open = changes and found.status not in ENDED
    called = _named(found)
    told = seeing.sees_figure(request.user, found.dimension, found.key, found.control_key)
    context = {
        "one": found,
        "metric": METRICS[MetricCode(found.metric)] if found.metric else None,
        "key_name": called.get(found.key, ""),
        "control_name": called.get(found.control_key, ""),
        "spot_name": _spot(found),
        "chart": drawn(found, called, today=today, with_rows=request.user.has_perm(SEE_COMPANY))
        if told
        else None,
        "is_withheld": not told,
        "tree": queries.tree(found, request.user),
        "tasks": list(found.tasks.select_related("owner").order_by("pk")),
        "checks": list(found.checks.order_by("-pk")[:20]) if told else [],
        "rungs": list(found.rungs.order_by("pk")),
        "history": queries.history_of(found),
        "moves": MOVES[found.status] if changes else frozenset(),
        "changes": is_open,
        "hands": at_hand(found, request.user, today=today) if is_open else [],
        "task_form": task_form(found) if is_open else None,
        "ground_form": ground_form(found) if is_open else None,
        "words": changes,
        "owners": people_of(found) if changes else [],
        "preview": telling.preview(found) if changes and found.status in DONE else None,
        "sources": [(one, SOURCES[one]) for one in ROWS],
        "today": today,
        "tomorrow": today + timedelta(1),
        "error": error,
    }
    return page(request, "kpis/improvements/one.html", context, status=error.status if error else 200)


def _named(found: Improvement) -> dict[str, str]:
    """What the keys of its figure are called."""
    keys = [one for one in (found.key, found.control_key) if one]
    return names(Dimension(found.dimension), keys) if keys else {}


def _spot(found: Improvement) -> str:
    """What its hot spot is called."""
    if not found.spot_value:
        return ""
    spot = found.spot_by, found.spot_value
    return hot_spots.names_of([spot]).get(spot, "") or found.spot_value


SOURCES = {
    "case": pgettext_lazy("improvement", "case (number)"),
    "gap": pgettext_lazy("improvement", "gap (number)"),
    "review": pgettext_lazy("improvement", "review (number)"),
    "need": pgettext_lazy("improvement", "need (code)"),
}


@require_POST
@needs(VIEW)
def act(request: StaffRequest, pk: int, name: str) -> HttpResponse:
    """Do one thing with an improvement."""
    if name not in ACTS:
        raise Http404
    return perform(
        request,
        VIEW,
        lambda: ACTS[name](request, {"improvement_id": pk, "actor": request.user, "at": timezone.now()}),
        lambda error: _show(request, pk, error=error),
        lambda _done: redirect("admin:improvement", pk),
    )


IMPROVEMENT_PAGES = [
    Page("improvements/", improvements, "improvements"),
    Page("improvements/new/", new, "improvement_new"),
    Page("improvements/<int:pk>/", improvement, "improvement"),
    Page("improvements/<int:pk>/edit/", edit, "improvement_edit"),
    Page("improvements/<int:pk>/<slug:name>/", act, "improvement_act"),
]
IMPROVEMENT_MENU = [
    MenuItem(_("Improvements"), "improvements", "trending_up", (VIEW,), group="lead"),
]
