"""What a tier brings, asked for by name."""

from dataclasses import dataclass

from compensation.models import BenefitKind, CouponTemplate, Member, TierBenefit


@dataclass(frozen=True, slots=True)
class Benefits:
    """The benefits of one tier."""

    free_shipping_from_fen: int | None = None
    """Orders from this amount are shipped free; 0 is all, None is never."""
    dedicated_agent: bool = False
    """An agent of their own, around the clock."""
    ship_within_hours: int | None = None
    """Orders leave within so many hours; None is as promised to everybody."""
    birthday_coupon: CouponTemplate | None = None
    event_access: bool = False


def of_tier(tier_id: int) -> Benefits:
    """What a tier brings."""
    rows = {row.kind: row for row in TierBenefit.objects.filter(tier=tier_id).select_related("coupon")}
    birthday = rows.get(BenefitKind.BIRTHDAY_COUPON)
    return Benefits(
        free_shipping_from_fen=_amount(rows, BenefitKind.FREE_SHIPPING),
        dedicated_agent=BenefitKind.DEDICATED_AGENT in rows,
        ship_within_hours=_amount(rows, BenefitKind.SHIP_WITHIN),
        birthday_coupon=birthday.coupon if birthday else None,
        event_access=BenefitKind.EVENTS in rows,
    )


def of(member: Member) -> Benefits:
    """What a member's tier brings."""
    return of_tier(member.tier_id)


def _amount(rows: dict[str, TierBenefit], kind: BenefitKind) -> int | None:
    return rows[kind].amount if kind in rows else None
