"""The report of a crisis as a file."""

from collections.abc import Callable, Iterator

from django.http import Http404
from django.utils import timezone

from config.common.asked import id_in
from config.common.errors import NotFound
from config.common.screens import StaffRequest
from config.common.sheets import Row
from feedback.admin import crisis_report
from feedback.crises import queries
from feedback.crises import report as figures
from feedback.crises.access import VIEW

__all__ = ["VIEW", "report"]


def report(request: StaffRequest) -> tuple[int, Callable[[], Iterator[Row]]]:
    """The rows of the crisis that is asked for.

    Raises:
        Http404: there is none.
    """
    try:
        crisis = queries.crisis_for(id_in(request.GET.get("crisis")) or 0)
    except NotFound as error:
        raise Http404 from error
    rows = list(crisis_report.rows(crisis, figures.figures(crisis, at=timezone.now())))
    return len(rows), lambda: iter(rows)
