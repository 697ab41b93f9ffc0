"""Improvements: the list, one with its causes, tasks, proof and words to members."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.common.asked import id_in, within_years
from config.common.errors import DomainError, Invalid
from config.common.events import timeline
from config.common.models import User
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.admin.listening import perform
from feedback.cases.linking import find_numbered
from feedback.models import Department
from feedback.org.queries import departments_of
from kpis.alerts import queries as queries_of_alerts
from kpis.improvements import causes, commands, queries, telling
from kpis.improvements.commands import Aim, Spot
from kpis.improvements.held import ADD, ENDED, VIEW, may_change, visible_to
from kpis.improvements.rules import MOVES
from kpis.metrics.catalogue import METRICS
from kpis.models import (
    ROWS,
    Dimension,
    Improvement,
    ImprovementKind,
    ImprovementStatus,
    MetricCode,
)
from kpis.models.improvement import DONE, NAMED, WORDS
from kpis.models.metric import KEY
from surveys.models import Need

SIZE = 50
NONE = ("", _("all"))
DAY = forms.DateInput(attrs={"type": "date"})


class ImprovementFilter(forms.Form):
    """What the list is narrowed to."""

    status = forms.ChoiceField(label=_("state"), required=False, choices=[NONE, *ImprovementStatus.choices])
    kind = forms.ChoiceField(label=_("kind"), required=False, choices=[NONE, *ImprovementKind.choices])
    department = forms.ModelChoiceField(
        Department.objects.all(), label=_("department"), required=False, empty_label=NONE[1]
    )
    page = forms.IntegerField(min_value=0, max_value=10_000, required=False, widget=forms.HiddenInput)


class ImprovementForm(forms.Form):
    """What it is about, and the figure that is to become better."""

    title = forms.CharField(label=_("title"), max_length=NAMED)
    kind = forms.ChoiceField(label=_("kind"), choices=ImprovementKind.choices)
    department = forms.ModelChoiceField(Department.objects.none(), label=_("department"))
    problem = forms.CharField(
        label=_("what falls short"),
        max_length=WORDS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    metric = forms.ChoiceField(label=_("figure"), required=False, choices=[("", "—"), *MetricCode.choices])
    expected = forms.DecimalField(label=_("better by"), required=False, max_digits=12, decimal_places=3)
    dimension = forms.ChoiceField(label=_("told apart by"), required=False, choices=Dimension.choices)
    key = forms.CharField(label=_("of"), required=False, max_length=KEY)
    control_key = forms.CharField(label=_("compared with"), required=False, max_length=KEY)
    window = forms.IntegerField(label=_("compared over (days)"), initial=28, min_value=7, max_value=91)

    def aim(self) -> Aim:
        """The figure that was chosen."""
        names = ("metric", "expected", "dimension", "key", "control_key", "window")
        return Aim(**{name: self.cleaned_data[name] for name in names})


class DayForm(forms.Form):
    """A day."""

    due_on = forms.DateField(validators=[within_years])


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
            made = _propose(request, form)
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
    changes = may_change(found, request.user)
    context = {
        "one": found,
        "metric": METRICS[MetricCode(found.metric)] if found.metric else None,
        "tree": queries.tree(found, request.user),
        "tasks": list(found.tasks.select_related("owner").order_by("pk")),
        "checks": list(found.checks.order_by("-pk")[:20]),
        "rungs": list(found.rungs.order_by("pk")),
        "history": timeline([found]).order_by("-id")[:30],
        "moves": MOVES[found.status] if changes else frozenset(),
        "changes": changes and found.status not in ENDED,
        "words": changes,
        "owners": _people(found) if changes else [],
        "preview": telling.preview(found) if changes and found.status in DONE else None,
        "sources": [(one, SOURCES[one]) for one in ROWS],
        "tomorrow": timezone.localdate() + timedelta(1),
        "error": error,
    }
    return page(request, "kpis/improvements/one.html", context, status=error.status if error else 200)


SOURCES = {
    "case": pgettext_lazy("improvement", "case (number)"),
    "gap": pgettext_lazy("improvement", "gap (number)"),
    "review": pgettext_lazy("improvement", "review (number)"),
    "need": pgettext_lazy("improvement", "need (code)"),
}


def _people(found: Improvement) -> list[User]:
    """Who may own it: the people of its department."""
    of_it = User.objects.filter(
        is_active=True, is_staff=True, agent__memberships__department=found.department_id
    )
    return list(of_it.distinct().order_by("name", "pk"))


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


def _day(request: StaffRequest) -> Any:
    form = DayForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Choose a day that is not past."))
    return form.cleaned_data["due_on"]


def _entrust(request: StaffRequest, given: dict[str, Any]) -> Improvement:
    owner = User.objects.filter(pk=id_in(request.POST.get("owner")) or 0).first()
    if owner is None:
        raise Invalid(_("Choose who takes it on."))
    known = Improvement.objects.filter(pk=given["improvement_id"]).first()
    is_new = known is not None and known.status == ImprovementStatus.PROPOSED
    return (commands.accept if is_new else commands.entrust)(**given, owner=owner, due_on=_day(request))


def _why(request: StaffRequest, given: dict[str, Any]) -> Any:
    parent = id_in(request.POST.get("parent"))
    return causes.add_why(**given, text=request.POST.get("text", ""), parent_id=parent)


def _root(request: StaffRequest, given: dict[str, Any]) -> Any:
    return causes.mark_root(
        **given, why_id=id_in(request.POST.get("why")) or 0, is_root=request.POST.get("is_root") == "1"
    )


def _evidence(request: StaffRequest, given: dict[str, Any]) -> Any:
    source, number = request.POST.get("source", ""), request.POST.get("number", "").strip()
    row = id_in(number)
    if source == "need":
        row = Need.objects.filter(code=number.replace("\x00", "")).values_list("pk", flat=True).first() or row
    elif source == "case" and row is None:
        row = find_numbered(request.user, number).pk
    return causes.add_row(**given, why_id=id_in(request.POST.get("why")) or 0, source=source, row_id=row or 0)


def _word(request: StaffRequest, given: dict[str, Any]) -> Any:
    said = {name: request.POST.get(name, "") for name in ("title", "text", "title_en", "text_en")}
    return telling.word(**{**given, **said})


ACTS: dict[str, Callable[[StaffRequest, dict[str, Any]], Any]] = {
    "entrust": _entrust,
    "start": lambda _request, given: commands.start(**given),
    "carry-out": lambda _request, given: commands.carry_out(**given),
    "check": lambda _request, given: commands.check(**given),
    "close": lambda _request, given: commands.close(**given),
    "drop": lambda _request, given: commands.drop(**given),
    "reopen": lambda _request, given: commands.reopen(**given),
    "why": _why,
    "root": _root,
    "why-away": lambda request, given: causes.remove_why(**given, why_id=id_in(request.POST.get("why")) or 0),
    "evidence": _evidence,
    "evidence-away": lambda request, given: causes.remove_ground(
        **given, ground_id=id_in(request.POST.get("ground")) or 0
    ),
    "task": lambda request, given: causes.add_task(**given, text=request.POST.get("text", "")),
    "task-done": lambda request, given: causes.done_task(
        **given, task_id=id_in(request.POST.get("task")) or 0
    ),
    "words": _word,
    "tell": lambda _request, given: telling.tell(**given),
}
"""What can be done, by its name in the address; each asks for the rights anew."""

IMPROVEMENT_PAGES = [
    Page("improvements/", improvements, "improvements"),
    Page("improvements/new/", new, "improvement_new"),
    Page("improvements/<int:pk>/", improvement, "improvement"),
    Page("improvements/<int:pk>/<slug:name>/", act, "improvement_act"),
]
IMPROVEMENT_MENU = [
    MenuItem(_("Improvements"), "improvements", "trending_up", (VIEW,), group="lead"),
]
