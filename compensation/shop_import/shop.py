"""The shop's facts as targets of an import: products, members, orders, parcels, lines, carrier events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from compensation.models import (
    Member,
    Order,
    OrderLine,
    OrderStatus,
    PieceReturn,
    Product,
    Shipment,
    ShipmentEvent,
)
from compensation.orders import commands as orders
from compensation.points import commands as points
from compensation.points import referring
from compensation.refunds import returning
from compensation.shop_import import holding
from compensation.shop_import.convert import FieldType, Type
from compensation.shop_import.targets import Item, Reference, Target, Written, resolve
from compensation.tiers import commands as tiers
from config.common.errors import DomainError

NUMBER = FieldType(longest=64, required=True)
SHORT, MEDIUM, NAME = FieldType(longest=32), FieldType(longest=64), FieldType(longest=200, cut=True)
PROMISED, MONEY = FieldType(Type.TIME), FieldType(Type.MONEY)
AS_OF = FieldType(Type.TIME, past=True)
TIME, MUST_TIME = FieldType(Type.TIME, past=True), FieldType(Type.TIME, required=True, past=True)


def _new_member(_at: datetime) -> Mapping[str, Any]:
    return {
        "name": "",
        "phone": "",
        "email": "",
        "region": "",
        "city": "",
        "language": "zh-hans",
        "consent_marketing": False,
        "tier_id": tiers.lowest().pk,
    }


def _members_changed(ids: Sequence[int], at: datetime) -> None:
    tiers.start(member_ids=ids, at=at)


def _orders_changed(ids: Sequence[int], at: datetime) -> None:
    points.orders_changed(order_ids=ids, at=at)
    members = Order.objects.filter(pk__in=ids).values_list("member_id", flat=True).distinct()
    tiers.reassess(member_ids=list(members), at=at)


def _parcels_changed(ids: Sequence[int], at: datetime) -> None:
    orders.touch(order_ids=Shipment.objects.filter(pk__in=ids).values_list("order_id", flat=True), at=at)


def _lines_changed(ids: Sequence[int], at: datetime) -> None:
    orders.touch(order_ids=OrderLine.objects.filter(pk__in=ids).values_list("order_id", flat=True), at=at)


@dataclass(frozen=True, slots=True)
class _Referrals(Target):
    """Who referred whom: after all members, for the one may stand in the file behind the other."""

    def write(self, items: Sequence[Item], at: datetime) -> Written:
        """Note it of each member of whom it is not known."""
        good = {item.values["member"]: item for item in items if not item.fault}
        said = {number: item.values["referrer"] for number, item in good.items()}
        new, faults = referring.record_referrers(referrers=said, at=at)
        for number, fault in faults.items():
            good[number].reject("referrer", fault, said[number])
        return Written(new, 0, len(new))


@dataclass(frozen=True, slots=True)
class _Returns(Target):
    """Pieces that came back: taken note of by the command that does so for the shop's API."""

    def write(self, items: Sequence[Item], at: datetime) -> Written:
        """Note each row that says something new; one that is refused leaves nothing behind."""
        for reference in self.references:
            resolve(reference, items)
        new: list[int] = []
        good = sorted((item for item in items if not item.fault), key=lambda item: item.key)
        holding.parts_of_orders(good)
        for item in good:
            said = item.values
            before = PieceReturn.objects.filter(
                order_line__order=said["order"],
                order_line__external_id=said["line"],
                external_id=said["external_id"],
                arrived_at=said["arrived_at"],
            )
            if before.filter(quantity=said.get("quantity") or F("quantity")).exists():
                continue
            try:
                with transaction.atomic():
                    done = returning.came_back(
                        order_id=said["order"],
                        number=said["external_id"],
                        arrived_at=said["arrived_at"],
                        pieces={said["line"]: said.get("quantity")},
                        actor=None,
                        at=at,
                    )
            except DomainError as error:
                item.reject("", str(error))
            else:
                new += [row.pk for row in done if row.order_line.external_id == said["line"]]
        return Written(new, len(new), 0)


