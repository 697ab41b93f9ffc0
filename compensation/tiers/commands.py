"""Tiers by spending: set-based, with history."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import Member, OrderStatus, Tier, TierPeriod, TierReason
from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import Actor, Happening, record, record_all

COUNTED = [OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.DELIVERED]
"""Spending is the totals of orders in these states: what was paid and neither returned nor cancelled."""


MAX_NOTE = 200


def lowest() -> Tier:
    """The tier of everybody.

    Raises:
        WrongState: there are no tiers: `seed_defaults` has not run.
    """
    tier = Tier.objects.order_by("rank").first()
    if tier is None:
        raise WrongState(_("There are no tiers yet: run `manage.py seed_defaults` first."))
    return tier


@transaction.atomic
def start(*, member_ids: Collection[int], at: datetime) -> None:
    """Give the members who have none their first tier period, since they joined, in the tier they are in."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO compensation_tierperiod (member_id, tier_id, starts_at, ends_at, reason, note)
            SELECT m.id, m.tier_id, least(m.registered_at, %s), NULL, 'start', ''
            FROM compensation_member m
            WHERE m.id = ANY(%s)
              AND NOT EXISTS (SELECT FROM compensation_tierperiod p WHERE p.member_id = m.id)
            """,
            [at, list(member_ids)],
        )


@transaction.atomic
def reassess(*, member_ids: Collection[int], at: datetime) -> list[int]:
    """Put up at once the members whose spending has reached a higher tier; give their primary keys.

    Nobody is put down here, and a tier set by hand stands until it is changed by hand.
    """
    ids = list(member_ids)
    locked = Member.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True, of=("self",))
    list(locked.values_list("pk", flat=True))
    start(member_ids=ids, at=at)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH spending AS (
                SELECT m.id, coalesce(sum(o.total_fen) FILTER (WHERE o.status = ANY(%(counted)s)), 0) AS fen
                FROM compensation_member m LEFT JOIN compensation_order o ON o.member_id = m.id
                WHERE m.id = ANY(%(ids)s)
                GROUP BY m.id
            )
            SELECT s.id, p.id, old.code, new.id, new.code
            FROM spending s
            JOIN compensation_tierperiod p ON p.member_id = s.id AND p.ends_at IS NULL
            JOIN compensation_tier old ON old.id = p.tier_id
            JOIN LATERAL (
                SELECT t.id, t.rank, t.code FROM compensation_tier t
                WHERE t.above_fen < s.fen ORDER BY t.above_fen DESC LIMIT 1
            ) new ON new.rank > old.rank
            WHERE p.reason <> 'manual'
            """,
            {"ids": ids, "counted": [str(status) for status in COUNTED]},
        )
        rises = cursor.fetchall()
        if not rises:
            return []
        members = [rise[0] for rise in rises]
        tiers = [rise[3] for rise in rises]
        # a period that began this very moment would be empty: it is corrected instead of ended
        cursor.execute(
            "UPDATE compensation_tierperiod p SET tier_id = n.tier, reason = 'spending'"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS n(member, tier)"
            " WHERE p.member_id = n.member AND p.ends_at IS NULL AND p.starts_at >= %s",
            [members, tiers, at],
        )
        cursor.execute(
            "UPDATE compensation_tierperiod SET ends_at = %s"
            " WHERE member_id = ANY(%s) AND ends_at IS NULL AND starts_at < %s",
            [at, members, at],
        )
        cursor.execute(
            "INSERT INTO compensation_tierperiod (member_id, tier_id, starts_at, reason, note)"
            " SELECT n.member, n.tier, %s, 'spending', ''"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS n(member, tier)"
            " WHERE NOT EXISTS (SELECT FROM compensation_tierperiod p"
            "                   WHERE p.member_id = n.member AND p.ends_at IS NULL)",
            [at, members, tiers],
        )
        cursor.execute(
            "UPDATE compensation_member m SET tier_id = n.tier"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS n(member, tier) WHERE m.id = n.member",
            [members, tiers],
        )
    record_all(
        Happening("tier.changed", Member(pk=member), at, None, {"from": old, "to": new, "reason": "spending"})
        for member, _period, old, _tier, new in rises
    )
    return members


@transaction.atomic
def set_by_hand(*, member_id: int, tier_id: int, note: str, actor: Actor, at: datetime) -> TierPeriod:
    """Put a member into a tier for a reason that people give; spending no longer moves it.

    Raises:
        Invalid: no reason is given.
        NotFound: no such member or tier.
        WrongState: the running period began later than `at`.
    """
    note = note.strip()
    if not note or len(note) > MAX_NOTE:
        raise Invalid(_("Say why, in at most 200 characters."))
    member = Member.objects.select_for_update(no_key=True, of=("self",)).filter(pk=member_id).first()
    tier = Tier.objects.filter(pk=tier_id).first()
    if member is None or tier is None:
        raise NotFound
    start(member_ids=[member.pk], at=at)
    running = TierPeriod.objects.select_related("tier").get(member=member, ends_at=None)
    if running.starts_at > at:
        raise WrongState
    before = running.tier.code
    if running.starts_at == at:
        running.tier, running.reason, running.note = tier, TierReason.MANUAL, note
        running.save(update_fields=["tier", "reason", "note"])
    else:
        running.ends_at = at
        running.save(update_fields=["ends_at"])
        running = TierPeriod.objects.create(
            member=member, tier=tier, starts_at=at, reason=TierReason.MANUAL, note=note
        )
    member.tier = tier
    member.save(update_fields=["tier"])
    record(
        "tier.changed", member, actor=actor, at=at, **{"from": before, "to": tier.code, "reason": "manual"}
    )
    return running
