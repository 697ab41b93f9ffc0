"""What the remedies card offers: the order's lines with what can be given of each, one's own requests."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from compensation.models import Grant, GrantStatus, OrderLine
from compensation.refunds.queries import refundable
from compensation.refunds.rules import left_freight_fen, was_paid
from config.common.money import yuan_from_fen
from config.common.screens import StaffRequest
from feedback.models import Case, Remedy


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the order in a form."""

    line: OrderLine
    left_fen: int
    yuan: str
    quantity: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A request of one's own that can still be changed."""

    grant: Grant
    rows: list[Row] = field(default_factory=list)
    worth: str = ""
    has_freight: bool = False


def offered(request: StaffRequest, case: Case, remedies: Sequence[Remedy]) -> dict[str, Any]:
    """What the forms of the card show. What was typed and refused stays."""
    rows = [_row(request, line, left) for line, left in _lines(case)]
    if len(rows) == 1 and "line" not in request.POST:
        rows = [Row(one.line, one.left_fen, one.yuan, one.quantity, is_chosen=True) for one in rows]
    order = case.order
    own = [
        remedy.grant
        for remedy in remedies
        if remedy.grant.requested_by_id == request.user.pk and remedy.grant.status == GrantStatus.REQUESTED
    ]
    changes = {grant.pk: _change(grant, rows) for grant in own}
    return {
        "rows": rows,
        "refundable": [row for row in rows if row.left_fen],
        "freight": left_freight_fen(order) if order is not None and was_paid(order) else 0,
        "shown": [(remedy, changes.get(remedy.grant_id)) for remedy in remedies],
    }


def _lines(case: Case) -> list[tuple[OrderLine, int]]:
    if case.order is None:
        return []
    return [(one.line, one.left_fen) for one in refundable(case.order)]


def _row(request: StaffRequest, line: OrderLine, left: int) -> Row:
    typed = request.POST.get(f"yuan-{line.pk}", "")[:16]
    return Row(
        line,
        left,
        typed or str(yuan_from_fen(left)),
        line.quantity,
        is_chosen=str(line.pk) in request.POST.getlist("line"),
    )


def _change(grant: Grant, rows: list[Row]) -> Change:
    asked = {line.order_line_id: line for line in grant.lines.all()}
    changed = [
        Row(
            row.line,
            row.left_fen,
            str(yuan_from_fen(asked[row.line.pk].amount_fen)) if row.line.pk in asked else row.yuan,
            asked[row.line.pk].quantity if row.line.pk in asked else row.quantity,
            is_chosen=row.line.pk in asked,
        )
        for row in rows
    ]
    total = sum(line.amount_fen for line in asked.values())
    return Change(
        grant,
        changed,
        worth=str(yuan_from_fen(grant.cost_fen)),
        has_freight=bool(asked) and grant.cost_fen > total,
    )
