"""My data: what is held of me, to take along, and to have erased."""

from datetime import datetime

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from compensation.consents import profiling as choices
from compensation.models import ConsentSource
from compensation.portal.base import COOKIE, PATH, MemberRequest, go, page, signed_in
from compensation.portal.panels import DATA
from compensation.privacy import commands, queries
from config.common.errors import DomainError


@require_safe
@signed_in
def my_data(request: MemberRequest) -> HttpResponse:
    """What may be done, what erasing waits for and what it ends."""
    return _page(request, timezone.now())


@require_POST
@signed_in
def export(request: MemberRequest) -> HttpResponseBase:
    """All that is held of me, as a ZIP."""
    at = timezone.now()
    try:
        kept = commands.export_own(member=request.member, at=at)
    except DomainError as error:
        return _page(request, at, refusal=str(error), status=error.status)
    return FileResponse(kept, as_attachment=True, filename="my-data.zip")


@require_POST
@signed_in
def erase(request: MemberRequest) -> HttpResponse:
    """Erase everything and sign out; it takes a tick, so that it is no slip of the thumb."""
    at = timezone.now()
    if "sure" not in request.POST:
        refusal = _("Tick that you are sure. Nothing was erased.")
        return _page(request, at, refusal=refusal, status=400)
    try:
        commands.erase(member_id=request.member.pk, actor=request.member, at=at)
    except DomainError as error:
        return _page(request, at, refusal=str(error), status=error.status)
    response = go("sign-in", said="erased")
    response.delete_cookie(COOKIE, path=PATH, samesite="Lax")
    return response


@require_POST
@signed_in
def profiling(request: MemberRequest) -> HttpResponse:
    """Let us conclude what I care about, or not; with a no, what was concluded goes at once."""
    choices.choose(
        member_id=request.member.pk,
        is_allowed=request.POST.get("allowed") == "yes",
        source=ConsentSource.PORTAL,
        actor=request.member,
        at=timezone.now(),
    )
    return go("data", said="chosen")


def _page(request: MemberRequest, at: datetime, *, refusal: str = "", status: int = 200) -> HttpResponse:
    context = {
        "refusal": refusal,
        "standing": queries.standing(request.member.pk),
        "ending": queries.ending(request.member, at),
        "panels": [make(request.member, at) for make in DATA],
    }
    return page(request, "portal/data.html", context, status=status)
