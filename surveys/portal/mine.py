"""A member's surveys under /portal/: which can be answered, which were, and wanting no more of them."""

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from compensation.models import ConsentSource
from compensation.portal.base import MemberRequest, go, older, page, signed_in
from config.common.errors import DomainError, NotFound
from surveys.invitations import links
from surveys.invitations.queries import by_member, of_member
from surveys.responses import own
from surveys.responses.drafts import begun


@require_safe
@signed_in
def surveys(request: MemberRequest) -> HttpResponse:
    """My surveys, newest first."""
    at = timezone.now()
    rows, more = older(of_member(request.member), "invited_at", request.GET.get("after", ""))
    gone = own.spent_today(rows)
    half = begun(rows)
    listed = [
        {
            "invitation": one,
            "is_open": not one.is_answered and one.pk not in gone and one.expires_at > at,
            "is_answered": one.is_answered or one.pk in gone,
            "is_begun": one.pk in half,
        }
        for one in rows
    ]
    return page(request, "portal/surveys.html", {"surveys": listed, "more": more})


@require_safe
@signed_in
def survey(request: MemberRequest, pk: int) -> HttpResponse:
    """To the questions of one of mine."""
    try:
        return HttpResponseRedirect(links.page(by_member(pk, request.member)))
    except NotFound as error:
        raise Http404 from error


@require_POST
@signed_in
def decline(request: MemberRequest, pk: int) -> HttpResponse:
    """No more surveys, please."""
    try:
        own.decline(invitation_id=pk, member=request.member, source=ConsentSource.PORTAL, at=timezone.now())
    except NotFound as error:
        raise Http404 from error
    except DomainError:  # answered meanwhile
        return go("surveys")
    return go("surveys", said="chosen")
