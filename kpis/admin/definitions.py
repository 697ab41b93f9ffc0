"""What all figures mean."""

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config.common.screens import StaffRequest, page
from kpis.admin.dashboard import SEE_COMPANY
from kpis.metrics.catalogue import METRICS
from kpis.models import Dimension
from kpis.snapshots.queries import goals


@require_safe
def definitions(request: StaffRequest) -> HttpResponse:
    """What each figure means, from which rows, and by what it is told apart: for everybody on the staff."""
    known = goals()
    lines = [
        {
            "metric": metric,
            "goal": known.get(code),
            "dimensions": [one.label for one in Dimension if one in metric.dimensions],
        }
        for code, metric in METRICS.items()
    ]
    context = {
        "title": _("What the figures mean"),
        "lines": lines,
        "sees_company": request.user.has_perm(SEE_COMPANY),
    }
    return page(request, "kpis/definitions.html", context)
