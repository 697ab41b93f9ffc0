"""What is kept how long: each kind with its period, what is past it, and what went when."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from config.common import retention
from config.common.asked import id_in
from config.common.errors import DomainError
from config.common.registry import MenuItem, Page
from config.common.retention import Kind
from config.common.retention_models import RetentionPeriod, RetentionRun
from config.common.screens import StaffRequest, page

SEES, CHANGES = "common.view_retentionperiod", "common.change_retentionperiod"


@dataclass(frozen=True, slots=True)
class Row:
    """A kind as the page shows it."""

    kind: Kind
    days: int
    counted: RetentionRun | None
    went: RetentionRun | None
    error: str = ""
    typed: str = ""


@require_GET
def show(request: StaffRequest) -> HttpResponse:
    """All kinds."""
    if not request.user.has_perm(SEES):
        raise PermissionDenied
    return _render(request)


@require_POST
def count(request: StaffRequest) -> HttpResponse:
    """Count what is past its period now, of one kind or of all; nothing goes."""
    if not request.user.has_perm(SEES):
        raise PermissionDenied
    at, code = timezone.now(), request.POST.get("kind", "")
    if code and code not in retention.KINDS:
        raise Http404
    for one in [code] if code else retention.KINDS:
        retention.retain(code=one, is_dry=True, by=request.user, at=at)
    messages.success(request, _("Counted; nothing was changed."))
    return redirect("admin:retention")


@require_POST
def change(request: StaffRequest, code: str) -> HttpResponse:
    """Keep a kind for longer, or less long."""
    if not request.user.has_perm(CHANGES):
        raise PermissionDenied
    typed = request.POST.get("days", "")
    try:
        days = id_in(typed) or 0
        retention.set_period(code=code, days=days, actor=request.user, at=timezone.now())
    except DomainError as error:
        if error.status == 404:  # noqa: PLR2004 - not found
            raise Http404 from error
        return _render(request, failed=code, error=str(error), typed=typed, status=error.status)
    messages.success(request, _("Saved. It holds from the next night on."))
    return redirect("admin:retention")


def _render(
    request: StaffRequest, *, failed: str = "", error: str = "", typed: str = "", status: int = 200
) -> HttpResponse:
    days = retention.periods()
    newest = RetentionRun.objects.order_by("code", "is_dry", "-id").distinct("code", "is_dry")
    runs = {(run.code, run.is_dry): run for run in newest.select_related("by")}
    rows = [
        Row(
            kind, days[code], runs.get((code, True)), runs.get((code, False)),
            *((error, typed) if code == failed else ()),
        )
        for code, kind in retention.KINDS.items()
    ]  # fmt: skip
    context = {"rows": rows, "may_change": request.user.has_perm(CHANGES), "period": RetentionPeriod}
    return page(request, "staff/retention.html", context, status=status)


RETENTION_PAGES = [
    Page("retention/", show, "retention"),
    Page("retention/count/", count, "retention_count"),
    Page("retention/<slug:code>/", change, "retention_change"),
]
RETENTION_MENU = [
    MenuItem(gettext_lazy("Retention"), "retention", "archive", (SEES,), group="setup"),
]
