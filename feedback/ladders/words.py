"""What an alert says, for the desk and for letters. `milestone` is the label of the clock's milestone."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from feedback.models import Alert, Milestone

ALERTS: dict[str, Promise] = {
    "clock.warned": _("Soon due: %(milestone)s"),
    "clock.breached": _("Late: %(milestone)s"),
    "case.reassigned": _("Given to you, as it is late: %(milestone)s"),
    "case.escalated": _("Moved to your department, as it is late: %(milestone)s"),
}


def say(alert: Alert) -> str:
    """Say what an alert of the sweep is about; empty for an alert of another kind."""
    if alert.kind not in ALERTS:
        return ""
    return str(ALERTS[alert.kind]) % {"milestone": Milestone(alert.data["milestone"]).label}
