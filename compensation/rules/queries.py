"""The rules in force, and what things are worth."""

from django.db.models import QuerySet

from compensation.models import CouponTemplate, PointsRule, RuleVersion
from compensation.rules.matching import Values


def in_force(trigger: str = "") -> QuerySet[RuleVersion]:
    """The published versions of the rules that are switched on, in their order, with what they give."""
    rows = RuleVersion.objects.filter(
        published_at__isnull=False, retired_at__isnull=True, rule__is_active=True
    )
    rows = rows.filter(trigger=trigger) if trigger else rows
    return rows.select_related("rule").prefetch_related("gives__template").order_by("rule__position", "pk")


def values_now() -> Values:
    """What coupons and points are worth now."""
    points = PointsRule.objects.filter(pk=1).first() or PointsRule()
    return Values(
        dict(CouponTemplate.objects.values_list("pk", "value_fen")), points.points, points.worth_fen
    )
