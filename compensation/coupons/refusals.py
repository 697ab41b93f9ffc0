"""Why a coupon is not given or cannot be used, in words."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from compensation.coupons.rules import Reason
from compensation.models import Coupon
from config.common.errors import NotFound, WrongState
from config.common.money import display


class CouponNotUsable(WrongState):
    """The coupon was used, is reserved elsewhere, does not count yet, has expired or was taken back."""

    code = "coupon_not_usable"
    default = _("This coupon cannot be used.")


class CouponDoesNotFit(WrongState):
    """The coupon is not for this order, or not beside what stands on it."""

    code = "coupon_does_not_fit"
    default = _("This coupon is not for this order.")


class SpendTooSmall(CouponDoesNotFit):
    """The order is too small for the coupon."""

    code = "spend_too_small"


class AmountMissing(CouponDoesNotFit):
    """Nobody said what the order comes to, and the coupon was not reserved for it."""

    code = "order_amount_missing"
    default = _("Say what the order comes to: a coupon never takes off more than that.")


class NotReserved(WrongState):
    """The coupon is not reserved for this order."""

    code = "coupon_not_reserved"
    default = _("This coupon is not reserved for this order.")


class NotRedeemed(WrongState):
    """The coupon was not used for this order."""

    code = "coupon_not_redeemed"
    default = _("This coupon was not used for this order.")


class NotGiven(WrongState):
    """The kind of coupon is switched off, or its time is over."""

    code = "coupon_not_given"
    default = _("Coupons of this kind are no longer given.")


class LimitReached(WrongState):
    """As many were given as there may be, to the member or in all."""

    code = "coupon_limit_reached"


class AllGiven(LimitReached):
    """As many were given as there may be in all."""

    default = _("All coupons of this kind have been given.")


class NoSuchCoupon(NotFound):
    """There is none with this code, or it is somebody else's."""

    default = _("There is no such coupon.")


WORDS: Mapping[Reason, Promise] = {
    Reason.NOT_FOR_THESE: _("This coupon is not for these goods."),
    Reason.NO_FREIGHT: _("There is no freight on this order."),
    Reason.NOTHING_LEFT: _("Nothing is left that this coupon could take off."),
    Reason.ALONE: _("This coupon and others cannot be used for one order."),
    Reason.SAME_GROUP: _("Another coupon of this group is on the order."),
}

MEMBER_LIMIT = ngettext_lazy(
    "A member gets at most %(limit)d coupon of this kind.",
    "A member gets at most %(limit)d coupons of this kind.",
    "limit",
)


def refusal(coupon: Coupon, reason: Reason) -> CouponDoesNotFit:
    """Why a coupon does not go on an order."""
    if reason == Reason.SPEND_TOO_SMALL:
        return SpendTooSmall(
            _("This coupon is for orders from %(amount)s.") % {"amount": display(coupon.min_spend_fen)},
            reason=str(reason),
            min_spend_fen=coupon.min_spend_fen,
        )
    return CouponDoesNotFit(WORDS[reason], reason=str(reason))
