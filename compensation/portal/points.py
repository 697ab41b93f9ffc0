"""A member's points: signing in for the day, rewards, every movement, friends."""

import uuid
from datetime import datetime

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from compensation.models import Member
from compensation.points import commands, queries, redeeming, referring, wording
from compensation.portal.base import PAGE, MemberRequest, go, page, signed_in
from config.common.errors import DomainError, Invalid

LATEST, KEY_LENGTH = 5, 32


def of_wallet(member: Member, at: datetime, *, available: int) -> dict[str, object]:
    """What the wallet shows of points beside the numbers, for a member who can spend so many."""
    return {
        "ending": queries.ending_next(member, at),
        "signs_in": queries.in_force(queries.SIGN_IN, at),
        "has_signed_in": queries.signed_in(member, at),
        "rewards": [
            (reward, uuid.uuid4().hex, max(0, reward.points - available))
            for reward in redeeming.on_offer(member, at)
        ],
        "movements": wording.movements(wording.readable(queries.statement(member))[:LATEST]),
    }


@require_safe
@signed_in
def statement(request: MemberRequest) -> HttpResponse:
    """Every movement, newest first."""
    entries = wording.readable(queries.statement(request.member))
    after = request.GET.get("after", "")
    if after.isascii() and after.isdigit() and len(after) < 19:  # noqa: PLR2004 - more is no bigint
        entries = entries.filter(pk__lt=int(after))
    rows = wording.movements(entries[: PAGE + 1])
    more = rows[PAGE - 1].entry.pk if len(rows) > PAGE else ""
    return page(request, "portal/points.html", {"movements": rows[:PAGE], "more": more})


@require_safe
@signed_in
def friends(request: MemberRequest) -> HttpResponse:
    """What a member hands on to friends, and what came of it."""
    with transaction.atomic():
        code = referring.code_of(member=request.member)
    said, rewarded = queries.referred(request.member)
    rule = queries.in_force(queries.REFERRAL, timezone.now())
    context = {"code": code, "link": referring.link_of(code), "friends": said, "rewarded": rewarded}
    return page(request, "portal/friends.html", {**context, "rule": rule})


@require_POST
@signed_in
def sign_in_today(request: MemberRequest) -> HttpResponse:
    """Sign in for the day; again changes nothing."""
    try:
        commands.sign_in(member=request.member, at=timezone.now())
    except DomainError as error:
        return _refused(request, error)
    return go("wallet", said="signed")


@require_POST
@signed_in
def redeem(request: MemberRequest, pk: int) -> HttpResponse:
    """Take a reward, once for the form that was sent."""
    key = request.POST.get("key", "")
    try:
        if len(key) != KEY_LENGTH or not key.isalnum() or not key.isascii():
            raise Invalid
        redeeming.redeem(
            reward_id=pk, member_id=request.member.pk, key=key, actor=request.member, at=timezone.now()
        )
    except DomainError as error:
        return _refused(request, error)
    return go("wallet", said="redeemed")


def _refused(request: MemberRequest, error: DomainError) -> HttpResponse:
    context = {"error": str(error)}
    return page(request, "portal/points_refused.html", context, status=error.status)
