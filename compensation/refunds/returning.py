"""What came back of an order: the shop says which pieces, parcel by parcel, each once."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from compensation.models import Member, Order, OrderLine, OrderStatus, PieceReturn
from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import Actor, record

NUMBER_LENGTH = 64


class MoreThanBought(WrongState):
    """More pieces would have come back than were bought."""

    code = "more_than_bought"
    default = _("More pieces would come back than were bought.")


class ReturnSeen(WrongState):
    """The parcel was told of before with other content, and what was due for it was refunded."""

    code = "return_seen"
    default = _("This return was told of before, otherwise, and was refunded.")


@transaction.atomic
def came_back(
    *,
    order_id: int,
    number: str,
    arrived_at: datetime,
    pieces: Mapping[str, int | None] | None = None,
    actor: Actor,
    at: datetime,
) -> list[PieceReturn]:
    """Take note of a parcel that came back: its number in the shop, and how many pieces of which line.

    Lines are named by their numbers; a number of None is all that had not come back of the line, and without
    `pieces` it is all that had not come back of the order. Told again, nothing changes; told otherwise, it
    counts as it is told now, until what is due for it was refunded. Gives what is known of the parcel.

    Raises:
        NotFound: there is no such order.
        Invalid: no number, no pieces, less than one of a line, a line that is none of the order's, or a
            moment that lies ahead.
        WrongState: the order has not been sent.
        MoreThanBought: with what came back before it is more than was bought.
        ReturnSeen: it was told otherwise before, and was refunded.
    """
    if not number.strip() or len(number) > NUMBER_LENGTH or "\0" in number:
        raise Invalid(_("A number of the return of at most 64 characters is needed."), field="number")
    if arrived_at > at:
        raise Invalid(_("What came back cannot have arrived later than now."), field="arrived_at")
    order = _hold(order_id)
    lines = {line.external_id: line for line in OrderLine.objects.filter(order=order)}
    known = {row.order_line_id: row for row in of_parcel(order, number)}
    wanted = _rest(order, number, lines) if pieces is None and not known else pieces
    if wanted is None:  # all that was left, told again
        return list(known.values())
    if not wanted or any(count is not None and count < 1 for count in wanted.values()):
        raise Invalid(_("Say which pieces came back."), field="lines")
    if not wanted.keys() <= lines.keys():
        raise Invalid(_("The order has no such line."), field="lines")
    changed = False
    for line_number in sorted(wanted):
        changed |= _note(lines[line_number], number, wanted[line_number], arrived_at, known)
    if changed:
        told = {line_number: wanted[line_number] for line_number in sorted(wanted)}
        record("order.pieces_returned", order, actor=actor, at=at, number=number, pieces=told)
    return list(of_parcel(order, number))


def _hold(order_id: int) -> Order:
    """Hold the order's member, then the order."""
    member_id = Order.objects.filter(pk=order_id).values_list("member", flat=True).first()
    if member_id is None:
        raise NotFound
    Member.objects.select_for_update(no_key=True, of=("self",)).get(pk=member_id)
    order = Order.objects.select_for_update(no_key=True, of=("self",)).get(pk=order_id)
    if order.status in {OrderStatus.PLACED, OrderStatus.PAID}:
        raise WrongState(_("Of this order nothing can have come back: it was not sent."))
    return order


def of_parcel(order: Order, number: str) -> list[PieceReturn]:
    """What is known of a parcel, line by line."""
    rows = PieceReturn.objects.filter(order_line__order=order, external_id=number)
    return list(rows.select_related("order_line", "refund").order_by("order_line__external_id"))


def _rest(order: Order, number: str, lines: Mapping[str, OrderLine]) -> dict[str, int | None]:
    """All pieces that have not come back yet."""
    back = dict(
        PieceReturn.objects.filter(order_line__order=order)
        .exclude(external_id=number)
        .values_list("order_line")
        .annotate(Sum("quantity"))
    )
    left = {key: line.quantity - back.get(line.pk, 0) for key, line in lines.items()}
    return {key: count for key, count in left.items() if count > 0}


def _note(
    line: OrderLine, number: str, count: int | None, arrived_at: datetime, known: Mapping[int, PieceReturn]
) -> bool:
    """Take note of the pieces of one line; whether that is new."""
    row = known.get(line.pk)
    others = PieceReturn.objects.filter(order_line=line).exclude(external_id=number)
    back = others.aggregate(back=Sum("quantity", default=0))["back"]
    if count is None:
        count = row.quantity if row is not None else line.quantity - back
    if row is not None and (row.quantity, row.arrived_at) == (count, arrived_at):
        return False
    if row is not None and row.seen_at is not None:
        raise ReturnSeen(line=line.external_id)
    if count < 1 or back + count > line.quantity:
        raise MoreThanBought(line=line.external_id)
    row = row or PieceReturn(order_line=line, external_id=number)
    row.quantity, row.arrived_at = count, arrived_at
    row.save()
    return True


def is_part(order: Order) -> bool:
    """Whether less than the whole order is known to have come back."""
    bought = OrderLine.objects.filter(order=order).aggregate(pieces=Sum("quantity", default=0))["pieces"]
    back = PieceReturn.objects.filter(order_line__order=order).aggregate(pieces=Sum("quantity", default=0))
    return bool(back["pieces"] < bought)
