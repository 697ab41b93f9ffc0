"""What a change of a ratio would cost: on what was given in the last month."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, Sum

from compensation.models import LIVE, CouponTemplate, Grant, GrantKind, PointsRule
from compensation.points.rules import worth_fen

DAYS = 30


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
    """What would be different, in all and by department (its code)."""

    since: datetime
    old: str
    new: str
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
