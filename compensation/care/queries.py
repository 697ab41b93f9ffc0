"""What the programme did and would do."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, QuerySet, Sum
from django.utils.timezone import localdate

from compensation.care import occasions
from compensation.models import (
    DAILY,
    CareAct,
    CareRule,
    CareStatus,
    Coupon,
    CouponStatus,
    CouponTemplate,
    Member,
    Tier,
)
from compensation.points.queries import worth_fen
from compensation.tiers import benefits

MONTH = timedelta(days=30)
WEEK = 7


@dataclass(slots=True)
class Line:
    """What became of one rule's occasions in a time."""

    rule: CareRule
    done: int = 0
    waiting: int = 0
    held: Counter[str] = field(default_factory=Counter)
    coupons: int = 0
    used: int = 0
    used_fen: int = 0

    @property
    def held_back(self) -> int:
        """How many were held back, for whatever reason."""
        return self.held.total()

    @property
    def used_percent(self) -> int | None:
        """How many of a hundred coupons were used; None where none were given."""
        return self.used * 100 // self.coupons if self.coupons else None


def report(*, at: datetime, since: timedelta = MONTH) -> list[Line]:
    """Each rule with what it sent, held back and gave within a time, and how much of that was used."""
    lines = {rule.pk: Line(rule) for rule in CareRule.objects.select_related("segment", "coupon")}
    decided = CareAct.objects.filter(decided_at__gt=at - since, decided_at__lte=at).order_by()
    for rule_id, status, reason, number in decided.values_list("rule", "status", "reason").annotate(
        number=Count("pk")
    ):
        line = lines[rule_id]
        if status == CareStatus.DONE:
            line.done += number
        else:
            line.held[reason] += number
    waiting = CareAct.objects.filter(status=CareStatus.WAITING).order_by()
    for rule_id, number in waiting.values_list("rule").annotate(number=Count("pk")):
        lines[rule_id].waiting = number
    given = decided.filter(coupon_grant__isnull=False).values_list("rule", "coupon_grant__coupon__status")
    for rule_id, status, number, fen in given.annotate(
        number=Count("pk"), fen=Sum("coupon_grant__coupon__value_fen")
    ):
        lines[rule_id].coupons += number
        if status == CouponStatus.REDEEMED:
            lines[rule_id].used, lines[rule_id].used_fen = number, fen
    return list(lines.values())


def of_member(member: Member) -> QuerySet[CareAct]:
    """Every occasion of a member, newest first."""
    return (
        CareAct.objects.filter(member=member)
        .select_related("rule", "coupon_grant__coupon__template", "points_grant")
        .order_by("-happened_at", "-pk")
    )


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many members a rule reaches, and what that costs."""

    days: Sequence[int]
    """Members on each day, today first; or in the last days, where nobody can know what is coming."""
    is_past: bool
    each_fen: int
    """What a member is given, at most."""
    cost_fen: int

    @property
    def today(self) -> int:
        """Members today, or in the last 24 hours."""
        return self.days[0]

    @property
    def week(self) -> int:
        """Members in the seven days."""
        return sum(self.days)


def forecast(rule: CareRule, *, at: datetime) -> Forecast:
    """A dry run: whom the rule would reach today and in the next seven days, by the members as they are now.

    Who had the occasion already is not counted. What happens at its moment, such as an order, is counted
    over the last seven days instead. Consent by
    channel, quiet hours and the cap are not counted: the real number is no higher.
    """
    zone = occasions.zone()
    today = localdate(at, zone)
    found: list[Counter[int]] = []
    if rule.trigger in DAILY:
        for number in range(WEEK):
            rows = occasions.on_day(rule, today + timedelta(days=number), at=at, fresh=number > 0)
            found.append(occasions.new_by_tier(rule, rows) if rows is not None else Counter())
    else:
        for number in range(WEEK):
            until = at - timedelta(days=number)
            rows = occasions.of_time(rule, since=until - timedelta(days=1), at=until, upto=until)
            found.append(occasions.new_by_tier(None, rows))
    each = {tier.pk: _worth(rule, tier.pk) for tier in Tier.objects.all()}
    total: Counter[int] = sum(found, Counter())
    return Forecast(
        days=[day.total() for day in found],
        is_past=rule.trigger not in DAILY,
        each_fen=max(each.values(), default=0),
        cost_fen=sum(number * each[tier] for tier, number in total.items()),
    )


def _worth(rule: CareRule, tier_id: int) -> int:
    coupon: CouponTemplate | None = rule.coupon
    if rule.coupon_of_tier:
        coupon = benefits.of_tier(tier_id).birthday_coupon
    return (coupon.value_fen if coupon else 0) + (worth_fen(rule.points) if rule.points else 0)


def redeemed(act: CareAct) -> bool | None:
    """Whether the coupon of an act was used; None where there was none."""
    grant = act.coupon_grant
    coupon: Coupon | None = getattr(grant, "coupon", None) if grant else None
    return coupon.status == CouponStatus.REDEEMED if coupon else None
