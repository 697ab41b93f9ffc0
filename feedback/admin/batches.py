"""Batches: made, counted, asked for, approved, watched."""

from collections.abc import Callable
from typing import Any

from celery import current_app
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from compensation.authority.queries import batch_backing, batch_limit_fen
from compensation.batches import commands, queries
from compensation.batches.sources import LIST, SOURCES
from compensation.budgets.stops import line
from compensation.models import Batch, BatchStatus, Budget
from compensation.models.batch import OPEN_TO_CHANGE
from config.common.asked import id_in
from config.common.errors import DomainError, NotPermitted
from config.common.models import User
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.admin.batch_forms import ChooseForm, TermsForm
from feedback.admin.files import offered
from feedback.models import Department

VIEW = "compensation.view_batch"
LISTED = 50
BEFORE = (BatchStatus.COUNTED, BatchStatus.ASKED)
"""When it is worth knowing what the budget has left."""
WORKERS = 2


@require_http_methods(["GET", "POST"])
@needs(VIEW)
def batches(request: StaffRequest) -> HttpResponse:
    """The last batches, and the form for a new one."""
    form = TermsForm(request.POST or None)
    if request.method == "POST":
        if not request.user.has_perm(commands.ASK):
            raise PermissionDenied
        if form.is_valid():
            try:
                made = commands.create(terms=form.terms(), actor=request.user, at=timezone.now())
                return redirect("admin:batch", made.pk)
            except DomainError as error:
                form.add_error(None, str(error))
    rows = queries.newest()
    if before := id_in(request.GET.get("before")):
        rows = rows.filter(pk__lt=before)
    found = list(rows[: LISTED + 1])
    context = {
        "form": form if request.user.has_perm(commands.ASK) else None,
        "batches": found[:LISTED],
        "after": found[LISTED - 1].pk if len(found) > LISTED else None,
    }
    return page(request, "feedback/batches/list.html", context)


@require_GET
@needs(VIEW)
def batch(request: StaffRequest, batch_id: int) -> HttpResponse:
    """One batch: where it stands, whom it is for, what it costs, and what may be done with it now."""
    return _render(request, batch_id)


@require_POST
@needs(VIEW)
def act(request: StaffRequest, batch_id: int, name: str) -> HttpResponse:
    """Do one of the steps; what cannot be done comes back with the reason."""
    if name not in ACTS:
        raise Http404
    get_object_or_404(Batch, pk=batch_id)
    try:
        with transaction.atomic():
            problem = ACTS[name](request, batch_id)
    except NotPermitted as error:
        if not _may(request.user, name):
            raise PermissionDenied from error
        return _render(request, batch_id, error=str(error), status=error.status)
    except DomainError as error:
        note = request.POST.get("note", "")
        return _render(request, batch_id, error=str(error), note=note, status=error.status)
    if problem is not None:
        return _render(request, batch_id, **({"status": 400} | problem))
    return redirect("admin:batch", batch_id)


Problem = dict[str, Any] | None


def _change(request: StaffRequest, batch_id: int) -> Problem:
    _check_may(request.user, "change")
    form = TermsForm(request.POST)
    if not form.is_valid():
        return {"terms": form}
    try:
        commands.change(batch_id=batch_id, terms=form.terms(), actor=request.user, at=timezone.now())
    except DomainError as error:
        return _refused("terms", form, error)
    return None


def _refused(name: str, form: Form, error: DomainError) -> Problem:
    """Say at a form why it is refused: what was typed stays in it."""
    form.add_error(None, str(error))
    return {name: form, "status": error.status}


def _choose(request: StaffRequest, batch_id: int) -> Problem:
    _check_may(request.user, "choose")
    form = ChooseForm(request.POST, request.FILES)
    if not form.is_valid():
        return {"choose": form}
    data = form.cleaned_data
    try:
        commands.choose(
            batch_id=batch_id,
            source=data["source"],
            criteria=form.criteria(),
            listed=data["listed"] if data["source"] == LIST else "",
            actor=request.user,
            at=timezone.now(),
        )
    except DomainError as error:
        return _refused("choose", form, error)
    return None


def _count(request: StaffRequest, batch_id: int) -> Problem:
    commands.count(batch_id=batch_id, actor=request.user, at=timezone.now())
    return None


def _ask(request: StaffRequest, batch_id: int) -> Problem:
    seen = request.POST.get("seen", "")
    commands.ask(batch_id=batch_id, content_hash=seen, actor=request.user, at=timezone.now())
    messages.success(request, _("Asked: somebody else approves it."))
    return None


def _approve(request: StaffRequest, batch_id: int) -> Problem:
    commands.approve(
        batch_id=batch_id,
        content_hash=request.POST.get("seen", ""),
        actor=request.user,
        note=request.POST.get("note", ""),
        at=timezone.now(),
    )
    _wake()
    return None


