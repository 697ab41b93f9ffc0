"""What a batch gives: its price, its digest, and whether it can still be given as it was approved."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from compensation.batches import rules
from compensation.coupons import rules as coupon_rules
from compensation.coupons import terms
from compensation.coupons.refusals import NotGiven
from compensation.grants.handlers import handler_of
from compensation.grants.rules import Content
from compensation.models import Batch, CouponTemplate, GrantKind
from config.common.errors import Invalid

KINDS = frozenset({GrantKind.COUPON, GrantKind.POINTS})


def price(batch: Batch) -> int:
    """What one member's costs, in fen.

    Raises:
        Invalid: the content is not what its kind needs, or of a kind that batches do not give.
        NotGiven: the kind of coupon is switched off.
    """
    if batch.kind not in KINDS:
        raise Invalid(_("Choose either a kind of coupon or a number of points."))
    each = handler_of(batch.kind).price(
        Content(kind=batch.kind, template=batch.template, points=batch.points), None
    )
    if batch.template is not None and not batch.template.is_active:
        raise NotGiven
    return each


def digest(batch: Batch) -> str:
    """The digest of all that an approver decides on: the coupon's terms, the reason, and the list."""
    template = batch.template
    content = rules.Content(
        name=batch.name,
        kind=str(batch.kind),
        template=batch.template_id,
        terms=terms.digest(template) if template else "",
        points=batch.points,
        each_fen=batch.each_fen,
        reason=batch.reason,
        reason_code=batch.reason_code,
        department=batch.department,
        problem=batch.problem,
        same_reason_days=batch.same_reason_days,
        message=batch.message,
    )
    return rules.digest(content, list_hash=batch.list_hash, members=batch.members)


def stands(batch: Batch, *, at: datetime) -> bool:
    """Whether it can be given now, and is what was approved: a kind of coupon may have been changed since."""
    template = batch.template
    can_be = template is None or (template.is_active and validity(template, at) is not None)
    return can_be and digest(batch) == batch.content_hash


def validity(template: CouponTemplate, at: datetime) -> coupon_rules.Validity | None:
    """When a coupon that is given at that moment can be used; None when its fixed time is over."""
    return coupon_rules.validity(
        at,
        days=template.valid_days,
        after_days=template.starts_after_days,
        valid_from=template.valid_from,
        valid_until=template.valid_until,
    )
