"""What can happen to a coupon: everything that others call, in one place.

issued → reserved → redeemed, and back by release or reversal; else it expires or is taken back. A coupon has
at most one live use, by constraint. Its value is on its member's account until it is redeemed, expires or is
taken back, and comes back to it when a use is undone: issued = live + redeemed + expired + taken back.
"""

from compensation.coupons.ending import expire_due, lapse_due, revoke
from compensation.coupons.issuing import Recipient, issue, issue_many
from compensation.coupons.refusals import (
    AmountMissing,
    CouponDoesNotFit,
    CouponNotUsable,
    LimitReached,
    NoSuchCoupon,
    NotGiven,
    NotRedeemed,
    NotReserved,
    SpendTooSmall,
)
from compensation.coupons.rules import Basket, Item
from compensation.coupons.terms import save_template
from compensation.coupons.using import redeem, release, reserve, reverse

__all__ = [
    "AmountMissing",
    "Basket",
    "CouponDoesNotFit",
    "CouponNotUsable",
    "Item",
    "LimitReached",
    "NoSuchCoupon",
    "NotGiven",
    "NotRedeemed",
    "NotReserved",
    "Recipient",
    "SpendTooSmall",
    "expire_due",
    "issue",
    "issue_many",
    "lapse_due",
    "redeem",
    "release",
    "reserve",
    "reverse",
    "revoke",
    "save_template",
]
