"""Earning points: once for one occurrence, by the rule in force, and taken back with the order."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Sum
from django.utils.timezone import get_default_timezone, localdate
from django.utils.translation import gettext_lazy as _

from compensation.ledger import accounts
from compensation.models import (
    Earning,
    EarningRule,
    EarningVersion,
    Member,
    Order,
    OrderStatus,
    PointsRule,
    RefundLine,
    RefundStatus,
    Unit,
)
from compensation.points import giving, queries, rules
from config.common.errors import KeyReused, NotFound, WrongState
from config.common.events import Actor, record

TERMS = ("points", "per_yuan", "day_limit", "period_limit", "period_days", "pending_days", "valid_days")
"""What a version of a rule says."""

GONE = [OrderStatus.RETURNED, OrderStatus.CANCELLED]


class RuleOff(WrongState):
    """The rule is switched off or not there."""

    code = "points_not_given"
    default = _("These points are not given at present.")


@transaction.atomic
def save_rule(*, rule: PointsRule, actor: Actor, at: datetime) -> PointsRule:
    """Keep what points are worth from now on. What was given stays as it is."""
    rule.save()
    record("pointsrule.saved", rule, actor=actor, at=at, points=rule.points, worth_fen=rule.worth_fen)
    return rule


@transaction.atomic
def save_earning_rule(
    *, rule: EarningRule, version: EarningVersion, actor: Actor, at: datetime
) -> EarningVersion:
    """Keep a rule, and have it say this from now on; what it said stays with what was earned by it.

    Where it says the same as before, no version is made.
    """
    if rule.pk:
        EarningRule.objects.select_for_update(no_key=True).get(pk=rule.pk)
    rule.save()
    latest = rule.versions.order_by("-number").first()
    if latest is not None and all(getattr(latest, name) == getattr(version, name) for name in TERMS):
        return latest
    version.rule, version.made_at = rule, at
    version.number = latest.number + 1 if latest else 1
    version.save(force_insert=True)
    record("earningrule.versioned", rule, actor=actor, at=at, code=rule.code, number=version.number)
    return version


@transaction.atomic
def earn(*, rule: str, member_id: int, occurrence: str, actor: Actor, at: datetime) -> tuple[Earning, bool]:
    """Give a member the points of a rule, such as "review", once for one occurrence, such as "review:7".

    The flag is True when it was given before. Where a limit is reached, fewer points are given, or none.

    Raises:
        RuleOff: the rule is switched off or not there.
        NotFound: there is no such member.
        KeyReused: the occurrence came before, of another member.
    """
    known = Earning.objects.filter(rule__code=rule, occurrence=occurrence).first()
    if known is not None:  # whatever became of the rule since
        if known.member_id != member_id:
            raise KeyReused
        return known, True
    version = queries.in_force(rule, at)
    if version is None or version.points is None:
        raise RuleOff
    member = giving.lock([member_id]).get(member_id)
    if member is None:
        raise NotFound
    return giving.once(version, member, occurrence, actor=actor, at=at)


def sign_in(*, member: Member, at: datetime) -> tuple[Earning, bool]:
    """A member signs in for the day, in the shop's time zone; the flag is True when they had before.

    Raises:
        RuleOff: nothing is given for it.
    """
    day = f"{member.pk}:{localdate(at, get_default_timezone()):%Y%m%d}"
    return earn(rule=queries.SIGN_IN, member_id=member.pk, occurrence=day, actor=member, at=at)


@transaction.atomic
def order_received(*, order_id: int, actor: Actor = None, at: datetime) -> Earning | None:
    """An order has come to its member: give them its points, and whoever referred them theirs; once.

    None where orders earn nothing, or this one was placed before they did. What was refunded before counts;
    the freight, which is a part of an order's total, earns nothing.
    """
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise NotFound
    return _Receiving([order], at, members={order.member_id}).receive(order, actor=actor)


@transaction.atomic
def order_refunded(
    *, order_id: int, refunded_fen_total: int, actor: Actor, at: datetime, key: str
) -> Earning | None:
    """So much of an order's goods was refunded in all: take back the points of that, from its own lot only.

    What was spent of them the member owes. It goes by the sum of all refunds, so repeats and any parts come
    to the same; a sum that is not higher than one before changes nothing. Where all of it was refunded and
    somebody got points for having referred the member, those are taken back as well, once. None where
    orders earn nothing.

    Raises:
        NotFound: there is no such order.
        KeyReused: the key came before, for another part of the refund.
    """
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise NotFound
    list(Member.objects.filter(pk=order.member_id).select_for_update(no_key=True))
    earning = _known([order]).get(order.pk)
    if refunded_fen_total >= _goods_fen(order, earning):
        _take_referral_back(order, key=key, actor=actor, at=at)
    if earning is None:  # before it was received: that counts when it is
        version = queries.in_force(queries.PURCHASE, at)
        if version is None:
            return None
        earning = _new(order, version)
    if refunded_fen_total <= earning.refunded_fen:
        return earning
    earning.refunded_fen = refunded_fen_total
    rate = earning.version.per_yuan or Decimal(0)
    base = earning.base_fen or 0
    kept = rules.kept(earning.points, base_fen=base, refunded_fen=earning.refunded_fen, per_yuan=rate)
    back = earning.points - earning.taken_back - kept
    if back > 0:
        giving.take_back(earning, back, key=f"{key}:points", actor=actor, at=at)
    earning.save()
    return earning


@transaction.atomic
def orders_changed(*, order_ids: Collection[int], at: datetime) -> None:
    """See to the points of orders of which the shop told something new: received, returned or cancelled."""
    orders = Order.objects.filter(pk__in=order_ids)
    received = list(orders.filter(status=OrderStatus.DELIVERED).order_by("placed_at", "pk"))
    lost = Earning.objects.filter(order=OuterRef("pk"), taken_back__lt=F("points"))
    gone = list(orders.filter(Exists(lost), status__in=GONE).order_by("pk"))
    if not received and not gone:
        return
    receiving = _Receiving(received, at, members=set(orders.values_list("member", flat=True)))
    for order in received:
        receiving.receive(order, actor=None)
    for order in gone:
        earning = _known([order]).get(order.pk)
        whole = max(order.total_fen, _goods_fen(order, earning))
        key = f"order:{order.pk}:{order.status}" + (f":{earning.pk}" if earning else "")
        order_refunded(order_id=order.pk, refunded_fen_total=whole, actor=None, at=at, key=key)
        if earning is not None:
            Earning.objects.filter(pk=earning.pk).update(is_gone=True)


class _Receiving:
    """Orders that have come to their members. Members are locked, with whoever referred them."""

    def __init__(self, orders: list[Order], at: datetime, *, members: set[int]) -> None:
        self._at = at
        self._purchase = queries.in_force(queries.PURCHASE, at)
        self._referral = queries.in_force(queries.REFERRAL, at)
        self._known = {}
        self._people = {}
        if self._purchase or self._referral:
            referrers = Member.objects.filter(referred__in=members).values_list("pk", flat=True)
            self._people = giving.lock(members | set(referrers))
            self._known = _known(orders)

    def receive(self, order: Order, *, actor: Actor) -> Earning | None:
        """Give the points of one of them."""
        member = self._people.get(order.member_id)
        if member is None:
            return None
        self._refer(order, member, again=self._comes_again(order))
        version = self._purchase
        if version is None or version.per_yuan is None or order.placed_at < version.rule.starts_at:
            return None
        earning = self._known.get(order.pk) or _new(order, version)
        if earning.at is None:
            earning.base_fen, earning.version = max(order.total_fen - order.freight_fen, 0), version
            points = rules.for_amount(earning.base_fen - earning.refunded_fen, version.per_yuan)
            giving.give(earning, member, points, actor=actor, at=self._at)
        return earning

    def _comes_again(self, order: Order) -> bool:
        """Whether it was said to have gone back, wrongly: then it earns anew, less what was refunded."""
        known = self._known.get(order.pk)
        if known is None or not known.is_gone:
            return False
        earning = _new(order, known.version)
        earning.occurrence = f"order:{order.pk}:{known.pk}"
        earning.refunded_fen = _paid_back_fen(order)
        self._known[order.pk] = earning
        return True

    def _refer(self, order: Order, member: Member, *, again: bool) -> None:
        """Give whoever referred a member the points for it, with the member's first received order."""
        referrer, version = self._people.get(member.referrer_id or 0), self._referral
        if referrer is None or version is None or order.placed_at < version.rule.starts_at:
            return
        earlier = Order.objects.filter(
            member=member, status=OrderStatus.DELIVERED, placed_at__lt=order.placed_at
        )
        known = self._known.get(order.pk)
        is_refunded = known is not None and known.refunded_fen >= _goods_fen(order, known)
        if not is_refunded and not earlier.exists():
            occurrence = f"member:{member.pk}"
            before = Earning.objects.filter(rule=version.rule, order=order).order_by("-pk").first()
            if again and before is not None and before.taken_back == before.points:
                occurrence = f"{occurrence}:{before.pk}"
            giving.once(version, referrer, occurrence, order=order, actor=None, at=self._at)


