"""Tiers by spending: up in the transaction that earns it, or by hand for a time."""

from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import Member, Tier, TierPeriod, TierReason, TierRule
from compensation.tiers import moving
from compensation.tiers.moving import Change
from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import Actor, record

MAX_NOTE = 200
EVERYBODY = -1
"""What the lowest tier takes."""


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
    keep = timedelta(days=moving.rule().keep_days)
    values: dict[str, Any] = {"at": at, "ids": list(member_ids), "keep": keep}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO compensation_tierperiod
              (member_id, tier_id, starts_at, ends_at, reason, note, review_at)
            SELECT m.id, m.tier_id, least(m.registered_at, %(at)s), NULL, 'start', '',
              CASE WHEN t.rank > 0 THEN %(at)s::timestamptz + %(keep)s END
            FROM compensation_member m JOIN compensation_tier t ON t.id = m.tier_id
            WHERE m.id = ANY(%(ids)s)
              AND NOT EXISTS (SELECT FROM compensation_tierperiod p WHERE p.member_id = m.id)
            """,
            values,
        )


@transaction.atomic
def reassess(*, member_ids: Collection[int], at: datetime) -> list[int]:
    """Put up at once the members whose spending has reached a higher tier; give their primary keys.

    Spending counts over the rule's window. Nobody is put down here, and a tier set by hand stands until its
    end: see `reviewing`.
    """
    ids = list(member_ids)
    locked = Member.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True, of=("self",))
    list(locked.values_list("pk", flat=True))
    start(member_ids=ids, at=at)
    rule, tiers = moving.rule(), list(Tier.objects.order_by("rank"))
    spent = moving.spending(dict.fromkeys(ids, at - timedelta(days=rule.window_days)), until=at)
    rises = []
    running = TierPeriod.objects.filter(member__in=ids, ends_at=None).exclude(reason=TierReason.MANUAL)
    for period in running.select_related("tier").order_by("member"):
        tier = moving.reached(spent[period.member_id], tiers)
        if tier.rank > period.tier.rank:
            until = moving.kept_until(tier, rule, at)
            rises.append(Change(period.member_id, period.tier.code, tier, until))
    moving.change(rises, reason=TierReason.SPENDING, actor=None, at=at)
    return [rise.member_id for rise in rises]


@transaction.atomic
def set_by_hand(
    *, member_id: int, tier_id: int, note: str, until: datetime, actor: Actor, at: datetime
) -> TierPeriod:
    """Put a member into a tier for a reason that people give; spending does not move it before its end.

    Raises:
        Invalid: no reason is given, or the end is not to come.
        NotFound: no such member or tier.
        WrongState: the running period began later than `at`.
    """
    note = note.strip()
    if not note or len(note) > MAX_NOTE:
        raise Invalid(_("Say why, in at most 200 characters."))
    if until <= at:
        raise Invalid(_("Choose an end that is still to come."))
    member = Member.objects.select_for_update(no_key=True, of=("self",)).filter(pk=member_id).first()
    tier = Tier.objects.filter(pk=tier_id).first()
    if member is None or tier is None:
        raise NotFound
    start(member_ids=[member.pk], at=at)
    running = TierPeriod.objects.select_related("tier").get(member=member, ends_at=None)
    if running.starts_at > at:
        raise WrongState
    moving.change(
        [Change(member.pk, running.tier.code, tier, until)],
        reason=TierReason.MANUAL,
        actor=actor,
        at=at,
        note=note,
    )
    return TierPeriod.objects.get(member=member, ends_at=None)


@transaction.atomic
def save_tier(*, tier: Tier, actor: Actor, at: datetime) -> Tier:
    """Keep a new or changed tier. Members stay where they are until they are looked at again.

    Raises:
        Invalid: it does not stand between its neighbours.
    """
    list(Tier.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
    check_boundaries(tier.pk, rank=tier.rank, above_fen=tier.above_fen)
    tier.save()
    record("tier.saved", tier, actor=actor, at=at, code=tier.code, rank=tier.rank, above_fen=tier.above_fen)
    return tier


def check_boundaries(tier_id: int | None, *, rank: int, above_fen: int) -> None:
    """Refuse a tier by which somebody would be in none, or spending more would bring a lower one.

    Raises:
        Invalid: what is wrong.
    """
    others = Tier.objects.exclude(pk=tier_id or 0).values_list("rank", "above_fen")
    tiers = sorted([*others, (rank, above_fen)])
    if tiers[0][1] != EVERYBODY or any(above < 0 for _rank, above in tiers[1:]):
        raise Invalid(_("The lowest tier is everybody's: -1 there, and 0 or more in all others."))
    if any(low >= high for (_low, low), (_high, high) in pairwise(tiers)):
        raise Invalid(_("A higher rank must take more spending than those below it."))


@transaction.atomic
def save_rule(*, rule: TierRule, actor: Actor, at: datetime) -> TierRule:
    """Keep how spending makes tiers from now on. Running periods keep their ends."""
    rule.save()
    record(
        "tierrule.saved",
        rule,
        actor=actor,
        at=at,
        window_days=rule.window_days,
        keep_days=rule.keep_days,
        notice_days=rule.notice_days,
    )
    return rule
