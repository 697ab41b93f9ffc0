"""The coupons of a member."""

from datetime import datetime

from django.db.models import QuerySet

from compensation.models import Coupon, CouponStatus, Member


def wallet(member: Member) -> QuerySet[Coupon]:
    """Every coupon of a member, newest first."""
    return Coupon.objects.filter(member=member).select_related("template").order_by("-issued_at", "-pk")


def usable(member: Member, at: datetime) -> QuerySet[Coupon]:
    """What the member can use now, soonest to expire first."""
    return wallet(member).filter(status=CouponStatus.ISSUED, expires_at__gt=at).order_by("expires_at", "pk")
