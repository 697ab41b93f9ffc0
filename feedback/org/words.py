"""What an alert says, for the desk, for letters and for messengers, in the language of the moment."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from feedback.models import ApprovalKind, Milestone

LADDER: dict[str, Promise] = {
    "clock.warned": _("Soon due: %(milestone)s"),
    "clock.breached": _("Late: %(milestone)s"),
    "case.reassigned": _("Given to you, as it is late: %(milestone)s"),
    "case.escalated": _("Moved to your department, as it is late: %(milestone)s"),
    "case.watching": _("You watch this case now, by the ladder: %(milestone)s"),
    "case.handed_off": _("Your department is asked by the ladder: %(milestone)s"),
    "case.playbook": _("A playbook was begun, as it is late: %(milestone)s"),
    "approval.asked": _("Your approval is asked for, %(approval)s: %(milestone)s"),
}
"""What rungs tell. Everything else brings its text with it, as `title` in its data."""


def say(kind: str, data: Mapping[str, Any]) -> str:
    """Say what an alert is about; empty for one of a kind that nobody knows any more."""
    if title := data.get("title"):
        return gettext(title) % data
    if kind not in LADDER:
        return ""
    known = {
        "milestone": _label(Milestone, data.get("milestone")),
        "approval": _label(ApprovalKind, data.get("approval")),
    }
    return str(LADDER[kind]) % known


def _label(choices: Any, value: object) -> str:
    return str(choices(value).label) if value in choices.values else "—"
