"""What this app has to do when a member is erased."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Q, Value
from django.db.models.functions import Least
from django.utils.translation import gettext_lazy as _

from compensation.models import (
    OPEN_REFUNDS,
    CareAct,
    Coupon,
    CouponStatus,
    Grant,
    GrantStatus,
    Lot,
    Member,
    Order,
    OrderStatus,
    RefundOrder,
)

MOMENT = timedelta(microseconds=1)  # what ends has begun before
ON_ITS_WAY = (OrderStatus.PAID, OrderStatus.SHIPPED)
UNDER_WAY = (GrantStatus.REQUESTED, GrantStatus.APPROVED, GrantStatus.EXECUTED)


def standing(member_id: int, *, hold: bool) -> Iterator[object]:
    """Orders on their way, grants that were not carried out, refunds that were not paid."""
    if hold:
        Member.objects.select_for_update(of=("self",)).filter(pk=member_id).first()
    for number in Order.objects.filter(member=member_id, status__in=ON_ITS_WAY).values_list("external_id"):
        yield _("order %(number)s") % {"number": number[0]}
    if count := Grant.objects.filter(member=member_id, status__in=UNDER_WAY).count():
        yield _("compensation under way: %(count)s") % {"count": count}
    if count := RefundOrder.objects.filter(member=member_id, status__in=OPEN_REFUNDS).count():
        yield _("refunds under way: %(count)s") % {"count": count}


def end(member_id: int, *, at: datetime) -> None:
    """Let points and coupons end now, as they would at their last day, and care with them.

    What cannot be used yet has begun a moment before, so that it can end.
    """
    begun = Value(at - MOMENT)
    lots = Lot.objects.filter(account__member=member_id, remaining__gt=0)
    lots.filter(Q(expires_at=None) | Q(expires_at__gt=at)).update(
        expires_at=at, available_from=Least("available_from", begun)
    )
    coupons = Coupon.objects.filter(member=member_id, status=CouponStatus.ISSUED, expires_at__gt=at)
    coupons.filter(valid_from__gte=at).update(valid_from=begun)
    coupons.update(expires_at=at)
    CareAct.objects.filter(member=member_id, status="waiting").delete()
