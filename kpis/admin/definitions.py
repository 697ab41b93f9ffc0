"""What all figures mean."""

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config.common.screens import StaffRequest, page
from kpis.metrics.catalogue import METRICS
from kpis.models import Dimension
from kpis.snapshots.queries import SEE_COMPANY
from kpis.targets.goals import WHOLE, Goals, goal_of


@require_safe
def definitions(request: StaffRequest) -> HttpResponse:
    """What each figure means, from which rows, and by what it is told apart: for everybody on the staff."""
    goals, today = Goals(), timezone.localdate()
    lines = []
    for code, metric in METRICS.items():
        held = goals.of_day(code, WHOLE, today)
        dimensions = [one.label for one in Dimension if one in metric.dimensions]
        line = {"metric": metric, "dimensions": dimensions}
        lines.append({**line, "grain": held[0].label, "goal": goal_of(held[1])} if held else line)
    context = {
        "title": _("What the figures mean"),
        "lines": lines,
        "sees_company": request.user.has_perm(SEE_COMPANY),
    }
    return page(request, "kpis/definitions.html", context)
