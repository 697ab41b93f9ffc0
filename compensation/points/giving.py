"""Giving points for an occurrence on the terms of a rule's version, within its limits."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Sum
from django.utils.timezone import get_default_timezone, localdate

from compensation.ledger import commands as ledger
from compensation.ledger.rules import LotTerms, given
from compensation.models import Earning, EarningVersion, Lot, Member, Order, PointsRule, Unit
from compensation.points import rules
from config.common.errors import KeyReused
from config.common.events import Actor


def lock(ids: Collection[int]) -> dict[int, Member]:
    """Lock members in primary-key order; those who were erased earn nothing and are left out."""
    rows = Member.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    return {member.pk: member for member in rows if member.erased_at is None}


def once(
    version: EarningVersion,
    member: Member,
    occurrence: str,
    *,
    order: Order | None = None,
    actor: Actor,
    at: datetime,
) -> tuple[Earning, bool]:
    """Give a member, who is locked, the points of each time; the flag is True when they had them before.

    With the `order`, perhaps of somebody else, they are taken back.

    Raises:
        KeyReused: the occurrence came before, of another member.
    """
    known = Earning.objects.filter(rule=version.rule, occurrence=occurrence).first()
    if known is not None:
        if known.member_id != member.pk:
            raise KeyReused
        return known, True
    earning = Earning(rule=version.rule, version=version, member=member, occurrence=occurrence, order=order)
    give(earning, member, version.points or 0, actor=actor, at=at)
    return earning, False


def give(earning: Earning, member: Member, points: int, *, actor: Actor, at: datetime) -> None:
    """Give as many of the points as the limits allow, and keep the earning."""
    version, zone = earning.version, get_default_timezone()
    earning.at, earning.day = at, localdate(at, zone)
    earning.points = rules.within(points, _limits(earning))
    if earning.points:
        days = version.valid_days
        ledger.post(
            key=_key(earning),
            kind=f"points.{version.rule.code}",
            moves=given(Unit.POINTS, earning.points, member_id=member.pk),
            actor=actor,
            at=at,
            terms=LotTerms(
                available_from=at + timedelta(days=version.pending_days),
                expires_at=None if days is None else rules.ends(at, days, zone),
                order_id=earning.order_id if version.per_yuan is not None else None,  # else a friend's
                tier_id=member.tier_id,
                rate=version.per_yuan,
                rule_version_id=version.pk,
            ),
        )
    earning.save()


def granted(at: datetime) -> LotTerms:
    """On what terms members hold points that are given to them rather than earned."""
    days = PointsRule.objects.values_list("granted_valid_days", flat=True).first()
    return LotTerms(expires_at=None if days is None else rules.ends(at, days, get_default_timezone()))


def take_back(
    earning: Earning, points: int, *, key: str, kind: str = "points.refunded", actor: Actor, at: datetime
) -> None:
    """Take back a part of what an earning gave, from its own lot only."""
    lot_id = Lot.objects.values_list("pk", flat=True).get(entry__transaction__key=_key(earning))
    ledger.withdraw(lot_id=lot_id, amount=points, key=key, kind=kind, actor=actor, at=at)
    earning.taken_back += points


def _key(earning: Earning) -> str:
    return f"points:{earning.rule.code}:{earning.occurrence}"


def _limits(earning: Earning) -> list[tuple[int | None, int]]:
    """The version's limits with what the member has earned by its rule, in the day and in the period."""
    version = earning.version
    found: list[tuple[int | None, int]] = []
    for most, days in ((version.day_limit, 1), (version.period_limit, version.period_days or 1)):
        if most is not None and earning.day is not None:
            rows = Earning.objects.filter(member_id=earning.member_id, rule=version.rule)
            rows = rows.filter(day__gt=earning.day - timedelta(days=days), day__lte=earning.day)
            found.append((most, rows.aggregate(given=Sum("points"))["given"] or 0))
    return found
