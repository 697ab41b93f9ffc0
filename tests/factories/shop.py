"""Products, orders, parcels and lines."""

from datetime import UTC, datetime

import factory
from factory.django import DjangoModelFactory

from compensation.models import Order, OrderLine, Product, Shipment
from tests.factories.compensation import MemberFactory

PLACED = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


class ProductFactory(DjangoModelFactory):
    class Meta:
        model = Product

    external_id = factory.Sequence("P{:05}".format)
    name = "纯棉T恤"
    category = "服装"


class OrderFactory(DjangoModelFactory):
    class Meta:
        model = Order

    external_id = factory.Sequence("O{:06}".format)
    member = factory.SubFactory(MemberFactory)
    status = "paid"
    region = "浙江"
    total_fen = 10_000
    placed_at = PLACED
    paid_at = PLACED
    changed_at = PLACED


class ShipmentFactory(DjangoModelFactory):
    class Meta:
        model = Shipment

    order = factory.SubFactory(OrderFactory)
    external_id = factory.Sequence("S{}".format)


class LineFactory(DjangoModelFactory):
    class Meta:
        model = OrderLine

    order = factory.SubFactory(OrderFactory)
    external_id = factory.Sequence("{}".format)
    product = factory.SubFactory(ProductFactory)
    paid_fen = 10_000
