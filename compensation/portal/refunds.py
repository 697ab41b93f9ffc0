"""A member's refunds: what goes back, how much, to where, by when, and what comes next."""

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from compensation.models import Member, RefundOrder, RefundStatus
from compensation.portal.base import MemberRequest, go, older, page, signed_in
from compensation.refunds.words import REASONS, tell


@require_safe
@signed_in
def listed(request: MemberRequest) -> HttpResponse:
    """My refunds, newest first."""
    live = _of(request.member).exclude(status=RefundStatus.FAILED)
    rows, more = older(live, "created_at", request.GET.get("after", ""))
    shown = [(tell(refund), refund.order) for refund in rows]
    return page(request, "portal/refund_list.html", {"refunds": shown, "more": more})


@require_safe
@signed_in
def one(request: MemberRequest, pk: int) -> HttpResponse:
    """One refund; what was tried again under another number leads there."""
    found = get_object_or_404(_of(request.member).select_related("retried_as"), pk=pk)
    if found.status == RefundStatus.FAILED and hasattr(found, "retried_as"):
        return go("refund", found.retried_as.pk)
    context = {
        "refund": found,
        "told": tell(found),
        "reason": REASONS[found.cause],
        "lines": found.lines.select_related("order_line__product").order_by("pk"),
        "is_failed": found.status == RefundStatus.FAILED,
    }
    return page(request, "portal/refund.html", context)


def _of(member: Member) -> QuerySet[RefundOrder]:
    return RefundOrder.objects.filter(order__member=member).select_related("order")