PRODUCT = Target(
    name="product",
    model=Product,
    key=("external_id",),
    fields={"external_id": NUMBER, "name": NAME, "category": FieldType(longest=80)},
    defaults=lambda _at: {"name": "", "category": ""},
)
MEMBER = Target(
    name="member",
    model=Member,
    key=("external_id",),
    fields={
        "external_id": NUMBER,
        "name": FieldType(longest=120),
        "phone": SHORT,
        "email": FieldType(Type.EMAIL, longest=254),
        "birthday": FieldType(Type.DATE),
        "registered_at": MUST_TIME,
        "region": MEDIUM,
        "city": MEDIUM,
        "language": FieldType(longest=16),
        "consent_marketing": FieldType(Type.FLAG, required=True),
        "as_of": AS_OF,
    },
    defaults=_new_member,
    optional=("consent_marketing",),
    frozen="erased_at",
    newest="as_of",
    hold=holding.members,
    after=_members_changed,
)
REFERRAL = _Referrals(
    name="referral",
    model=Member,
    key=("member",),
    fields={"member": NUMBER, "referrer": NUMBER},
)
ORDER = Target(
    name="order",
    model=Order,
    key=("external_id",),
    fields={
        "external_id": NUMBER,
        "member": NUMBER,
        "channel": SHORT,
        "status": FieldType(Type.CHOICE, required=True, choices=tuple(OrderStatus.values)),
        "region": MEDIUM,
        "payment_method": SHORT,
        "total": FieldType(Type.MONEY, required=True),
        "freight": FieldType(Type.MONEY, required=True),
        "placed_at": MUST_TIME,
        "paid_at": TIME,
        "cancelled_at": TIME,
        "returned_at": TIME,
        "as_of": AS_OF,
    },
    columns={"member": "member_id", "total": "total_fen", "freight": "freight_fen"},
    references=(Reference("member", Member),),
    defaults=lambda _at: {
        "channel": "",
        "region": "",
        "payment_method": "",
        "total_fen": 0,
        "freight_fen": 0,
    },
    optional=("freight",),
    newest="as_of",
    touched="changed_at",
    hold=holding.orders,
    after=_orders_changed,
)
SHIPMENT = Target(
    name="shipment",
    model=Shipment,
    key=("order", "external_id"),
    fields={
        "order": NUMBER,
        "external_id": NUMBER,
        "carrier": MEDIUM,
        "tracking_number": MEDIUM,
        "shipped_at": TIME,
        "delivered_at": TIME,
        "as_of": AS_OF,
    },
    columns={"order": "order_id"},
    references=(Reference("order", Order),),
    defaults=lambda _at: {"carrier": "", "tracking_number": ""},
    newest="as_of",
    hold=holding.parts_of_orders,
    after=_parcels_changed,
)
LINE = Target(
    name="line",
    model=OrderLine,
    key=("order", "external_id"),
    fields={
        "order": NUMBER,
        "external_id": NUMBER,
        "product": NUMBER,
        "shipment": FieldType(longest=64),
        "supplier": MEDIUM,
        "quantity": FieldType(Type.NUMBER, required=True, least=1, most=1_000_000),
        "paid": FieldType(Type.MONEY, required=True),
        "ship_by": PROMISED,
        "deliver_by": PROMISED,
    },
    columns={"order": "order_id", "product": "product_id", "shipment": "shipment_id", "paid": "paid_fen"},
    references=(
        Reference("order", Order),
        Reference("product", Product),
        Reference("shipment", Shipment, within="order"),
    ),
    defaults=lambda _at: {"quantity": 1, "supplier": ""},
    optional=("quantity",),
    hold=holding.parts_of_orders,
    after=_lines_changed,
)
RETURN = _Returns(
    name="return",
    model=PieceReturn,
    key=("order", "external_id", "line"),
    fields={
        "order": NUMBER,
        "external_id": NUMBER,
        "line": NUMBER,
        "quantity": FieldType(Type.NUMBER, least=1, most=1_000_000),
        "arrived_at": MUST_TIME,
    },
    references=(Reference("order", Order),),
    batch=200,
)
CARRIER_EVENT = Target(
    name="carrier_event",
    model=ShipmentEvent,
    key=("shipment", "at", "code"),
    fields={
        "order": NUMBER,
        "shipment": NUMBER,
        "at": MUST_TIME,
        "code": FieldType(longest=32, required=True),
        "text": NAME,
        "place": FieldType(longest=100, cut=True),
    },
    columns={"shipment": "shipment_id"},
    references=(Reference("order", Order), Reference("shipment", Shipment, within="order")),
    context=("order",),
    defaults=lambda _at: {"text": "", "place": ""},
)

TARGETS = (PRODUCT, MEMBER, REFERRAL, ORDER, SHIPMENT, LINE, CARRIER_EVENT, RETURN)
"""In the order in which one may need the other."""