def _take_referral_back(order: Order, *, key: str, actor: Actor, at: datetime) -> None:
    """Take back what somebody got for the order's member, whose first it was. Hold that member.

    The accounts of both are held in their order before one of them changes.
    """
    earning = (
        Earning.objects.filter(rule__code=queries.REFERRAL, order=order, taken_back__lt=F("points"))
        .select_related("rule")
        .first()
    )
    if earning is not None:
        accounts.lock({order.member_id, earning.member_id}, Unit.POINTS)
        kind = "points.referral.reversed"
        giving.take_back(earning, earning.points, key=f"{key}:referral", kind=kind, actor=actor, at=at)
        earning.save(update_fields=["taken_back"])


def _goods_fen(order: Order, earning: Earning | None) -> int:
    """What an order's goods came to when it was received, or come to as it is known now."""
    base = earning.base_fen if earning is not None else None
    return max(order.total_fen - order.freight_fen, 0) if base is None else base


def _known(orders: Collection[Order]) -> dict[int, Earning]:
    """What is kept of the points of orders, by the order."""
    rows = Earning.objects.filter(rule__code=queries.PURCHASE, order__in=[order.pk for order in orders])
    rows = rows.select_related("rule", "version__rule").order_by("pk")  # the last that an order earned
    return {row.order_id: row for row in rows if row.order_id}


def _paid_back_fen(order: Order) -> int:
    """What was paid out of an order's goods in all."""
    rows = RefundLine.objects.filter(refund__order=order, refund__status=RefundStatus.CONFIRMED)
    return int(rows.aggregate(fen=Sum("amount_fen", default=0))["fen"])


def _new(order: Order, version: EarningVersion) -> Earning:
    return Earning(
        rule=version.rule,
        version=version,
        member_id=order.member_id,
        occurrence=f"order:{order.pk}",
        order=order,
    )
