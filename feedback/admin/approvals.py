"""Approvals: what somebody wants to give that is beyond their authority, and who decides."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet, Sum, prefetch_related_objects
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from compensation.authority.queries import most_of
from compensation.authority.rules import Sums, covers
from compensation.budgets.queries import of_grants
from compensation.grants import queries as grants
from compensation.grants.queries import need_of
from compensation.models import GIVEN, ApprovalRound, Budget, Grant, GrantStatus
from config.common.errors import DomainError, NotFound
from config.common.models import User
from config.common.screens import StaffRequest, page
from feedback.admin.access import case_or_404, needs
from feedback.cases.queries import visible_to
from feedback.models import Attachment
from feedback.org.queries import remember
from feedback.remedies import asking, commands
from feedback.remedies.queries import get_for, waiting_approvals

DECIDES = "compensation.approve_grant"
MOST = 50
BACK = timedelta(days=90)
PICTURES = 4


@dataclass(frozen=True, slots=True)
class Given:
    """How often and how much was given before."""

    times: int = 0
    fen: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """A grant that waits, with what an approver wants to know."""

    grant: Grant
    to_member: Given
    by_agent: Given
    pictures: list[Attachment] = field(default_factory=list)
    is_own: bool = False
    is_beyond: bool = False
    need: Sums = Sums()  # noqa: RUF009 - frozen
    due: ApprovalRound | None = None
    budget: Budget | None = None
    is_overdue: bool = False


@require_GET
@needs(DECIDES)
def approvals(request: StaffRequest) -> HttpResponse:
    """What waits for this person's decision, longest first, and what waits of their own."""
    return _render(request)


@require_POST
@needs(DECIDES)
def decide(request: StaffRequest, grant_id: int) -> HttpResponse:
    """Approve, refuse or ask back. What cannot be done comes back with the reason and with what was typed."""
    note, at = request.POST.get("note", ""), timezone.now()
    try:
        get_for(request.user, grant_id)
        if request.POST.get("verdict") == "ask":
            asking.ask_back(grant_id=grant_id, question=note, actor=request.user, at=at)
            messages.success(request, _("Asked; the request goes on waiting."))
            return redirect("admin:approvals")
        if request.POST.get("verdict") == "approve":
            seen = request.POST.get("seen", "")
            grant = commands.approve(
                grant_id=grant_id, content_hash=seen, actor=request.user, note=note, at=at
            )
        else:
            grant = commands.refuse(grant_id=grant_id, actor=request.user, note=note, at=at)
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        return _render(request, failed=grant_id, error=str(error), typed=note, status=error.status)
    told = (
        _("Given to %(member)s.")
        if grant.status != GrantStatus.REFUSED
        else _("Refused; whoever asked was told.")
    )
    messages.success(request, told % {"member": grant.member})
    return redirect("admin:approvals")


@require_POST
@needs("feedback.work_case", DECIDES)
def answer(request: StaffRequest, grant_id: int) -> HttpResponse:
    """Answer what an approver wants to know; leads back to the case."""
    grant = Grant.objects.filter(pk=grant_id, requested_by=request.user).select_related("remedy").first()
    case_id = _case_id(grant) if grant else None
    if case_id is None:
        raise Http404
    case_or_404(request.user, case_id)
    try:
        asking.answer_back(
            grant_id=grant_id, answer=request.POST.get("answer", ""), actor=request.user, at=timezone.now()
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Answered; whoever asked was told."))
    return redirect("admin:case", case_id)


def waiting(user: User) -> QuerySet[Grant]:
    """The requests that wait for this person."""
    remember(user)
    return waiting_approvals(user)


def _render(request: StaffRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    at = timezone.now()
    waiting = list(waiting_approvals(request.user)[: MOST + 1])
    related = ("remedy__case__department", "member__tier")
    own = list(grants.waiting().filter(requested_by=request.user).select_related(*related)[:MOST])
    limit = most_of(request.user, at)
    context = {
        "waiting": _requests(waiting[:MOST], request.user, at, limit),
        "own": _requests(own, request.user, at, limit, is_own=True),
        "has_more": len(waiting) > MOST,
        "limit_fen": limit.grant,
        "days": BACK.days,
        **more,
    }
    # somebody else may have decided meanwhile: then the reason stands above the list
    context["is_gone"] = "failed" in more and more["failed"] not in {grant.pk for grant in waiting[:MOST]}
    return page(request, "feedback/board/approvals.html", context, at=at, status=status)


def _requests(
    found: Iterable[Grant], user: User, at: datetime, limit: Sums, *, is_own: bool = False
) -> list[Request]:
    """Add to each what its member and its requester had before, and the pictures of its case."""
    found = list(found)
    members, agents = _given("member", found, at), _given("requested_by", found, at)
    prefetch_related_objects(found, "questions__asked_by", "questions__answered_by")
    pictures, budgets = _pictures(found, user), of_grants(found, at)
    return [
        Request(
            grant=grant,
            to_member=members.get(grant.member_id, Given()),
            by_agent=agents.get(grant.requested_by_id, Given()),
            pictures=pictures[_case_id(grant)][:PICTURES],
            is_own=is_own,
            need=need_of(grant),
            due=(due := next(iter(grant.open_rounds), None)),  # type: ignore[attr-defined]  # `waiting` prefetches
            budget=budgets.get(grant.pk),
            is_overdue=due is not None and due.due_at <= at,
            is_beyond=not covers(limit, need_of(grant)),
        )
        for grant in found
    ]


def _given(whom: str, found: list[Grant], at: datetime) -> dict[int | None, Given]:
    """What was given in the last time to the same members, or by the same people; one query."""
    ids = {getattr(grant, f"{whom}_id") for grant in found}
    given = (
        Grant.objects.filter(Q(**{f"{whom}__in": ids}), status__in=GIVEN, executed_at__gt=at - BACK)
        .order_by()
        .values_list(whom)
        .annotate(times=Count("pk"), fen=Sum("cost_fen"))
    )
    return {pk: Given(times, fen) for pk, times, fen in given}


def _pictures(found: list[Grant], user: User) -> dict[int | None, list[Attachment]]:
    """The pictures that came with the cases, oldest first, as far as this person may see them; one query."""
    ids = {pk for grant in found if (pk := _case_id(grant))}
    cases = visible_to(user).filter(pk__in=ids)
    pictures: dict[int | None, list[Attachment]] = defaultdict(list)
    images = Attachment.objects.filter(
        message__case__in=cases.values("pk"), content_type__startswith="image/"
    )
    for image in images.select_related("message").order_by("pk"):
        pictures[image.message.case_id].append(image)
    return pictures


def _case_id(grant: Grant) -> int | None:
    remedy = getattr(grant, "remedy", None)
    return remedy.case_id if remedy else None
