"""What a rule gives, as the content of a grant."""

from compensation.grants.commands import Content
from compensation.grants.rules import Line
from compensation.models import GrantKind, Order, OrderLine, RuleAmount, RuleGive
from compensation.rules import matching
from compensation.rules.queries import values_now
from feedback.automatic.facts import paid_fen


class AmountUnknown(Exception):
    """A person has to say how much, or for which order."""


def content_of(give: RuleGive, order: Order | None) -> Content:
    """The content of one thing that a rule gives.

    Raises:
        AmountUnknown: the price difference, more than the order was, or anything about no order.
    """
    if give.kind == GrantKind.COUPON:
        return Content(kind=give.kind, template=give.template)
    if give.kind == GrantKind.POINTS:
        return Content(kind=give.kind, points=give.points)
    if order is None or give.amount == RuleAmount.DIFFERENCE:
        raise AmountUnknown
    bought = OrderLine.objects.filter(order=order).order_by("pk")
    if give.amount == RuleAmount.FIXED:
        lines, rest = [], give.amount_fen or 0
        for line in bought:
            if amount := min(rest, line.paid_fen):
                lines.append(Line(order_line=line, quantity=line.quantity, amount_fen=amount))
                rest -= amount
        if rest or not lines:
            raise AmountUnknown
        return Content(kind=give.kind, lines=lines)
    lines = [Line(order_line=line, quantity=line.quantity) for line in bought]
    if not lines:
        raise AmountUnknown
    return Content(kind=give.kind, lines=lines)


def cost_of(give: RuleGive, order: Order | None) -> int:
    """What it costs, as far as that is known."""
    return matching.cost_fen(give, paid_fen=paid_fen(order), values=values_now())
