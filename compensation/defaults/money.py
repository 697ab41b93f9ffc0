"""What ships: kinds of coupon and the value of points. Edits are not overwritten."""

from datetime import datetime

from compensation.ledger.rules import HOUSE
from compensation.models import (
    Account,
    ApprovalTerms,
    CouponTemplate,
    PointsRule,
    RefundTerms,
    SignalTerms,
    Unit,
)

COUPONS = [  # code, 中文, English, value (fen), from a spending of (fen), valid for days
    ("sorry-5", "5元致歉券", "¥5 apology coupon", 500, 0, 30),
    ("sorry-10", "10元致歉券", "¥10 apology coupon", 1_000, 0, 30),
    ("sorry-20", "20元致歉券", "¥20 apology coupon", 2_000, 0, 30),
    ("sorry-50", "50元致歉券", "¥50 apology coupon", 5_000, 0, 60),
    ("sorry-100", "100元致歉券", "¥100 apology coupon", 10_000, 0, 60),
    ("birthday-50", "50元生日券", "¥50 birthday coupon", 5_000, 0, 7),
]


def seed(at: datetime) -> None:
    """Bring the defaults of coupons and points into the database."""
    for code, name, name_en, value_fen, min_spend_fen, valid_days in COUPONS:
        CouponTemplate.objects.get_or_create(
            code=code,
            defaults={
                "name": name,
                "name_en": name_en,
                "value_fen": value_fen,
                "min_spend_fen": min_spend_fen,
                "valid_days": valid_days,
            },
        )
    PointsRule.objects.get_or_create(pk=1, defaults={"points": 100, "worth_fen": 100})
    ApprovalTerms.objects.get_or_create(pk=1)
    RefundTerms.objects.get_or_create(pk=1, defaults={"automatic_from": at})
    SignalTerms.objects.get_or_create(pk=1)
    for house in HOUSE:
        for unit in Unit:
            Account.objects.get_or_create(kind=house, unit=unit)
