"""What a change of a ratio would cost: on what was given in the last month."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Sum

from compensation.models import LIVE, CouponTemplate, EarningVersion, Grant, GrantKind, PointsRule
from compensation.points.rules import worth_fen

DAYS = 30
EARNED = """
WITH earned AS (
    SELECT member_id, day, points - taken_back AS kept, CASE
        WHEN %(per_yuan)s::numeric IS NULL THEN %(points)s::numeric
        ELSE floor(greatest(coalesce(base_fen, 0) - refunded_fen, 0) * %(per_yuan)s::numeric / 100)
    END AS asked
    FROM compensation_earning WHERE rule_id = %(rule)s AND at > %(since)s AND at <= %(at)s
), days AS (
    SELECT member_id, day, count(*) AS times, sum(kept) AS kept,
        least(sum(asked), %(day_limit)s::numeric) AS asked
    FROM earned GROUP BY member_id, day
), periods AS (
    SELECT sum(times) AS times, sum(kept) AS kept, least(sum(asked), %(period_limit)s::numeric) AS asked
    FROM days GROUP BY member_id, (day - %(since)s::date) / %(period_days)s::int
)
SELECT coalesce(sum(times), 0), coalesce(sum(kept), 0), coalesce(sum(asked), 0) FROM periods
"""


@dataclass(slots=True)
class Side:
    """How many grants, and what they cost before and after."""

    grants: int = 0
    old_fen: int = 0
    new_fen: int = 0

    @property
    def difference_fen(self) -> int:
        """More is positive."""
        return self.new_fen - self.old_fen

    def add(self, grants: int, old_fen: int, new_fen: int) -> None:
        """Count some."""
        self.grants += grants
        self.old_fen += old_fen
        self.new_fen += new_fen


@dataclass(slots=True)
class Effect:
    """What would be different, in all and by department (its code); in points where these are earned."""

    since: datetime
    old: str
    new: str
    old_points: int | None = None
    new_points: int | None = None
    total: Side = field(default_factory=Side)
    by_department: dict[str, Side] = field(default_factory=lambda: defaultdict(Side))

    def add(self, department: str, grants: int, old_fen: int, new_fen: int) -> None:
        """Count some grants of a department."""
        self.total.add(grants, old_fen, new_fen)
        self.by_department[department].add(grants, old_fen, new_fen)


def of_coupon(template: CouponTemplate, *, value_fen: int, old: str, new: str, at: datetime) -> Effect:
    """What the coupons of a kind that were given in the last month cost, and would have cost."""
    effect = Effect(at - timedelta(days=DAYS), old, new)
    rows = (
        Grant.objects.filter(template=template, status__in=LIVE, requested_at__gt=effect.since)
        .order_by("department")
        .values_list("department")
        .annotate(Count("pk"), Sum("cost_fen"))
    )
    for department, times, fen in rows:
        effect.add(department, times, fen, times * value_fen)
    return effect


def of_points(rule: PointsRule, *, old: str, new: str, at: datetime) -> Effect:
    """What the points that were given in the last month cost, and would have cost by another value."""
    effect = Effect(at - timedelta(days=DAYS), old, new)
    rows = Grant.objects.filter(kind=GrantKind.POINTS, status__in=LIVE, requested_at__gt=effect.since)
    for department, points, fen in rows.order_by("department").values_list(
        "department", "points", "cost_fen"
    ):
        after = worth_fen(points or 0, per_points=rule.points, fen=rule.worth_fen)
        effect.add(department, 1, fen, after)
    return effect


def of_earning(version: EarningVersion, *, rule_id: int, old: str, new: str, at: datetime) -> Effect:
    """What was earned by a rule in the last month, less what went back, and what it would be by a version.

    A limit in a period is taken over periods that begin with that month. Points count at what they are worth.
    """
    effect = Effect(at - timedelta(days=DAYS), old, new)
    values: dict[str, Any] = {
        "rule": rule_id,
        "since": effect.since,
        "at": at,
        "points": version.points,
        "per_yuan": version.per_yuan,
        "day_limit": version.day_limit,
        "period_limit": version.period_limit,
        "period_days": version.period_days or DAYS + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(EARNED, values)
        times, before, after = (int(number) for number in cursor.fetchone())
    effect.old_points, effect.new_points = before, after
    worth = PointsRule.objects.first() or PointsRule()
    old_fen, new_fen = (
        worth_fen(number, per_points=worth.points, fen=worth.worth_fen) for number in (before, after)
    )
    effect.add("", times, old_fen, new_fen)
    return effect
