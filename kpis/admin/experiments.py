"""Experiments: the list, one that runs or has a result, and what can be done with it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from config.common.asked import within_years
from config.common.errors import DomainError, Invalid
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.admin.listening import perform
from kpis.admin import experiment_plans
from kpis.experiments import commands, judging, planning, queries, rules, words
from kpis.experiments.held import ADD, RUN, VIEW, visible_to
from kpis.experiments.outcomes import OUTCOMES
from kpis.models import Experiment, ExperimentResult, ExperimentStatus, Tested

SIZE = 50
NONE = ("", _("all"))


class ExperimentFilter(forms.Form):
    """What the list is narrowed to."""

    status = forms.ChoiceField(label=_("state"), required=False, choices=[NONE, *ExperimentStatus.choices])
    kind = forms.ChoiceField(label=_("what is under test"), required=False, choices=[NONE, *Tested.choices])
    page = forms.IntegerField(min_value=0, max_value=10_000, required=False, widget=forms.HiddenInput)


class UntilForm(forms.Form):
    """A day."""

    until = forms.DateField(validators=[within_years])


@require_safe
@needs(VIEW)
def experiments(request: StaffRequest) -> HttpResponse:
    """The experiments that somebody may see, the newest first."""
    narrow = ExperimentFilter(request.GET)
    if not narrow.is_valid():
        return page(request, "kpis/experiments/list.html", {"narrow": narrow}, status=400)
    asked = narrow.cleaned_data
    number = asked["page"] or 0
    found = queries.listed(request.user, {name: asked[name] for name in ("status", "kind") if asked[name]})
    rows = list(found[number * SIZE : (number + 1) * SIZE + 1])
    context = {
        "narrow": narrow,
        "rows": [(one, OUTCOMES[one.outcome].name) for one in rows[:SIZE]],
        "number": number,
        "has_more": len(rows) > SIZE,
        "may_add": request.user.has_perm(ADD),
    }
    return page(request, "kpis/experiments/list.html", context)


@require_safe
@needs(VIEW)
def experiment(request: StaffRequest, pk: int) -> HttpResponse:
    """One experiment."""
    return _show(request, pk)


def _show(
    request: StaffRequest, pk: int, *, failed: str = "", error: DomainError | None = None
) -> HttpResponse:
    found = visible_to(request.user).select_related("department", "made_by").filter(pk=pk).first()
    if found is None:
        raise Http404
    at, outcome = timezone.now(), OUTCOMES[found.outcome]
    result = ExperimentResult.objects.filter(experiment=found).first()
    runs, may_run = found.status == ExperimentStatus.RUNNING, request.user.has_perm(RUN)
    progress = judging.progress(found, at=at) if runs else None
    p = result.numbers["outcome"]["p"] if result else None
    context = {
        "one": found,
        "outcome": outcome,
        "baseline": words.told(outcome, found.baseline),
        "effect": words.changed(outcome, float(found.effect)).lstrip("+"),
        "power": f"{100 * found.power:.0f} %",
        "variants": queries.variants_of(found),
        "guards": [(one, OUTCOMES[one.outcome].name, _margin(one)) for one in found.guards.order_by("pk")],
        "progress": progress,
        "is_full": progress is not None and progress.is_full(found),
        "result": result,
        "lines": queries.lines_of(result) if result else [],
        "split": words.chance(result.numbers["split"]) if result else "",
        "explained": words.explained(found, outcome, p) if found.finding else "",
        "may_run": may_run,
        "may_discard": request.user.has_perm(ADD) and found.status == ExperimentStatus.DRAFT,
        "may_keep": rules.may_keep(found.finding) if may_run else (),
        "later": found.ends_on + timedelta(7) if found.ends_on else None,
        "history": queries.history_of(found),
        "failed": failed,
        "error": error,
        "typed": request.POST,
    }
    return page(request, "kpis/experiments/one.html", context, status=error.status if error else 200)


def _margin(guard: Any) -> str:
    return words.changed(OUTCOMES[guard.outcome], float(guard.margin)).lstrip("+")


@require_POST
@needs(VIEW)
def act(request: StaffRequest, pk: int, name: str) -> HttpResponse:
    """Do one thing with an experiment."""
    if name not in ACTS:
        raise Http404
    return perform(
        request,
        VIEW,
        lambda: ACTS[name](request, {"experiment_id": pk, "actor": request.user, "at": timezone.now()}),
        lambda error: _show(request, pk, failed=name, error=error),
        lambda _done: (
            redirect("admin:experiments") if name == "discard" else redirect("admin:experiment", pk)
        ),
    )


def _extend(request: StaffRequest, given: dict[str, Any]) -> Experiment:
    form = UntilForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Choose a day after the planned end, within a year."))
    return commands.extend(**given, until=form.cleaned_data["until"])


def _decide(request: StaffRequest, given: dict[str, Any]) -> Experiment:
    keep, reason = (request.POST.get(name, "") for name in ("keep", "reason"))
    return commands.decide(**given, keep=keep, reason=reason)


ACTS: dict[str, Callable[[StaffRequest, dict[str, Any]], Any]] = {
    "start": lambda _request, given: commands.start(**given),
    "discard": lambda _request, given: planning.discard(**given),
    "extend": _extend,
    "stop": lambda request, given: commands.stop(**given, reason=request.POST.get("reason", "")),
    "end": lambda _request, given: commands.end(**given),
    "decide": _decide,
}
"""What can be done, by its name in the address; each asks for the rights anew."""

EXPERIMENT_PAGES = [
    Page("experiments/", experiments, "experiments"),
    *experiment_plans.PLAN_PAGES,
    Page("experiments/<int:pk>/", experiment, "experiment"),
    Page("experiments/<int:pk>/<slug:name>/", act, "experiment_act"),
]
EXPERIMENT_MENU = [
    MenuItem(_("Experiments"), "experiments", "science", (VIEW,), group="lead"),
]
