"""Task forces: the list, one with its meetings, and putting one together."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.common.asked import id_in
from config.common.errors import DomainError, Invalid
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from config.common.sending import sent_once
from feedback.admin.access import needs
from feedback.admin.listening import perform
from kpis.admin.task_force_decisions import DECISION_PAGES
from kpis.admin.task_force_forms import DayForm, ForceForm, SeatRows
from kpis.admin.task_force_meetings import MEETING_PAGES
from kpis.models import TaskForce
from kpis.task_force import meetings as meeting_commands
from kpis.task_force import queries, seats
from kpis.task_force.held import ADD, CHANGE, VIEW, may_lead, visible_to
from kpis.task_force.rules import next_on

SIZE = 30


@require_safe
@needs(VIEW)
def task_forces(request: StaffRequest) -> HttpResponse:
    """The task forces that somebody may see."""
    number = id_in(request.GET.get("page")) or 0
    if number > SIZE:
        raise Http404
    rows = list(queries.forces(request.user)[number * SIZE : (number + 1) * SIZE + 1])
    context = {
        "rows": rows[:SIZE],
        "number": number,
        "has_more": len(rows) > SIZE,
        "may_add": request.user.has_perm(ADD),
        "today": timezone.localdate(),
    }
    return page(request, "kpis/task_force/list.html", context)


@require_http_methods(["GET", "POST"])
@needs(ADD)
def new(request: StaffRequest) -> HttpResponse:
    """Put a task force together."""
    return _form(request, None)


@require_http_methods(["GET", "POST"])
@needs(VIEW)
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Say anew what it is called, when it meets and who is in it."""
    found = _found(request, pk)
    if not request.user.has_perm(CHANGE):
        raise PermissionDenied
    return _form(request, found)


def _form(request: StaffRequest, found: TaskForce | None) -> HttpResponse:
    about = {name: getattr(found, name) for name in ("name", "weekday", "is_active")} if found else None
    sent = request.POST if request.method == "POST" else None
    form, rows = ForceForm(sent, initial=about), SeatRows(sent, found)
    if found is None:
        del form.fields["is_active"]
    if sent is not None and form.is_valid() and rows.is_valid():
        given: dict[str, Any] = {"seats": rows.seats(), "actor": request.user, "at": timezone.now()}
        try:
            if found is None:
                found = sent_once(request, lambda: seats.create(**form.cleaned_data, **given), TaskForce)
            else:
                seats.change(task_force_id=found.pk, **form.cleaned_data, **given)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("admin:task_force", found.pk)
    wrong = sent is not None
    context = {"form": form, "seats": rows, "one": found}
    return page(request, "kpis/task_force/edit.html", context, status=400 if wrong else 200)


@require_safe
@needs(VIEW)
def task_force(request: StaffRequest, pk: int) -> HttpResponse:
    """One task force with its meetings."""
    return _show(request, pk)


def _found(request: StaffRequest, pk: int) -> TaskForce:
    found = visible_to(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _show(request: StaffRequest, pk: int, *, error: DomainError | None = None) -> HttpResponse:
    found, today = _found(request, pk), timezone.localdate()
    number = id_in(request.GET.get("page")) or 0
    if number > 10 * SIZE:
        raise Http404
    rows = list(queries.meetings(request.user, found)[number * SIZE : (number + 1) * SIZE + 1])
    of_it = queries.resolves(request.user, today=today, is_done=False).filter(meeting__task_force=found)
    context = {
        "one": found,
        "members": list(found.members.select_related("user", "department")),
        "rows": rows[:SIZE],
        "number": number,
        "has_more": len(rows) > SIZE,
        "decisions": list(of_it[:SIZE]),
        "may_change": request.user.has_perm(CHANGE),
        "form": DayForm(initial={"on": next_on(found.weekday, today)})
        if found.is_active and may_lead(found.pk, request.user)
        else None,
        "today": today,
        "error": error,
    }
    return page(request, "kpis/task_force/one.html", context, status=error.status if error else 200)


@require_POST
@needs(VIEW)
def call(request: StaffRequest, pk: int) -> HttpResponse:
    """Call a meeting."""

    def do() -> Any:
        form = DayForm(request.POST)
        if not form.is_valid():
            raise Invalid(_("Choose a day that is not past."))
        return meeting_commands.call(
            task_force_id=pk, **form.cleaned_data, actor=request.user, at=timezone.now()
        )

    return perform(
        request,
        VIEW,
        do,
        lambda error: _show(request, pk, error=error),
        lambda made: redirect("admin:task_force_meeting", made.pk),
    )


TASK_FORCE_PAGES = [
    Page("task-forces/", task_forces, "task_forces"),
    Page("task-forces/new/", new, "task_force_new"),
    *DECISION_PAGES,
    *MEETING_PAGES,
    Page("task-forces/<int:pk>/", task_force, "task_force"),
    Page("task-forces/<int:pk>/edit/", edit, "task_force_edit"),
    Page("task-forces/<int:pk>/call/", call, "task_force_call"),
]
TASK_FORCE_MENU = [
    MenuItem(_("Task forces"), "task_forces", "groups", (VIEW,), group="lead"),
    MenuItem(_("Decisions of meetings"), "task_force_decisions", "task_alt", (VIEW,), group="lead"),
]
