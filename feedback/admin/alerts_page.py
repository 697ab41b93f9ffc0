"""Alerts: what a colleague has to know, complete, with what is alike in one place."""

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from config.common.asked import id_in
from config.common.models import User
from config.common.screens import StaffRequest, page
from feedback.admin.access import READS, needs
from feedback.models import Alert
from feedback.org import alerts as org_alerts


@require_GET
@needs(*READS)
def alerts(request: StaffRequest) -> HttpResponse:
    """What this person has not seen yet, newest first; the same thing about many cases is one entry."""
    shown = org_alerts.unread(request.user)
    context = {"groups": shown.groups, "upto": shown.upto, "has_more": shown.has_more}
    return page(request, "feedback/alerts/alerts.html", context, at=timezone.now())


@require_POST
@needs(*READS)
def seen(request: StaffRequest) -> HttpResponse:
    """Note that this person saw everything that was shown, or what was about one of them, and lead there."""
    case, review, upto = (id_in(request.POST.get(name)) for name in ("case", "review", "upto"))
    org_alerts.read(user=request.user, at=timezone.now(), case_id=case, review_id=review, upto=upto)
    if case is not None:
        return redirect("admin:case", case)
    return (
        redirect("admin:feedback_review_change", review) if review is not None else redirect("admin:alerts")
    )


def waiting(user: User) -> QuerySet[Alert]:
    """The alerts that this person has not seen."""
    return org_alerts.unseen(user)
