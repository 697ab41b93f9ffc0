"""Changes of the policies: what is not in force yet, what it would have meant, and putting it in force."""

from dataclasses import dataclass
from typing import Any

from celery import current_app
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from config.common.asked import id_in
from config.common.errors import DomainError
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.clocks import moving
from feedback.models import Case, ClockMove, Department, Milestone, Simulation
from feedback.sops import drafts, queries, simulation, words
from feedback.sops.differences import Difference, differences

MAY = "feedback.change_policy"
PERIODS = (7, 30, 90)
LISTED = 10


@dataclass(frozen=True, slots=True)
class Change:
    """A draft as the page shows it."""

    draft: drafts.Draft
    name: str
    differences: list[Difference]


@require_GET
@needs(MAY)
def changes(request: StaffRequest) -> HttpResponse:
    """What is not in force yet and what can be done about it, moves that go on, and past trials."""
    names = queries.names()
    context = {
        "changes": [
            Change(draft, words.name(draft.stored), differences(draft.in_force, draft.stored, names))
            for draft in drafts.changed()
        ],
        "periods": PERIODS,
        "trials": Simulation.objects.select_related("asked_by").order_by("-pk")[:LISTED],
        "moves": ClockMove.objects.filter(finished_at=None).order_by("pk"),
    }
    return page(request, "feedback/sop/changes.html", context)


@require_GET
@needs(MAY)
def affected(request: StaffRequest) -> HttpResponse:
    """How many running clocks would come under other terms, were everything published."""
    clocks, cases = moving.affected(drafts.as_if_published(drafts.drafts()))
    return page(request, "feedback/sop/affected.html", {"clocks": clocks, "cases": len(cases)})


@require_POST
@needs(MAY)
def try_out(request: StaffRequest) -> HttpResponse:
    """Begin a trial of the policies as they are stored."""
    policies = drafts.as_if_published(drafts.drafts())
    days = id_in(request.POST.get("days")) or 0
    try:
        row = simulation.ask(policies=policies, days=days, actor=request.user, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("admin:sop-changes")
    return redirect("admin:sop-trial", row.pk)


@needs(MAY)
def trial(request: StaffRequest, trial_id: int) -> HttpResponse:
    """A trial: a POST goes on with it by a slice, so that the page shows how far it is."""
    row = get_object_or_404(Simulation, pk=trial_id)
    if request.method == "POST":
        row = simulation.go_on(simulation_id=trial_id, at=timezone.now())
        if not request.htmx:
            return redirect("admin:sop-trial", trial_id)
    template = "feedback/sop/trial_state.html" if request.htmx else "feedback/sop/trial.html"
    return page(request, template, _result(row))


@require_POST
@needs(MAY)
def publish(request: StaffRequest) -> HttpResponse:
    """Put all drafts in force, and move running clocks over where that was ticked."""
    at = timezone.now()
    try:
        versions = drafts.publish_changed(actor=request.user, at=at)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("admin:sop-changes")
    told = ngettext("%(number)s policy is in force.", "%(number)s policies are in force.", len(versions))
    messages.success(request, told % {"number": len(versions)})
    if "move" in request.POST:
        _move(request)
    return redirect("admin:sop-changes")


@require_POST
@needs(MAY)
def move(request: StaffRequest) -> HttpResponse:
    """Move the running clocks over to the policies in force."""
    _move(request)
    return redirect("admin:sop-changes")


@require_POST
@needs(MAY)
def discard(request: StaffRequest, policy_id: int) -> HttpResponse:
    """Throw a draft away."""
    try:
        drafts.discard(policy_id=policy_id, actor=request.user, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The draft was thrown away."))
    return redirect("admin:sop-changes")


def _move(request: StaffRequest) -> None:
    """Move a few at once; many are a worker's work, which a beat finds even if the broker hears nothing."""
    at = timezone.now()
    with transaction.atomic():
        begun = moving.begin(actor=request.user, at=at)
        if len(begun.cases) > moving.AT_ONCE:
            wake = current_app.send_task
            transaction.on_commit(lambda: wake("feedback.move_clocks"), robust=True)
    if len(begun.cases) > moving.AT_ONCE:
        messages.info(request, _("The clocks are being moved; you can go on with other work."))
        return
    done = moving.go_on(move_id=begun.pk, at=at)
    told = ngettext("%(number)s clock was moved.", "%(number)s clocks were moved.", done.moved)
    messages.success(request, told % {"number": done.moved})


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a trial's result."""

    department: str
    milestone: str
    numbers: dict[str, int]

    @property
    def attained(self) -> float | None:
        """What was met in time, in percent."""
        return _share(self.numbers["met"], self.numbers["breached"])

    @property
    def attained_then(self) -> float | None:
        """What would have been."""
        return _share(self.numbers["met_then"], self.numbers["breached_then"])

    @property
    def more(self) -> int:
        """How many more would be late; fewer are below zero."""
        return self.numbers["breached_then"] - self.numbers["breached"]


def _share(met: int, breached: int) -> float | None:
    return 100 * met / (met + breached) if met + breached else None


def _result(row: Simulation) -> dict[str, Any]:
    departments = {one.pk: str(one) for one in Department.objects.all()}
    found = [
        Row(
            departments.get(department, "—"),
            str(Milestone(milestone).label),
            dict(zip(simulation.COLUMNS, numbers, strict=True)),
        )
        for department, milestone, *numbers in row.result["rows"]
    ]
    found.sort(key=lambda one: (one.department, -abs(one.more), one.milestone))
    total = {name: sum(one.numbers[name] for one in found) for name in simulation.COLUMNS}
    shown = row.result["examples"]
    cases = Case.objects.in_bulk({case for some in shown.values() for case, _clock in some})
    examples = {
        name: [(cases[case], clock) for case, clock in some if case in cases] for name, some in shown.items()
    }
    return {
        "trial": row,
        "rows": found,
        "total": Row(_("All"), "", total),
        "examples": examples,
        "other": row.result["other_version"],
    }


CHANGE_PAGES = [
    Page("sop/changes/", changes, "sop-changes"),
    Page("sop/changes/affected/", affected, "sop-affected"),
    Page("sop/changes/try/", try_out, "sop-try"),
    Page("sop/changes/publish/", publish, "sop-publish"),
    Page("sop/changes/move/", move, "sop-move"),
    Page("sop/changes/<int:policy_id>/discard/", discard, "sop-discard"),
    Page("sop/trials/<int:trial_id>/", trial, "sop-trial"),
]
CHANGE_MENU = [
    MenuItem(gettext_lazy("Changes of the SOP"), "sop-changes", "edit_note", (MAY,), group="rules")
]
