"""What members spent, and moving many of them from tier to tier in a few statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from compensation.models import Member, OrderStatus, Tier, TierReason, TierRule
from config.common.events import Actor, Happening, record_all

COUNTED = [OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.DELIVERED]
"""Spending is the totals of orders in these states: what was paid and neither returned nor cancelled."""


MOVE = [
    # a period that began this very moment would be empty: it is corrected instead of ended
    """
    UPDATE compensation_tierperiod p
    SET tier_id = n.tier, review_at = n.review, noticed_at = NULL, reason = %(reason)s, note = %(note)s
    FROM unnest(%(members)s::bigint[], %(tiers)s::bigint[], %(reviews)s::timestamptz[])
      AS n(member, tier, review)
    WHERE p.member_id = n.member AND p.ends_at IS NULL AND p.starts_at >= %(at)s
    """,
    """
    UPDATE compensation_tierperiod SET ends_at = %(at)s
    WHERE member_id = ANY(%(members)s) AND ends_at IS NULL AND starts_at < %(at)s
    """,
    """
    INSERT INTO compensation_tierperiod (member_id, tier_id, starts_at, reason, note, review_at)
    SELECT n.member, n.tier, %(at)s, %(reason)s, %(note)s, n.review
    FROM unnest(%(members)s::bigint[], %(tiers)s::bigint[], %(reviews)s::timestamptz[])
      AS n(member, tier, review)
    WHERE NOT EXISTS (
        SELECT FROM compensation_tierperiod p WHERE p.member_id = n.member AND p.ends_at IS NULL
    )
    """,
    """
    UPDATE compensation_member m SET tier_id = n.tier
    FROM unnest(%(members)s::bigint[], %(tiers)s::bigint[]) AS n(member, tier) WHERE m.id = n.member
    """,
]
"""End the running periods of some members and begin others."""


@dataclass(frozen=True, slots=True)
class Change:
    """A member who comes into another tier."""

    member_id: int
    before: str
    """The code of the tier that ends."""
    tier: Tier
    review_at: datetime | None


def rule() -> TierRule:
    """How spending makes tiers; the defaults while none is kept."""
    return TierRule.objects.first() or TierRule()


def spending(since: Mapping[int, datetime], *, until: datetime) -> dict[int, int]:
    """What each member spent on orders placed after their own moment, up to and with `until`, in fen."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.member_id, sum(o.total_fen)::bigint FROM compensation_order o"
            " JOIN unnest(%s::bigint[], %s::timestamptz[]) AS asked(member, since)"
            " ON asked.member = o.member_id"
            " WHERE o.placed_at > asked.since AND o.placed_at <= %s AND o.status = ANY(%s)"
            " GROUP BY o.member_id",
            [list(since), list(since.values()), until, [str(status) for status in COUNTED]],
        )
        found = dict(cursor.fetchall())
    return {member_id: found.get(member_id, 0) for member_id in since}


def reached(fen: int, tiers: Sequence[Tier]) -> Tier:
    """The highest of the tiers that a spending reaches; the lowest is everybody's."""
    lowest = min(tiers, key=lambda tier: tier.rank)
    return max((tier for tier in tiers if tier.above_fen < fen), key=lambda tier: tier.rank, default=lowest)


def kept_until(tier: Tier, by: TierRule, at: datetime) -> datetime | None:
    """Until when a tier is kept that is reached at `at`; None where there is nothing to lose."""
    return at + timedelta(days=by.keep_days) if tier.rank else None


def change(
    changes: Sequence[Change], *, reason: TierReason, actor: Actor, at: datetime, note: str = ""
) -> None:
    """End the members' running periods and begin others, with their events. They are locked already."""
    if not changes:
        return
    values: dict[str, Any] = {
        "members": [one.member_id for one in changes],
        "tiers": [one.tier.pk for one in changes],
        "reviews": [one.review_at for one in changes],
        "reason": str(reason),
        "note": note,
        "at": at,
    }
    with connection.cursor() as cursor:
        for statement in MOVE:
            cursor.execute(statement, values)
    record_all(
        Happening(
            "tier.changed",
            Member(pk=one.member_id),
            at,
            actor,
            {"from": one.before, "to": one.tier.code, "reason": str(reason)},
        )
        for one in changes
    )
