"""What a batch gives: its parts and their price, its digest, and whether it can be given as approved."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Part:
    """A thing of which every member is given the same, and what it costs, in fen."""

    kind: GrantKind
    fen: int


def parts(batch: Batch) -> list[Part]:
    """What every member is given the same of: a coupon, points, both, or nothing beside a refund.

    Raises:
        Invalid: it gives nothing at all, or so many points as nobody is given.
    """
    found = []
    if batch.template is not None:
        content = Content(kind=GrantKind.COUPON, template=batch.template)
        found.append(Part(GrantKind.COUPON, handler_of(content.kind).price(content, None)))
    if batch.points is not None:
        content = Content(kind=GrantKind.POINTS, points=batch.points)
        found.append(Part(GrantKind.POINTS, handler_of(content.kind).price(content, None)))
    if not found and not batch.refunds:
        raise Invalid(_("Choose what is given: a refund, a coupon, points."))
    return found


def approved_parts(batch: Batch) -> list[Part]:
    """The parts at the price that was approved: what a point is worth may have changed since."""
    found = parts(batch)
    if found:
        first, last = found[:-1], found[-1]
        found = [*first, Part(last.kind, batch.each_fen - sum(part.fen for part in first))]
    return found


def kinds(batch: Batch) -> list[str]:
    """The kinds of what a batch gives."""
    back = [str(GrantKind.REFUND)] if batch.refunds else []
    return back + [str(part.kind) for part in parts(batch)]


def price(batch: Batch) -> int:
    """What the same for every member costs, in fen; refunds come on top.

    Raises:
        Invalid: see `parts`.
        NotGiven: the kind of coupon is switched off.
    """
    each = sum(part.fen for part in parts(batch))
    if batch.template is not None and not batch.template.is_active:
        raise NotGiven
    return each


def digest(batch: Batch) -> str:
    """The digest of all that an approver decides on: the coupon's terms, the reason, and the list."""
    template = batch.template
    content = rules.Content(
        name=batch.name,
        kind="+".join(kinds(batch)),
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
