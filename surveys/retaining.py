"""How long this app keeps what, and by which law."""

from django.utils.translation import gettext_lazy as _

from config.common.retention import Kind, Part

SHORTEST = _("Personal Information Protection Law, article 19: no longer than the purpose needs.")

KINDS = [
    Kind(
        code="surveys",
        name=_("links of surveys, and what was written in answers"),
        days=2 * 365,
        source=SHORTEST,
        parts=[
            Part(label="surveys.Invitation", at="expires_at", columns=("digest", "segments", "returned_why")),
            Part(label="surveys.AnswerFile", at="answer__response__week", files=("file",), size="size"),
            Part(label="surveys.Answer", at="response__week", columns=("text", "day")),
            Part(label="surveys.Response", at="week", columns=("segments",)),
        ],
    ),
    Kind(
        code="survey-drafts",
        name=_("answers to surveys that were begun and not sent, and who was not asked"),
        days=180,
        source=SHORTEST,
        parts=[
            Part(label="surveys.DraftFile", at="draft__saved_on", files=("file",), size="size"),
            Part(label="surveys.Draft", at="saved_on"),
            Part(label="surveys.Skip", at="at"),
        ],
    ),
    Kind(
        code="interviews",
        name=_("notes, recordings and passages of interviews"),
        days=3 * 365,
        source=SHORTEST,
        parts=[
            Part(label="surveys.Passage", at="interview__month", columns=("text",)),
            Part(
                label="surveys.Interview",
                at="month",
                columns=("reasons", "segment", "recording", "notes", "declined_because"),
            ),
        ],
    ),
]
