"""The rules for earning points that ship. Edits are not overwritten."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from compensation.models import CouponTemplate, EarningRule, EarningVersion, Reward
from compensation.points.queries import PURCHASE, REFERRAL, REVIEW, SIGN_IN, SUGGESTION

VALID = 365
RULES: list[tuple[str, str, str, dict[str, Any]]] = [
    (PURCHASE, "购物", "Purchases", {"per_yuan": Decimal(1), "pending_days": 7}),
    (SIGN_IN, "每日签到", "Signing in for the day", {"points": 5, "day_limit": 5}),
    (
        REFERRAL,
        "推荐好友",
        "Referring a friend",
        {"points": 100, "pending_days": 7, "period_limit": 2_000, "period_days": 30},
    ),
    (REVIEW, "有用评价", "A useful review", {"points": 20, "day_limit": 60}),
    (SUGGESTION, "建议被采纳", "A suggestion that was accepted", {"points": 50}),
]

REWARDS = [  # yuan of the coupon, points
    (5, 500),
    (10, 1_000),
    (20, 2_000),
]


def seed(at: datetime) -> None:
    """Bring the default rules into the database; what is placed from that moment on earns by them."""
    for code, name, name_en, terms in RULES:
        names = {"name": name, "name_en": name_en, "starts_at": at}
        rule, made = EarningRule.objects.get_or_create(code=code, defaults=names)
        if made:
            EarningVersion.objects.create(rule=rule, number=1, valid_days=VALID, made_at=at, **terms)


def seed_rewards(at: datetime) -> None:  # noqa: ARG001 - one signature for all seeds
    """Bring the default rewards into the database, if there are none."""
    if Reward.objects.exists():
        return
    for yuan, points in REWARDS:
        names = {"name": f"{yuan}元积分券", "name_en": f"¥{yuan} coupon for points", "value_fen": yuan * 100}
        template, _made = CouponTemplate.objects.get_or_create(code=f"points-{yuan}", defaults=names)
        Reward.objects.create(template=template, points=points)
