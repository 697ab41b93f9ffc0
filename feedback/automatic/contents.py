"""What a rule gives, as the content of a grant."""

from collections.abc import Sequence
from copy import copy
from datetime import datetime

from compensation.grants.commands import AlreadyGranted, Content
from compensation.grants.parcels import sent_again
from compensation.grants.rules import Line
from compensation.models import CouponTemplate, GrantKind, Order, OrderLine, RuleAmount, RuleGive, RuleVersion
from compensation.refunds.rules import left_fen
from compensation.rules import matching
from compensation.rules.queries import values_now
from config.common import variants
from feedback.automatic.facts import paid_fen


class AmountUnknown(Exception):
    """A person has to say how much, or for which order."""


def as_tested(give: RuleGive, version: RuleVersion, *, member_id: int, at: datetime) -> RuleGive:
    """What a rule gives a member: a variant of it where it is under test, which is put on record."""
    key = f"rule:{version.code}:{give.position}:{give.kind}"
    variant = variants.choose(variants.Kind.COMPENSATION, key, member_id=member_id, at=at)
    if variant is None:
        return give
    tested = copy(give)  # only read from: a published version does not change
    if variant["what"] == "template_id":
        tested.template = CouponTemplate.objects.get(pk=variant["value"])
    else:
        setattr(tested, variant["what"], variant["value"])
    return tested


def content_of(give: RuleGive, order: Order | None) -> Content:
    """The content of one thing that a rule gives: of money and goods, what is left of the order.

    Raises:
        AmountUnknown: the price difference, more than is left of the order, or anything about no order.
        AlreadyGranted: the goods are all sent again already.
    """
    if give.kind == GrantKind.COUPON:
        return Content(kind=give.kind, template=give.template)
    if give.kind == GrantKind.POINTS:
        return Content(kind=give.kind, points=give.points)
    if order is None or give.amount == RuleAmount.DIFFERENCE:
        raise AmountUnknown
    bought = list(OrderLine.objects.filter(order=order).order_by("pk"))
    lines = _goods(order, bought) if give.kind == GrantKind.RESHIPMENT else _money(give, bought)
    if not lines:
        raise AmountUnknown
    return Content(kind=give.kind, lines=lines)


def _money(give: RuleGive, bought: Sequence[OrderLine]) -> list[Line]:
    """What is left of the lines that were paid for; of a fixed amount as much as it comes to."""
    rest = sum(map(left_fen, bought)) if give.amount_fen is None else give.amount_fen
    lines = []
    for line in bought:
        if amount := min(rest, left_fen(line)):
            lines.append(Line(order_line=line, quantity=line.quantity, amount_fen=amount))
            rest -= amount
    if rest:
        raise AmountUnknown
    return lines


def _goods(order: Order, bought: Sequence[OrderLine]) -> list[Line]:
    """The pieces that are not sent again yet."""
    sent = sent_again(order.pk)
    left = {line: line.quantity - sent.get(line.pk, 0) for line in bought}
    if bought and not any(count > 0 for count in left.values()):
        raise AlreadyGranted
    return [Line(order_line=line, quantity=count) for line, count in left.items() if count > 0]


def cost_of(give: RuleGive, order: Order | None) -> int:
    """What it costs, as far as that is known."""
    return matching.cost_fen(give, paid_fen=paid_fen(order), values=values_now())
