"""The tiers that ship, and what they bring. Edits are not overwritten."""

from datetime import datetime

from compensation.models import BenefitKind, CouponTemplate, Tier, TierBenefit, TierRule

TIERS = [  # code, 中文, English, spending above (fen)
    ("ordinary", "普通会员", "Ordinary", -1),
    ("silver", "银卡会员", "Silver", 50_000),
    ("gold", "金卡会员", "Gold", 100_000),
]
BENEFITS: list[tuple[str, BenefitKind, int | None]] = [
    ("ordinary", BenefitKind.FREE_SHIPPING, 5_000),
    ("silver", BenefitKind.FREE_SHIPPING, 3_000),
    ("silver", BenefitKind.BIRTHDAY_COUPON, None),
    ("gold", BenefitKind.FREE_SHIPPING, 0),
    ("gold", BenefitKind.BIRTHDAY_COUPON, None),
    ("gold", BenefitKind.DEDICATED_AGENT, None),
    ("gold", BenefitKind.SHIP_WITHIN, 12),
    ("gold", BenefitKind.EVENTS, None),
]


def seed(at: datetime) -> None:  # noqa: ARG001 - one signature for all seeds
    """Bring the default tiers into the database, if there are none."""
    TierRule.objects.get_or_create(pk=1)
    if Tier.objects.exists():
        return
    Tier.objects.bulk_create(
        Tier(code=code, name=name, name_en=name_en, rank=rank, above_fen=above_fen)
        for rank, (code, name, name_en, above_fen) in enumerate(TIERS)
    )


def seed_benefits(at: datetime) -> None:  # noqa: ARG001 - one signature for all seeds
    """Bring the default benefits into the database, if there are none; after the coupons."""
    if TierBenefit.objects.exists():
        return
    tiers = {tier.code: tier for tier in Tier.objects.all()}
    birthday = CouponTemplate.objects.filter(code="birthday-50").first()
    for code, kind, amount in BENEFITS:
        coupon = birthday if kind == BenefitKind.BIRTHDAY_COUPON else None
        if code in tiers and (kind != BenefitKind.BIRTHDAY_COUPON or coupon is not None):
            TierBenefit.objects.create(tier=tiers[code], kind=kind, amount=amount, coupon=coupon)
