"""Refunds of paid orders, and who settles them."""

from django.contrib.auth.models import Permission

from compensation.models import RefundCause
from compensation.refunds import commands
from compensation.refunds.rules import Piece
from config.common.models import User
from tests.factories.common import UserFactory
from tests.factories.compensation import OrderFactory, OrderLineFactory
from tests.factories.money import AT


def make_order(*paid_fen, **fields):
    """A paid order with one line for each amount."""
    order = OrderFactory(**fields)
    for fen in paid_fen or (10_000,):
        OrderLineFactory(order=order, paid_fen=fen)
    return order


def refund(order, fen=None, *, key=None, freight_fen=0, at=AT, **more):
    """A refund of the first line of an order, or of some of it."""
    line = order.lines.order_by("pk")[0]
    piece = Piece(order_line=line, amount_fen=line.paid_fen if fen is None else fen)
    how = {"cause": RefundCause.CANCELLED, "pieces": [piece], "actor": None, **more}
    return commands.create(
        key=key or f"test:{order.pk}:{piece.amount_fen}", order=order, freight_fen=freight_fen, at=at, **how
    )


def settler():
    """Somebody of finance."""
    user = UserFactory(email="finance@example.com")
    user.user_permissions.add(Permission.objects.get(codename="settle_grant"))
    return User.objects.get(pk=user.pk)
