"""Decisions of meetings: those that are open or done, and one with its ladder and what came of it."""

from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from config.common.asked import id_in
from config.common.errors import DomainError, Invalid
from config.common.models import User
from config.common.registry import Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.admin.listening import perform
from kpis.admin.task_force_forms import EntrustForm, OutcomeForm, owners
from kpis.history import history
from kpis.models import Resolve
from kpis.task_force import deciding, queries
from kpis.task_force.held import VIEW, may_lead, resolves_seen_by, visible_to

SIZE, MOST_PAGES = 50, 10_000


class DecisionFilter(forms.Form):
    """What the list is narrowed to."""

    state = forms.ChoiceField(
        label=_("state"),
        required=False,
        choices=[("", pgettext_lazy("decisions", "open")), ("done", pgettext_lazy("decisions", "done"))],
    )
    whose = forms.ChoiceField(
        label=pgettext_lazy("task force", "whose"),
        required=False,
        choices=[("", _("all")), ("mine", pgettext_lazy("decisions", "my own"))],
    )


@require_safe
@needs(VIEW)
def decisions(request: StaffRequest) -> HttpResponse:
    """The decisions that somebody may see."""
    narrow, today = DecisionFilter(request.GET), timezone.localdate()
    number = id_in(request.GET.get("page", "0"))
    if not narrow.is_valid() or number is None or number > MOST_PAGES:
        return page(request, "kpis/task_force/decisions.html", {"narrow": narrow}, status=400)
    asked = narrow.cleaned_data
    is_done = asked["state"] == "done"
    found = queries.resolves(request.user, today=today, is_done=is_done, mine=asked["whose"] == "mine")
    rows = list(found[number * SIZE : (number + 1) * SIZE + 1])
    context = {
        "narrow": narrow,
        "rows": rows[:SIZE],
        "number": number,
        "has_more": len(rows) > SIZE,
        "is_done": is_done,
    }
    return page(request, "kpis/task_force/decisions.html", context)


@require_safe
@needs(VIEW)
def decision(request: StaffRequest, pk: int) -> HttpResponse:
    """One decision."""
    return _show(request, pk)


def _show(request: StaffRequest, pk: int, *, error: DomainError | None = None) -> HttpResponse:
    found = (
        resolves_seen_by(request.user)
        .select_related("owner", "department", "meeting__task_force", "done_by", "topic")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise Http404
    force = found.meeting.task_force
    leads = found.done_at is None and may_lead(force.pk, request.user)
    sent = request.POST if error else None
    context = {
        "one": found,
        "sees_meeting": visible_to(request.user).filter(pk=force.pk).exists(),
        "is_late": found.done_at is None and found.due_on < timezone.localdate(),
        "outcome_form": OutcomeForm(sent if sent and "outcome" in sent else None)
        if leads or (found.done_at is None and found.owner_id == request.user.pk)
        else None,
        "entrust_form": _entrust_form(found) if leads else None,
        "rungs": list(found.rungs.order_by("pk")),
        "history": history(found, queries.HAPPENED),
        "error": error,
    }
    return page(request, "kpis/task_force/decision.html", context, status=error.status if error else 200)


def _entrust_form(found: Resolve, data: Any = None) -> EntrustForm:
    form = EntrustForm(data, initial={"owner": found.owner_id, "due_on": found.due_on})
    form.fields["owner"].choices = owners(found.meeting.task_force)  # type: ignore[attr-defined]
    return form


@require_POST
@needs(VIEW)
def act(request: StaffRequest, pk: int, name: str) -> HttpResponse:
    """Say what came of a decision, or give it to somebody else or until another day."""
    if name not in {"done", "entrust"}:
        raise Http404

    def do() -> Any:
        given: dict[str, Any] = {"resolve_id": pk, "actor": request.user, "at": timezone.now()}
        if name == "done":
            return deciding.done(**given, outcome=request.POST.get("outcome", ""))
        found = resolves_seen_by(request.user).select_related("meeting__task_force").filter(pk=pk).first()
        if found is None:
            raise Http404
        form = _entrust_form(found, request.POST)
        if not form.is_valid():
            raise Invalid(_("Choose who takes it on, and a day that is not past."))
        owner = User.objects.get(pk=form.cleaned_data["owner"])
        return deciding.entrust(**given, owner=owner, due_on=form.cleaned_data["due_on"])

    return perform(
        request,
        VIEW,
        do,
        lambda error: _show(request, pk, error=error),
        lambda _done: redirect("admin:task_force_decision", pk),
    )


DECISION_PAGES = [
    Page("task-forces/decisions/", decisions, "task_force_decisions"),
    Page("task-forces/decisions/<int:pk>/", decision, "task_force_decision"),
    Page("task-forces/decisions/<int:pk>/<slug:name>/", act, "task_force_decision_act"),
]
