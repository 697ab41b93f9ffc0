"""What ladders ask to be approved: to take longer, or to make up for a delay. A lead decides."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.common.errors import DomainError, NotFound
from config.common.models import User
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.clocks.queries import chip
from feedback.ladders import approvals as commands
from feedback.ladders.approvals import DECIDES
from feedback.models import Approval
from feedback.org.queries import remember

MOST = 50


@require_GET
@needs(DECIDES)
def approvals(request: StaffRequest) -> HttpResponse:
    """What waits for this person's decision, longest first."""
    return _render(request)


@require_POST
@needs(DECIDES)
def decide(request: StaffRequest, approval_id: int) -> HttpResponse:
    """Approve or refuse. What cannot be done comes back with the reason and with what was typed."""
    note, approve = request.POST.get("note", ""), request.POST.get("verdict") == "approve"
    try:
        commands.decide(
            approval_id=approval_id,
            approve=approve,
            note=note,
            actor=request.user,
            at=timezone.now(),
        )
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        return _render(request, failed=approval_id, error=str(error), typed=note, status=error.status)
    told = _("Approved; whoever works on it was told.")
    messages.success(request, told if approve else _("Refused; whoever works on it was told."))
    return redirect("admin:ladder_approvals")


def waiting(user: User) -> QuerySet[Approval]:
    """The requests that wait for this person."""
    remember(user)
    return commands.waiting_for(user)


def _render(request: StaffRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    at = timezone.now()
    found = list(
        commands.waiting_for(request.user)
        .select_related(
            "case__member", "case__agent__user", "department", "clock__calendar_version__calendar"
        )
        .prefetch_related("clock__pauses")[: MOST + 1]
    )
    context = {
        "waiting": [(one, chip(one.clock, at)) for one in found[:MOST]],
        "has_more": len(found) > MOST,
        **more,
    }
    context["is_gone"] = "failed" in more and more["failed"] not in {one.pk for one in found[:MOST]}
    return page(request, "feedback/board/ladder_approvals.html", context, at=at, status=status)
