"""What surveys show beside a case and on its timeline."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from config.common.screens import StaffRequest
from feedback.admin.panels import Panel
from feedback.models import Case
from surveys.models import Invitation, Response

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


def _answers(response: Response) -> list[tuple[str, str]]:
    rows = response.answers.select_related("question").order_by("question__position", "pk")
    return [(str(row.question), f"{row.score} / 5" if row.score is not None else row.text) for row in rows]
