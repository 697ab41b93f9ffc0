"""Refunds and price differences as grants: priced by lines of an order, paid through refunds."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from compensation.grants import rules
from compensation.grants.rules import Content
from compensation.models import Grant, GrantKind, Order, RefundCause
from compensation.refunds import commands as refunds
from compensation.refunds.rules import Piece, left_fen, left_freight_fen, was_paid
from config.common.errors import Invalid, WrongState
from config.common.events import Actor


class Money:
    """Money back for lines of an order. With a refund goods may come back; with a difference they stay."""

    is_at_once = False

    def __init__(self, kind: GrantKind) -> None:
        self._kind = kind

    def price(self, content: Content, order: Order | None) -> int:
        """What goes back: the lines' amounts, and the freight that the amount is more than they are.

        The lines are as they are now, see `rules.priced`; so is the order's freight.
        """
        if order is None or not content.lines or rules.says_more(content, "lines", "amount_fen"):
            raise Invalid(_("Choose what of the order is refunded."))
        if not was_paid(order):
            raise WrongState(_("This order was never paid."))
        rules.check_lines(content, order)
        total = 0
        for line in content.lines:
            amount, left = rules.amount_of(line), left_fen(line.order_line)
            if amount <= 0:
                raise Invalid(_("Choose what of the order is refunded."))
            if amount > left:
                raise refunds.TooMuch(line=line.order_line.pk, left_fen=left)
            total += amount
        freight = (total if content.amount_fen is None else content.amount_fen) - total
        if freight < 0 or (freight and self._kind != GrantKind.REFUND):
            raise Invalid(_("The amount is not the sum of its lines."))
        if freight > left_freight_fen(order):
            raise refunds.TooMuch(left_fen=left_freight_fen(order))
        return total + freight

    def check(self, grant: Grant) -> None:
        """What is left of the order's lines, their own constraint says when the refund is made."""

    def begin(self, grant: Grant, *, actor: Actor, at: datetime) -> None:
        """Make the refund; it is sent by a worker, or waits for finance."""
        if grant.order is None:
            raise AssertionError
        lines = list(grant.lines.select_related("order_line").order_by("pk"))
        has_goods = grant.kind == GrantKind.REFUND
        refunds.create(
            key=f"grant:{grant.pk}",
            order=grant.order,
            cause=RefundCause.GRANT,
            pieces=[
                Piece(
                    order_line=line.order_line,
                    amount_fen=line.amount_fen,
                    quantity=line.quantity if has_goods else 0,
                )
                for line in lines
            ],
            freight_fen=grant.cost_fen - sum(line.amount_fen for line in lines),
            grant=grant,
            actor=actor,
            at=at,
        )

    def undo(self, grant: Grant, *, actor: Actor, at: datetime) -> None:  # noqa: ARG002 - a handler's
        """Money that left is not taken back."""
        raise WrongState(_("The money is on its way or was paid: it cannot be taken back."))
