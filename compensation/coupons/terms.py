"""The terms of a kind of coupon: changed here, frozen when coupons are given on them, and told in words."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from compensation.coupons.rules import Offer
from compensation.models import (
    CONTENT,
    Coupon,
    CouponContent,
    CouponCount,
    CouponKind,
    CouponTemplate,
    CouponTerms,
    Stacking,
)
from config.common.events import Actor, record
from config.common.idempotency import request_hash
from config.common.money import display

RECORDED = (
    "value_fen", "min_spend_fen", "percent_off", "valid_days", "starts_after_days", "member_limit",
    "total_limit", "categories", "stacking", "stacking_group", "is_active",
)  # fmt: skip


DECIDED = (
    *CONTENT, "value_fen", "min_spend_fen", "valid_days", "starts_after_days", "valid_from", "valid_until",
)  # fmt: skip
"""What whoever approves a coupon decides on."""


@transaction.atomic
def save_template(*, template: CouponTemplate, actor: Actor, at: datetime) -> CouponTemplate:
    """Keep a new or changed kind of coupon. Coupons that members hold stay as they were given.

    Whoever is giving some is waited for; what was given is counted anew under the limits as they are now.
    """
    if template.pk:
        CouponTemplate.objects.select_for_update().filter(pk=template.pk).first()
        CouponCount.objects.filter(template=template).delete()
    template.save()
    said = {name: getattr(template, name) for name in RECORDED}
    record("coupontemplate.saved", template, actor=actor, at=at, takes_off=template.kind, **said)
    return template


def freeze(template: CouponTemplate) -> CouponTerms:
    """The content of a kind of coupon as it is now, in a row that never changes."""
    content = {name: getattr(template, name) for name in CONTENT}
    terms, _new = CouponTerms.objects.get_or_create(
        template=template, digest=request_hash(content), defaults=content
    )
    return terms


def digest(template: CouponTemplate) -> str:
    """The digest of all that a coupon of this kind would bring if it were given now."""
    return request_hash([getattr(template, name) for name in DECIDED])


def offer_of(coupon: Coupon) -> Offer:
    """What matters of a coupon on an order."""
    terms = coupon.terms
    return Offer(
        id=coupon.pk,
        value_fen=coupon.value_fen,
        kind=CouponKind(terms.kind),
        percent_off=terms.percent_off,
        min_spend_fen=coupon.min_spend_fen,
        categories=frozenset(terms.categories),
        stacking=Stacking(terms.stacking),
        group=terms.stacking_group,
        expires_at=coupon.expires_at,
    )


def worth(content: CouponContent, value_fen: int) -> str:
    """What a coupon takes off, in a few words."""
    if content.kind == CouponKind.PERCENT:
        return _("%(percent)d%% off") % {"percent": content.percent_off}
    if content.kind == CouponKind.SHIPPING:
        return _("Free shipping")
    return display(value_fen)


def given(content: CouponContent, value_fen: int) -> str:
    """How a member is told of a coupon that they were given, as a title."""
    if content.kind == CouponKind.AMOUNT:
        return _("We have given you a coupon of %(amount)s") % {"amount": display(value_fen)}
    return _("We have given you a coupon: %(worth)s") % {"worth": worth(content, value_fen)}


def in_words(content: CouponContent, *, value_fen: int, min_spend_fen: int) -> list[str]:
    """On what terms a coupon can be used, apart from its time: a few short sentences."""
    return list(_sentences(content, value_fen, min_spend_fen))


def of_coupon(coupon: Coupon) -> list[str]:
    """On what terms a coupon that was given can be used, apart from its time."""
    return in_words(coupon.terms, value_fen=coupon.value_fen, min_spend_fen=coupon.min_spend_fen)


def _sentences(content: CouponContent, value_fen: int, min_spend_fen: int) -> Iterator[str]:
    most = {"amount": display(value_fen), "percent": content.percent_off}
    if content.kind == CouponKind.PERCENT:
        yield _("%(percent)d%% off, %(amount)s at most") % most
    elif content.kind == CouponKind.SHIPPING:
        yield _("Free shipping, up to %(amount)s") % most
    else:
        yield _("%(amount)s off") % most
    if min_spend_fen:
        yield _("for orders from %(amount)s") % {"amount": display(min_spend_fen)}
    if content.categories:
        yield _("only for: %(names)s") % {"names": ", ".join(content.categories)}
    if content.stacking == Stacking.ALONE:
        yield _("not together with other coupons")
    elif content.stacking == Stacking.GROUP:
        yield _("only one of this group for an order")


def when_in_words(template: CouponTemplate) -> str:
    """When a coupon of a kind can be used."""
    if template.valid_from and template.valid_until:
        return span_in_words(template.valid_from, template.valid_until)
    days = template.valid_days
    lasts = ngettext("valid for %(days)d day", "valid for %(days)d days", days) % {"days": days}
    if not (after := template.starts_after_days):
        return lasts
    begins = ngettext("from %(days)d day after it is given", "from %(days)d days after it is given", after)
    return _("%(lasts)s, %(begins)s") % {"lasts": lasts, "begins": begins % {"days": after}}


def span_in_words(valid_from: datetime | None, expires_at: datetime) -> str:
    """Between which moments something can be used."""
    until = date_format(localtime(expires_at), "SHORT_DATETIME_FORMAT")
    if valid_from is None:
        return _("until %(until)s") % {"until": until}
    begins = date_format(localtime(valid_from), "SHORT_DATETIME_FORMAT")
    return _("from %(from)s until %(until)s") % {"from": begins, "until": until}
