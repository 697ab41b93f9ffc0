"""What was done to many cases at once: the runs, what was refused and why, and going on with one."""

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET

from config.common.asked import id_in
from config.common.errors import NotFound
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.desk import bulk, runs

WORK = "feedback.work_case"


@require_GET
@needs(WORK)
def run_list(request: StaffRequest) -> HttpResponse:
    """One's own runs, and those of the people one leads, the newest first."""
    unfinished = "unfinished" in request.GET
    rows, after = runs.runs(request.user, unfinished=unfinished, before=id_in(request.GET.get("before")))
    context = {
        "rows": rows,
        "after": after,
        "unfinished": unfinished,
        "leads": any(not row.is_mine for row in rows),
    }
    return page(request, "feedback/desk/runs.html", context)


@require_GET
@needs(WORK)
def run_page(request: StaffRequest, run_id: int) -> HttpResponse:
    """One run: what was asked for, how far it is, and each case that was refused, with the reason."""
    try:
        run = runs.run_for(request.user, run_id)
    except NotFound as error:
        raise Http404 from error
    context = {
        "summary": bulk.summary(run),
        "details": runs.details(run),
        "is_mine": run.user_id == request.user.pk,
    }
    return page(request, "feedback/desk/run.html", context)