def _refuse(request: StaffRequest, batch_id: int) -> Problem:
    note = request.POST.get("note", "")
    commands.refuse(batch_id=batch_id, actor=request.user, note=note, at=timezone.now())
    return None


def _pause(request: StaffRequest, batch_id: int) -> Problem:
    commands.pause(batch_id=batch_id, actor=request.user, at=timezone.now())
    return None


def _resume(request: StaffRequest, batch_id: int) -> Problem:
    commands.resume(batch_id=batch_id, actor=request.user, at=timezone.now())
    _wake()
    return None


def _cancel(request: StaffRequest, batch_id: int) -> Problem:
    commands.cancel(batch_id=batch_id, actor=request.user, at=timezone.now())
    return None


ACTS: dict[str, Callable[[StaffRequest, int], Problem]] = {
    "change": _change,
    "choose": _choose,
    "count": _count,
    "ask": _ask,
    "approve": _approve,
    "refuse": _refuse,
    "pause": _pause,
    "resume": _resume,
    "cancel": _cancel,
}
DECIDING, STEERING = {"approve", "refuse"}, {"pause", "resume", "cancel"}


def _may(user: User, name: str) -> bool:
    if name in STEERING:
        return commands.may_steer(user)
    return user.has_perm(commands.APPROVE if name in DECIDING else commands.ASK)


def _check_may(user: User, name: str) -> None:
    if not _may(user, name):
        raise PermissionDenied


def _wake() -> None:
    """Have workers take it up at once; a beat finds it even if the broker hears nothing."""
    wake = current_app.send_task
    for _worker in range(WORKERS):
        transaction.on_commit(lambda: wake("compensation.run_batches"), robust=True)


def _render(request: StaffRequest, batch_id: int, *, status: int = 200, **more: Any) -> HttpResponse:
    one = get_object_or_404(queries.newest(), pk=batch_id)
    user, found = request.user, queries.progress(one)
    is_open = one.status in OPEN_TO_CHANGE and user.has_perm(commands.ASK)
    budget = queries.budget(one, timezone.now()) if one.status in BEFORE else None
    context = {
        "batch": one,
        "progress": found,
        "reasons": queries.reasons(one),
        "orders": queries.orders(one),
        "without_order": queries.without_order(one),
        "budget": budget,
        "budget_for": budget and line(str(_department(budget)), budget.reason_code),
        "is_counted": one.counted_at is not None,
        "is_before": one.status in BEFORE,
        "department": _department(one),
        "source": _source(one),
        "is_going": one.status == BatchStatus.RUNNING,
        "is_open": is_open,
        "may_count": is_open and found.chosen > 0,
        "may_ask": is_open and one.status == BatchStatus.COUNTED and one.members > 0,
        "may_decide": one.status == BatchStatus.ASKED
        and user.has_perm(commands.APPROVE)
        and user.pk not in {one.asked_by_id, one.created_by_id, one.changed_by_id},
        "limit_fen": batch_limit_fen(user) if one.status == BatchStatus.ASKED else 0,
        "may_approve": one.status == BatchStatus.ASKED and _may_approve(user, one),
        "may_pause": one.status == BatchStatus.RUNNING and commands.may_steer(user),
        "may_resume": one.status == BatchStatus.PAUSED and commands.may_steer(user),
        "formats": offered(request),
        "query": f"batch={one.pk}",
        **more,
    }
    if is_open and not request.htmx:
        context.setdefault("terms", TermsForm(batch=one))
        context.setdefault("choose", ChooseForm())
    part = "feedback/batches/state.html" if request.htmx else "feedback/batches/one.html"
    return page(request, part, context, status=status)


def _may_approve(user: User, batch: Batch) -> bool:
    """Whether it is within this person's authority, or that of somebody they stand in for."""
    asker, at = batch.asked_by_id, timezone.now()
    return batch_backing(user, batch.total_fen, requester_id=asker, at=at) is not None


def _department(of: Batch | Budget) -> object:
    if not of.department:
        return ""
    return Department.objects.filter(code=of.department).first() or of.department


def _source(batch: Batch) -> object:
    if batch.source in SOURCES:
        return SOURCES[batch.source].label
    return pgettext("batch", "a list") if batch.source else ""


def waiting(user: User) -> QuerySet[Batch]:
    """The batches that wait for this person's decision."""
    if not user.has_perm(commands.APPROVE):
        return Batch.objects.none()
    return queries.waiting().exclude(asked_by=user).exclude(created_by=user).exclude(changed_by=user)


BATCH_PAGES = [
    Page("batches/", batches, "batches"),
    Page("batches/<int:batch_id>/", batch, "batch"),
    Page("batches/<int:batch_id>/<slug:name>/", act, "batch_act"),
]
BATCH_MENU = [MenuItem(gettext_lazy("Batches"), "batches", "redeem", (VIEW,), waiting, "lead", 15)]
