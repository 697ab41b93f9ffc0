"""Alerts: what a colleague has to know, complete, with what is alike in one place."""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from config.common.asked import id_in
from config.common.models import User
from config.common.screens import StaffRequest, page
from feedback.admin.access import READS, needs
from feedback.cases.queries import visible_to
from feedback.models import Alert, Case
from feedback.org import alerts as org_alerts
from feedback.org.letters import Group

ELSEWHERE = _("(with another department)")

TOLD = (*READS, "feedback.add_reply")
"""Who works on cases, or answers reviews."""


@require_GET
@needs(*TOLD)
def alerts(request: StaffRequest) -> HttpResponse:
    """What this person has not seen yet, newest first; the same thing about many cases is one entry."""
    shown = org_alerts.unread(request.user)
    _veil(shown.groups, request.user)
    context = {"groups": shown.groups, "upto": shown.upto, "has_more": shown.has_more}
    return page(request, "feedback/alerts/alerts.html", context, at=timezone.now())


def _veil(groups: Iterable[Group], user: User) -> None:
    """Tell no subject of a case that has gone where this person does not see it, since they were alerted."""
    cases = [one for group in groups for one in group.cases if isinstance(one, Case)]
    seen = set(visible_to(user).filter(pk__in=[case.pk for case in cases]).values_list("pk", flat=True))
    for case in cases:
        if case.pk not in seen:
            case.subject = str(ELSEWHERE)


@require_POST
@needs(*TOLD)
def seen(request: StaffRequest) -> HttpResponse:
    """Note that this person saw everything that was shown, or what was about one of them, and lead there."""
    case, review, jump, upto = (id_in(request.POST.get(name)) for name in ("case", "review", "jump", "upto"))
    org_alerts.read(
        user=request.user, at=timezone.now(), case_id=case, review_id=review, jump_id=jump, upto=upto
    )
    if case is not None:
        return redirect("admin:case", case)
    if jump is not None:
        return redirect("admin:watch_jump", jump)
    return (
        redirect("admin:feedback_review_change", review) if review is not None else redirect("admin:alerts")
    )


def waiting(user: User) -> QuerySet[Alert]:
    """The alerts that this person has not seen."""
    return org_alerts.unseen(user)
