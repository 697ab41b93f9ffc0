"""Gaps that turned out to be none after something was done for them: what becomes of that."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from config.common.asked import id_in
from config.common.errors import DomainError
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.cases.queries import visible_to
from feedback.gaps import overturning
from feedback.models import OverturnedState

SIZE = 50


@require_GET
@needs(overturning.DECIDE)
def overturned(request: StaffRequest) -> HttpResponse:
    """What waits for a decision, the longest first."""
    return _show(request)


def _show(request: StaffRequest, *, status: int = 200, error: str = "", at_row: int = 0) -> HttpResponse:
    number = id_in(request.GET.get("page")) or 0
    found = overturning.to_decide().select_related("gap__order", "gap__member", "case")
    shown = list(found[number * SIZE : (number + 1) * SIZE + 1])
    given = overturning.given_for_all(shown[:SIZE])
    seen = set(
        visible_to(request.user)
        .filter(pk__in=[row.case_id for row in shown if row.case_id])
        .values_list("pk", flat=True)
    )
    context = {
        "rows": [(row, given.get(row.gap_id, []), row.case_id in seen) for row in shown[:SIZE]],
        "number": number,
        "has_more": len(shown) > SIZE,
        "states": [OverturnedState.STANDS, OverturnedState.TAKEN_BACK],
        "error": error,
        "at_row": at_row,
    }
    return page(request, "feedback/gaps/overturned.html", context, status=status)


@require_POST
@needs(overturning.DECIDE)
def decide(request: StaffRequest, pk: int) -> HttpResponse:
    """Leave it, or take back what was given."""
    post = request.POST
    try:
        row = overturning.decide(
            overturned_id=pk,
            state=OverturnedState(post["state"])
            if post.get("state") in OverturnedState.values
            else OverturnedState.OPEN,
            note=post.get("note", ""),
            actor=request.user,
            at=timezone.now(),
        )
    except DomainError as error:
        return _show(request, status=error.status, error=str(error), at_row=pk)
    messages.success(request, _("Decided."))
    if row.state == OverturnedState.TAKEN_BACK and (kept := overturning.given_for(row)):
        what = ", ".join(str(grant.what) for grant in kept)
        said = _("Stays, since it cannot be taken back any more: %(what)s") % {"what": what}
        messages.warning(request, said)
    return redirect("admin:overturned")


OVERTURNED_PAGES = [
    Page("gaps-overturned/", overturned, "overturned"),
    Page("gaps-overturned/<int:pk>/", decide, "overturned_decide"),
]
OVERTURNED_MENU = [
    MenuItem(
        gettext_lazy("Overturned gaps"),
        "overturned",
        "undo",
        (overturning.DECIDE,),
        lambda _user: overturning.to_decide(),
        group="customers",
    )
]
