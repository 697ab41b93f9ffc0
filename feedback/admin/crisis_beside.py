"""Beside a case: the crisis that it is or was in, and what is said of that in public."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from config.common.screens import StaffRequest
from feedback.admin.panels import Panel
from feedback.crises import queries
from feedback.crises.access import VIEW
from feedback.models import Case


def beside(request: StaffRequest, case: Case, _at: datetime) -> Panel | None:
    """What an agent has to know to answer; nothing where it is in none."""
    rows = queries.crises_of(case)
    if not rows:
        return None
    context = {
        "rows": rows,
        "statement": queries.said_to([case]).get(case.pk),
        "may_see": request.user.has_perm(VIEW),
    }
    return Panel(_("Crisis"), "feedback/panels/crisis.html", context)
