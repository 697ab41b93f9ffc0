"""Orders and what is in them, and coupons and points that members hold."""

from datetime import UTC, datetime, timedelta
from itertools import count

import factory
from factory.django import DjangoModelFactory

from compensation.coupons.terms import freeze
from compensation.ledger.commands import post
from compensation.ledger.rules import given, taken
from compensation.models import (
    AccountKind,
    Coupon,
    CouponTemplate,
    Notice,
    Order,
    OrderLine,
    Product,
    Shipment,
    Unit,
)
from tests.factories.compensation import MemberFactory

PLACED = datetime(2026, 11, 18, 2, tzinfo=UTC)
_keys = count()


class ProductFactory(DjangoModelFactory):
    class Meta:
        model = Product

    external_id = factory.Sequence("P{:05}".format)
    name = factory.Sequence("纯棉毛巾 {}".format)


class OrderFactory(DjangoModelFactory):
    class Meta:
        model = Order

    external_id = factory.Sequence("O{:05}".format)
    member = factory.SubFactory(MemberFactory)
    status = "paid"
    total_fen = 12_900
    placed_at = PLACED
    paid_at = PLACED + timedelta(minutes=1)
    changed_at = PLACED


class ShipmentFactory(DjangoModelFactory):
    class Meta:
        model = Shipment

    order = factory.SubFactory(OrderFactory)
    external_id = factory.Sequence("S{:05}".format)
    carrier = "顺丰"
    tracking_number = factory.Sequence("SF{:09}".format)


class OrderLineFactory(DjangoModelFactory):
    class Meta:
        model = OrderLine

    order = factory.SubFactory(OrderFactory)
    external_id = factory.Sequence("L{:05}".format)
    product = factory.SubFactory(ProductFactory)
    paid_fen = 12_900
    ship_by = PLACED + timedelta(days=1)
    deliver_by = PLACED + timedelta(days=2)


class CouponTemplateFactory(DjangoModelFactory):
    class Meta:
        model = CouponTemplate
        django_get_or_create = ("code",)

    code = "five-yuan"
    name = "5 元补偿券"
    value_fen = 500


class CouponFactory(DjangoModelFactory):
    class Meta:
        model = Coupon

    template = factory.SubFactory(CouponTemplateFactory)
    terms = factory.LazyAttribute(lambda coupon: freeze(coupon.template))
    member = factory.SubFactory(MemberFactory)
    code = factory.Sequence("HY-{:08}".format)
    value_fen = 500
    issued_at = PLACED
    expires_at = PLACED + timedelta(days=30)


class NoticeFactory(DjangoModelFactory):
    class Meta:
        model = Notice

    member = factory.SubFactory(MemberFactory)
    key = factory.Sequence("test:{}".format)
    kind = "case.replied"
    title = factory.Sequence("我们回复了您的工单 {}".format)
    created_at = PLACED


def give_points(member, *amounts, at=PLACED):
    """Movements on a member's account of points."""
    for amount in amounts:
        moves = given(Unit.POINTS, amount, member_id=member.pk)
        if amount < 0:
            moves = taken(Unit.POINTS, -amount, member_id=member.pk, into=AccountKind.SPENT)
        post(key=f"test:{next(_keys)}", kind="test", moves=moves, actor=None, at=at)
