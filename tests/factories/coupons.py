"""Coupons that were given, with their value on the ledger."""

from itertools import count

from compensation.coupons import commands
from compensation.models import Coupon, CouponTemplate, Member
from tests.factories.money import AT

_numbers = count()


def make_template(**fields) -> CouponTemplate:
    """A kind of coupon: 5 yuan off, unless told otherwise."""
    number = next(_numbers)
    return CouponTemplate.objects.create(
        **{"code": f"kind-{number}", "name": f"券{number}", "value_fen": 500, **fields}
    )


def give_coupon(member: Member, template: CouponTemplate | None = None, *, at=AT, **fields) -> Coupon:
    """A coupon of the member's."""
    return commands.issue(
        template=template or make_template(**fields),
        member=member,
        key=f"test:{next(_numbers)}",
        actor=None,
        at=at,
    )
