"""What surveys show beside a case and on its timeline."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from config.common.screens import StaffRequest
from feedback.admin.panels import Fact, Panel
from feedback.cases.queries import visible_to
from feedback.cases.rules import first_words
from feedback.models import Case
from surveys.models import Answer, Invitation, QuestionKind, Response
from surveys.responses.queries import BAD

TEXTS = {
    "survey.invited": _("asked the member how it went"),
    "survey.answered": _("answered the survey"),
}


def survey_panel(request: StaffRequest, case: Case, at: datetime) -> Panel | None:  # noqa: ARG001 - one signature for all
    """How the member was asked about the case and answered; for a follow-up, the answers that led to it."""
    asked = (
        Invitation.objects.filter(case=case)
        .select_related("response__follow_up", "campaign")
        .order_by("-invited_at")
    )
    led_here = (
        Response.objects.filter(follow_up=case)
        .select_related("invitation__campaign", "invitation__case")
        .first()
    )
    invitations = list(asked)
    if not invitations and led_here is None:
        return None
    answered = [one.response for one in invitations if hasattr(one, "response")]
    context = {
        "led_here": led_here,
        "first_case": led_here.invitation.case if led_here else None,
        "answered": [(response, list(_answers(response))) for response in answered],
        "led_here_answers": list(_answers(led_here)) if led_here else [],
        "waiting": [one for one in invitations if not hasattr(one, "response") and at < one.expires_at],
        "silent": [one for one in invitations if not hasattr(one, "response") and at >= one.expires_at],
    }
    return Panel(_("Survey"), "surveys/panel.html", context)


def last_answer(request: StaffRequest, case: Case, at: datetime) -> Fact | None:  # noqa: ARG001 - one signature for all
    """How satisfied the member said to be last, of whatever case; the words only to who may see that case."""
    found = (
        Answer.objects.filter(
            question__kind=QuestionKind.CSAT,
            score__isnull=False,
            response__invitation__member=case.member_id,
        )
        .select_related("response__invitation")
        .order_by("-response__at", "-pk")
        .first()
    )
    if found is None:
        return None
    about = found.response.invitation.case_id
    may_read = about is not None and visible_to(request.user).filter(pk=about).exists()
    words = found.response.answers.exclude(text="").order_by("question__position", "pk") if may_read else ()
    return Fact(
        name=_("Last survey"),
        text=_("satisfied %(score)s of 5") % {"score": found.score},
        at=found.response.at,
        remark=" · ".join(first_words(one.text) for one in words),
        url=reverse("admin:case", args=[about]) if may_read else "",
        is_bad=(found.score or 0) <= BAD,
    )


def _answers(response: Response) -> list[tuple[str, str]]:
    rows = response.answers.select_related("question").order_by("question__position", "pk")
    return [(str(row.question), f"{row.score} / 5" if row.score is not None else row.text) for row in rows]
