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
            Part(label="surveys.Invitation", at="expires_at", columns=("digest",)),
            Part(label="surveys.Answer", at="response__at", columns=("text",)),
        ],
    ),
]
