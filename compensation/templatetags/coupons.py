"""What pages say about coupons."""

from django import template

from compensation.coupons import terms
from compensation.models import Coupon

register = template.Library()


@register.filter
def coupon_worth(coupon: Coupon) -> str:
    """What it takes off, in a few words."""
    return terms.worth(coupon.terms, coupon.value_fen)


@register.filter
def coupon_terms(coupon: Coupon) -> list[str]:
    """On what terms it can be used, in short sentences."""
    return terms.of_coupon(coupon)


@register.filter
def coupon_span(coupon: Coupon) -> str:
    """When it can be used."""
    return terms.span_in_words(coupon.valid_from, coupon.expires_at)
