"""Conversations for quality checks, drawn now: by a rule, or one by its number."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from config.common.asked import id_in
from config.common.errors import DomainError, Invalid
from config.common.models import User
from config.common.registry import Page
from config.common.screens import StaffRequest
from feedback.admin.access import needs
from feedback.cases.linking import find_numbered
from feedback.models import Scorecard
from feedback.org.queries import department_ids
from feedback.quality import sampling
from feedback.quality.queries import REVIEW


def offers(user: User) -> dict[str, Any]:
    """What the page of what is to be scored offers to draw by."""
    rules = sampling.rules_in_force(department_ids(user)).select_related("scorecard", "department")
    return {"rules": list(rules), "scorecards": list(Scorecard.objects.filter(is_active=True))}


@require_POST
@needs(REVIEW)
def draw(request: StaffRequest) -> HttpResponse:
    """Draw by a rule, or by all that are in force, from the departments of this person."""
    asked = request.POST.get("rule", "")
    try:
        if asked and id_in(asked) is None:
            raise Invalid(_("Choose something first."))
        ours, at = department_ids(request.user), timezone.now()
        drawn = sampling.draw(rule_id=id_in(asked), departments=ours, actor=request.user, at=at)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("admin:quality")
    if drawn:
        told = ngettext("%(n)s conversation was drawn.", "%(n)s conversations were drawn.", len(drawn))
        messages.success(request, told % {"n": len(drawn)})
    else:
        messages.info(
            request, _("Nothing new: what these rules take of the last seven days is drawn already.")
        )
    return redirect("admin:quality")


@require_POST
@needs(REVIEW)
def pick(request: StaffRequest) -> HttpResponse:
    """Take one conversation of a case that this person may see, by its number."""
    post = request.POST
    try:
        case = find_numbered(request.user, post.get("number", ""))
        check = sampling.pick(
            case_id=case.pk,
            scorecard_id=id_in(post.get("scorecard")) or 0,
            scorers=2 if post.get("twice") else 1,
            actor=request.user,
            at=timezone.now(),
        )
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("admin:quality")
    messages.success(request, _("%(number)s is to be scored.") % {"number": case.number})
    if check.agent.user_id == request.user.pk:  # somebody else scores that
        return redirect("admin:quality")
    return redirect("admin:quality_check", check.pk)


DRAW_PAGES = [
    Page("quality/draw/", draw, "quality_draw"),
    Page("quality/pick/", pick, "quality_pick"),
]
