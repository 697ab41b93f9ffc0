"""What is asked for in a case, as a grant takes it: content, cause, and the pictures that prove it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from compensation.grants.commands import Content, Line
from compensation.models import CouponTemplate, GrantKind, OrderLine
from config.common.errors import Invalid, NotFound
from feedback.models import Attachment, Author, Case

BY_LINES = (GrantKind.REFUND, GrantKind.PRICE_DIFFERENCE, GrantKind.RESHIPMENT)
CAUSE_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Chosen:
    """So many pieces of a line of the case's order, and for money so much of it; None: their share."""

    line_id: int
    quantity: int = 1
    amount_fen: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants to give. `amount_fen`: the whole of a refund with its freight, a gift's worth."""

    kind: str
    template_id: int | None = None
    points: int | None = None
    gift: str = ""
    amount_fen: int | None = None
    lines: Sequence[Chosen] = ()


def content_of(wanted: Wanted, case: Case) -> Content:
    """The content of a grant.

    Raises:
        NotFound: there is no such coupon, or no such line in the case's order.
        Invalid: a kind that is none, or not what it takes.
    """
    return Content(
        kind=wanted.kind,
        template=_template(wanted.kind, wanted.template_id),
        points=wanted.points,
        gift=wanted.gift,
        amount_fen=wanted.amount_fen,
        lines=_lines(wanted, case),
    )


def cause_of(case: Case, content: Content) -> str:
    """One live grant each: a kind of coupon, points, a gift; of what goes by lines the same lines once."""
    if content.template is not None:
        return f"case:{case.pk}:{content.template.code}"
    if content.kind not in BY_LINES:
        return f"case:{case.pk}:{content.kind}"
    lines = ",".join(str(pk) for pk in sorted(line.order_line.pk for line in content.lines))
    cause = f"case:{case.pk}:{content.kind}:{lines}"
    if len(cause) > CAUSE_LENGTH:
        digest = hashlib.sha256(lines.encode()).hexdigest()[:32]
        cause = f"case:{case.pk}:{content.kind}:{digest}"
    return cause


def pictures_of(case: Case) -> int:
    """How many pictures the member has sent in a case."""
    return Attachment.objects.filter(
        message__case=case, message__author=Author.MEMBER, content_type__startswith="image/"
    ).count()


def _template(kind: str, template_id: int | None) -> CouponTemplate | None:
    if kind not in GrantKind.values or (kind == GrantKind.COUPON) != (template_id is not None):
        raise Invalid(_("Choose either a kind of coupon or a number of points."))
    if template_id is None:
        return None
    template = CouponTemplate.objects.filter(pk=template_id).first()
    if template is None:
        raise NotFound
    return template


def _lines(wanted: Wanted, case: Case) -> list[Line]:
    if not wanted.lines:
        return []
    known = OrderLine.objects.filter(order=case.order_id).in_bulk([one.line_id for one in wanted.lines])
    if any(one.line_id not in known for one in wanted.lines):
        raise NotFound
    return [
        Line(order_line=known[one.line_id], quantity=one.quantity, amount_fen=one.amount_fen)
        for one in wanted.lines
    ]
