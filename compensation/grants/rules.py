"""What exactly is given, and its digest: what an approver decides on and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext_lazy as _

from compensation.authority.rules import MONEY
from compensation.models import CouponTemplate, Grant, GrantKind, Order, OrderLine
from compensation.refunds.rules import left_fen
from config.common.errors import Invalid, WrongState
from config.common.idempotency import request_hash


class AlreadyGranted(WrongState):
    """Something was given, or is waiting to be approved, for the same cause."""

    code = "already_granted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """So many pieces of an order line; an amount of None is their share of what was paid."""

    order_line: OrderLine
    quantity: int = 1
    amount_fen: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is given: each kind takes its own."""

    kind: GrantKind | str
    template: CouponTemplate | None = None
    points: int | None = None
    amount_fen: int | None = None
    gift: str = ""
    lines: Sequence[Line] = ()


def share(paid_fen: int, quantity: int, of: int) -> int:
    """What `quantity` of `of` pieces were paid; part of a fen counts whole."""
    return -(-paid_fen * quantity // of)


def priced(content: Content, known: Mapping[int, OrderLine]) -> Content:
    """The content with the order lines as they are known now, by their keys, and all amounts of money said.

    An amount that nobody said is the pieces' share, or what is left where that is less: the parts that were
    rounded up before make the last one smaller.
    """
    lines = [
        replace(line, order_line=known.get(line.order_line.pk, line.order_line)) for line in content.lines
    ]
    if content.kind in MONEY:
        lines = [
            line if line.amount_fen is not None else replace(line, amount_fen=_left_of(line))
            for line in lines
        ]
    return replace(content, lines=lines)


def _left_of(line: Line) -> int:
    """The share of the pieces, and no more than is left; where nothing is left, the share, to be refused."""
    part = share(line.order_line.paid_fen, line.quantity, line.order_line.quantity)
    return min(part, left_fen(line.order_line)) or part


def amount_of(line: Line) -> int:
    """What a line comes to."""
    if line.amount_fen is not None:
        return line.amount_fen
    return share(line.order_line.paid_fen, line.quantity, line.order_line.quantity)


def lines_of(content: Content) -> list[tuple[int, int, int]]:
    """The lines of a content as (order line, quantity, fen)."""
    return [(line.order_line.pk, line.quantity, amount_of(line)) for line in content.lines]


def says_more(content: Content, *taken: str) -> bool:
    """Whether a content says more than its kind takes."""
    said = {name for name in ("template", "points", "amount_fen", "gift", "lines") if getattr(content, name)}
    return bool(said - set(taken))


def check_lines(content: Content, order: Order) -> None:
    """Refuse lines of another order, one line twice, and more pieces than were bought.

    Raises:
        Invalid: there is one of these.
    """
    chosen = [line.order_line for line in content.lines]
    if len({line.pk for line in chosen}) < len(chosen) or any(
        line.order_line.order_id != order.pk or not 0 < line.quantity <= line.order_line.quantity
        for line in content.lines
    ):
        raise Invalid(_("Choose each line of the order once, and no more than was bought."))


def digest(grant: Grant, lines: Sequence[tuple[int, int, int]]) -> str:
    """The digest of what a grant gives, to whom, for what, and why; lines as (order line, quantity, fen)."""
    return request_hash(
        {
            "member": grant.member_id,
            "cause": grant.cause,
            "problem": grant.problem,
            "order": grant.order_id,
            "kind": str(grant.kind),
            "template": grant.template_id,
            "points": grant.points,
            "amount_fen": grant.amount_fen,
            "gift": grant.gift,
            "lines": sorted(lines),
            "cost_fen": grant.cost_fen,
            "reason": grant.reason,
            "reason_code": grant.reason_code,
            "department": grant.department,
        }
    )
