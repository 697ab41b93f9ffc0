"""What a playbook's remedy comes to in a case: the content that is asked for, and what it costs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from compensation.models import GrantKind, OrderLine
from compensation.refunds.rules import left_fen
from config.common import variants
from config.common.errors import Invalid, WrongState
from feedback.models import RemedyKind
from feedback.models.playbook import MONEY
from feedback.playbooks.rules import Giving
from feedback.remedies.contents import Chosen, Wanted

KINDS = {
    RemedyKind.COUPON: GrantKind.COUPON,
    RemedyKind.POINTS: GrantKind.POINTS,
    RemedyKind.REFUND: GrantKind.REFUND,
    RemedyKind.RESHIP: GrantKind.RESHIPMENT,
    RemedyKind.PRICE_DIFFERENCE: GrantKind.PRICE_DIFFERENCE,
    RemedyKind.GIFT: GrantKind.GIFT,
}
BY_ORDER = (*MONEY, RemedyKind.RESHIP)
MOST_FEN = 100_000_000


class NoOrder(WrongState):
    """Without an order nothing can be refunded or sent again."""

    code = "no_order"
    default = _("Say first which order the case is about.")


FIELDS = {"template_id": "coupon_id"}
"""What a remedy calls a thing that rules call otherwise."""


def as_tested(giving: Giving, code: str, *, member_id: int, at: datetime) -> Giving:
    """What a playbook gives a member: a variant of it where it is under test, which is put on record."""
    key = f"playbook:{code}:{giving.place}:{giving.kind}"
    variant = variants.choose(variants.Kind.COMPENSATION, key, member_id=member_id, at=at)
    if variant is None:
        return giving
    what: str = FIELDS.get(variant["what"]) or variant["what"]
    return replace(giving, **{what: variant["value"]})


def asks_amount(giving: Giving) -> bool:
    """Whether whoever gives it has to say how much."""
    return giving.kind == RemedyKind.PRICE_DIFFERENCE and giving.amount_fen is None


def wanted_of(giving: Giving, lines: Sequence[OrderLine], *, amount_fen: int | None = None) -> Wanted:
    """What is asked for; `lines` are the order's, in their order, `amount_fen` is what a person says.

    A refund is of all that is left, or so much of it; money is taken from the lines one after the other.

    Raises:
        NoOrder: it goes by an order, and the case has none.
        Invalid: nobody says how much, or less than something.
        WrongState: the order has not so much left.
    """
    kind = KINDS[giving.kind]
    if giving.kind not in BY_ORDER:
        return Wanted(
            kind=kind,
            template_id=giving.coupon_id,
            points=giving.points,
            gift=giving.gift,
            amount_fen=giving.amount_fen,
        )
    if not lines:
        raise NoOrder
    if giving.kind == RemedyKind.RESHIP:
        return Wanted(kind=kind, lines=[Chosen(line.pk, line.quantity) for line in lines])
    wanted = amount_fen if asks_amount(giving) else giving.amount_fen
    if asks_amount(giving) and (wanted is None or not 0 < wanted <= MOST_FEN):
        raise Invalid(_("Say how much the difference is."), field="amount")
    return Wanted(kind=kind, lines=_spread(lines, wanted))


def cost_of(giving: Giving, lines: Sequence[OrderLine]) -> int | None:
    """What a refund, parcel or gift costs in fen; None where somebody has to say, or there is no order."""
    if giving.amount_fen is not None:
        return giving.amount_fen
    if not lines or asks_amount(giving):
        return None
    if giving.kind == RemedyKind.RESHIP:
        return sum(line.paid_fen for line in lines)
    return sum(left_fen(line) for line in lines)


def _spread(lines: Sequence[OrderLine], amount_fen: int | None) -> list[Chosen]:
    """So much of the lines, or all that is left of them."""
    left = {line: left_fen(line) for line in lines}
    rest = sum(left.values()) if amount_fen is None else amount_fen
    if not 0 < rest <= sum(left.values()):
        raise WrongState(_("The order has not so much left that could be refunded."))
    chosen = []
    for line, most in left.items():
        if part := min(rest, most):
            chosen.append(Chosen(line.pk, line.quantity, part))
            rest -= part
    return chosen
