"""One order as the shop tells it at once, rather than in a file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compensation.models import Member, Order, OrderStatus
from compensation.refunds import returning
from compensation.shop_import import holding
from compensation.shop_import.convert import EARLIEST, EARLIEST_DAY, LATEST, FieldType, Type
from compensation.shop_import.shop import LINE, ORDER, PRODUCT, SHIPMENT
from compensation.shop_import.targets import Item, Target
from config.common.errors import Invalid
from config.common.events import Actor, record

CLOCKS = timedelta(minutes=5)
"""How far the shop's clock may go before ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentFacts:
    """A parcel of the order."""

    external_id: str
    carrier: str = ""
    tracking_number: str = ""
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """A product of the order; `shipment` is the number of one of its parcels. Amounts are fen."""

    external_id: str
    product: str
    paid: int
    quantity: int = 1
    shipment: str = ""
    supplier: str = ""
    ship_by: datetime | None = None
    deliver_by: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """An order; `member` is the member's number in the shop. Amounts are fen."""

    external_id: str
    member: str
    status: str
    total: int
    placed_at: datetime
    freight: int = 0
    channel: str = ""
    region: str = ""
    payment_method: str = ""
    paid_at: datetime | None = None
    cancelled_at: datetime | None = None
    returned_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnFacts:
    """A parcel that came back: of each line (its number) how many pieces, None for all of it.

    Without pieces it is all that had not come back of the order.
    """

    external_id: str
    arrived_at: datetime
    pieces: Mapping[str, int | None] | None = None


@transaction.atomic
def record_order(
    *,
    order: OrderFacts,
    lines: Sequence[LineFacts],
    shipments: Sequence[ShipmentFacts] = (),
    returns: Sequence[ReturnFacts] = (),
    as_of: datetime | None = None,
    actor: Actor,
    at: datetime,
) -> Order:
    """Take note of an order with its parcels and lines; the same facts again change nothing.

    Products that are not known yet are made. Lines and parcels that are left out stay as they are. An order
    is `returned` when all of it came back; where that is a part, it stays what it was. With `as_of` (when the
    shop knew it so), what is older than what was told before is not taken: messages may overtake each other.

    Raises:
        DomainError: a parcel that came back is refused, see refunds.returning.came_back.
        Invalid: a value does not fit, comes twice, or names something that is not known; nothing is kept.
    """
    if as_of is not None and as_of > at + CLOCKS:
        raise Invalid(_("lies in the future"), field="as_of")
    within = {"order": order.external_id}
    known_as = _hold(order)
    if known_as is not None and as_of is not None and known_as.as_of is not None and as_of < known_as.as_of:
        return known_as
    changed = _write(ORDER, [asdict(order)], at)
    known = {line.product: {"external_id": line.product} for line in lines}
    _write(PRODUCT, list(known.values()), at)
    dated = {} if as_of is None else {"as_of": as_of}
    changed += _write(SHIPMENT, [{**within, **asdict(one), **dated} for one in shipments], at)
    changed += _write(LINE, [{**within, **asdict(one)} for one in lines], at)
    row = Order.objects.get(external_id=order.external_id)
    for one in returns:
        returning.came_back(
            order_id=row.pk,
            number=one.external_id,
            arrived_at=one.arrived_at,
            pieces=one.pieces,
            actor=actor,
            at=at,
        )
    if returns and row.status == OrderStatus.RETURNED and returning.is_part(row):
        raise Invalid(_("The order is returned when all of it came back: this is a part."), field="status")
    if as_of is not None and as_of != row.as_of:
        row.as_of = as_of
        row.save(update_fields=["as_of"])
    if changed:
        record("order.recorded", row, actor=actor, at=at, status=row.status)
    return row


def _hold(order: OrderFacts) -> Order | None:
    """Hold the order and its member, and the member that it is to have, as every import does."""
    ids = Member.objects.filter(external_id=order.member).values_list("pk", flat=True)
    held = holding.hold_orders(Q(external_id=order.external_id), set(ids))
    return held.get(order.external_id)


def _write(target: Target, rows: Sequence[Mapping[str, Any]], at: datetime) -> int:
    items = []
    for number, values in enumerate(rows, start=1):
        for name, value in values.items():
            if fault := fault_in(value, target.fields[name]):
                raise Invalid(f"{target.name}.{name}: {fault}", field=name, row=number)
        items.append(Item("", number, tuple(values[name] for name in target.key), dict(values)))
    if len({item.key for item in items}) < len(items):
        raise Invalid(_("The same number comes twice."), what=target.name)
    written = target.write(items, at)
    for item in items:
        if item.fault:
            raise Invalid(f"{target.name}.{item.field}: {item.fault}", field=item.field, row=item.line)
    return written.inserted + written.updated


def fault_in(value: Any, kind: FieldType) -> Any:
    """What is wrong with a value that a program tells, or nothing."""
    if value is None or value == "":
        return _("is empty") if kind.required else ""
    if kind.type in {Type.NUMBER, Type.MONEY}:
        fits = kind.least <= value <= kind.most
    elif kind.type == Type.CHOICE:
        fits = value in kind.choices
    elif kind.type == Type.FLAG:
        fits = isinstance(value, bool)
    elif kind.type == Type.DATE:
        fits = EARLIEST_DAY <= value < LATEST.date()
    elif kind.type == Type.TIME:
        fits = value.tzinfo is not None and EARLIEST <= value < LATEST
    else:
        fits = len(value) <= kind.longest and "\0" not in value
    return "" if fits else _("does not fit")
