"""What surveys show beside a case and on its timeline."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from config.common.models import User
from config.common.screens import StaffRequest
from feedback.admin.panels import Fact, Panel
from feedback.cases.queries import visible_to
from feedback.cases.rules import first_words
from feedback.models import Case, Channel
from surveys.admin.answers import rows_of
from surveys.models import Answer, Invitation, QuestionKind, Response
from surveys.responses.queries import BAD

ANSWERS = ("answers__question__choices", "answers__files")
TEXTS = {
    "survey.invited": _("asked the member how it went"),
    "survey.answered": _("answered the survey"),
}


def survey_panel(request: StaffRequest, case: Case, at: datetime) -> Panel | None:
    """How the member was asked about the case and answered; for a follow-up, the answers that led to it."""
    asked = (
        Invitation.objects.filter(case=case)
        .select_related("response__follow_up", "wave__campaign")
        .order_by("-invited_at")
    )
    led_here = _that_led_to(case)
    invitations = list(asked)
    if not invitations and not led_here:
        return None
    answered = [one.response for one in invitations if hasattr(one, "response")]
    prefetch_related_objects(answered, *ANSWERS)
    before = _cases_before(led_here, request.user)
    context = {
        "led_here": [(one, before.get(one.pk), rows_of(one)) for one in led_here],
        "answered": [(response, rows_of(response)) for response in answered],
        "waiting": [one for one in invitations if not hasattr(one, "response") and at < one.expires_at],
        "silent": [one for one in invitations if not hasattr(one, "response") and at >= one.expires_at],
    }
    return Panel(_("Survey"), "surveys/panel.html", context)


def last_answer(request: StaffRequest, case: Case, at: datetime) -> Fact | None:  # noqa: ARG001 - one signature for all
    """How satisfied the member said to be last, of whatever case; the words only to who may see that case."""
    found = (
        Answer.objects.filter(
            question__kind=QuestionKind.CSAT,
            question__scale=5,
            score__isnull=False,
            response__invitation__member=case.member_id,
        )
        .select_related("response__invitation")
        .order_by("-response__at", "-pk")
        .first()
    )
    if found is None:
        return None
    invitation, at_last = found.response.invitation, found.response.at
    if invitation is None or at_last is None:
        return None
    about = invitation.case_id
    may_read = about is not None and visible_to(request.user).filter(pk=about).exists()
    words = found.response.answers.exclude(text="").order_by("question__position", "pk") if may_read else ()
    return Fact(
        name=_("Last survey"),
        text=_("satisfied %(score)s of 5") % {"score": found.score},
        at=at_last,
        remark=" · ".join(first_words(one.text) for one in words),
        url=reverse("admin:case", args=[about]) if may_read else "",
        is_bad=(found.score or 0) <= BAD,
    )


def _that_led_to(case: Case) -> list[Response]:
    """The responses that a follow-up is about; only those cases come from surveys."""
    if case.channel != Channel.SURVEY:
        return []
    found = Response.objects.filter(follow_up=case).select_related("wave__campaign", "invitation__case")
    return list(found.prefetch_related(*ANSWERS).order_by("at", "pk"))


def _cases_before(responses: Iterable[Response], user: User) -> dict[int, Case]:
    """By response, the case that it was about, where this person may see it."""
    about = {one.pk: one.invitation.case_id for one in responses if one.invitation and one.invitation.case_id}
    seen = visible_to(user).in_bulk(about.values()) if about else {}
    return {pk: seen[case_id] for pk, case_id in about.items() if case_id in seen}
