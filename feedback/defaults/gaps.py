"""When a late promise is slight, moderate or severe, and what follows. Edits are not overwritten."""

from datetime import datetime
from decimal import Decimal

from compensation.models import CouponTemplate
from feedback.models import Aspect, Department, GapRule, GapThreshold, Priority, Severity

SLIGHT, MODERATE = Decimal("0.5"), Decimal(2)
DEPARTMENT, COUPON = "service", "sorry-5"


def seed_gaps(_at: datetime) -> None:
    """Bring thresholds and rules, where there are none; departments and coupons were seeded before.

    A severe delay of the delivery opens a case and gives a coupon; a lesser one is only on record.
    """
    for aspect in Aspect:
        GapThreshold.objects.get_or_create(
            aspect=aspect, defaults={"slight_days": SLIGHT, "moderate_days": MODERATE}
        )
    if GapRule.objects.exists():
        return
    GapRule.objects.create(
        aspect=Aspect.DELIVERY,
        severity=Severity.SEVERE,
        opens_case=True,
        department=Department.objects.filter(code=DEPARTMENT).first() or Department.objects.get(parent=None),
        priority=Priority.NORMAL,
        coupon=CouponTemplate.objects.filter(code=COUPON).first(),
    )
