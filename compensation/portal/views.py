"""The member's first page, orders, wallet and notices."""

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from compensation.coupons.queries import standing, usable, wallet
from compensation.ledger.queries import balance, holding
from compensation.models import Notice
from compensation.notices import commands as notices_commands
from compensation.notices.queries import of_member as notices_of
from compensation.orders.journey import journey, of_member, to_tell
from compensation.portal import panels, points
from compensation.portal.base import PATH, MemberRequest, go, older, page, signed_in
from compensation.refunds.words import told
from compensation.tiers.queries import progress

LATEST = 3


@require_safe
@signed_in
def home(request: MemberRequest) -> HttpResponse:
    """What needs me, what is under way, what I bought last."""
    at, member = timezone.now(), request.member
    context = {
        "needs": [need for find in panels.NEEDS for need in find(member, at)],
        "panels": [draw(member, at) for draw in panels.HOME],
        "orders": [(order, to_tell(journey(order, at))) for order in of_member(member)[:LATEST]],
        "points": balance(member),
        "coupons": usable(member, at).count(),
    }
    return page(request, "portal/home.html", context)


@require_safe
@signed_in
def orders(request: MemberRequest) -> HttpResponse:
    """My orders, newest first."""
    at = timezone.now()
    rows, more = older(of_member(request.member), "placed_at", request.GET.get("after", ""))
    context = {"orders": [(order, to_tell(journey(order, at))) for order in rows], "more": more}
    return page(request, "portal/orders.html", context)


@require_safe
@signed_in
def order(request: MemberRequest, pk: int) -> HttpResponse:
    """An order: what was promised, what happened, and a way to say that something is wrong."""
    at = timezone.now()
    found = get_object_or_404(of_member(request.member).prefetch_related("shipments__events"), pk=pk)
    context = {
        "order": found,
        "steps": journey(found, at),
        "refunds": told(found.refunds.all()),
        "panels": [draw(found, at) for draw in panels.ORDER],
    }
    return page(request, "portal/order.html", context)


@require_safe
@signed_in
def my_wallet(request: MemberRequest) -> HttpResponse:
    """Tier, points and coupons."""
    at, member = timezone.now(), request.member
    can_use, waiting = standing(member, at)
    gone = wallet(member).exclude(pk__in=[coupon.pk for coupon in (*can_use, *waiting)])[:10]
    held = holding(member, at)
    context = {
        "held": held,
        **points.of_wallet(member, at, available=held.available),
        "progress": progress(member, at),
        "usable": can_use,
        "waiting": waiting,
        "gone": gone,
    }
    return page(request, "portal/wallet.html", context)


@require_safe
@signed_in
def notices(request: MemberRequest) -> HttpResponse:
    """What I was told, newest first."""
    rows, more = older(notices_of(request.member), "created_at", request.GET.get("after", ""))
    return page(request, "portal/notices.html", {"notices": rows, "more": more})


@require_safe
@signed_in
def notice(request: MemberRequest, pk: int) -> HttpResponse:
    """Note that a notice was read, and go where it leads."""
    found = get_object_or_404(Notice, pk=pk, member=request.member)
    notices_commands.mark_read(member=request.member, notice_ids=[pk], at=timezone.now())
    return HttpResponseRedirect(found.path) if found.path.startswith(PATH) else go("notices")


@require_POST
@signed_in
def notices_read(request: MemberRequest) -> HttpResponse:
    """Note that all were read."""
    notices_commands.mark_read(member=request.member, at=timezone.now())
    return go("notices")
