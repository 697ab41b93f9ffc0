"""Orders and what is in them, and coupons and points that members hold."""

from datetime import UTC, datetime, timedelta

import factory
from django.db import transaction
from factory.django import DjangoModelFactory

from compensation.models import (
    Account,
    AccountKind,
    Coupon,
    CouponTemplate,
    Entry,
    Notice,
    Order,
    OrderLine,
    Product,
    Shipment,
    Transaction,
    Unit,
)
from tests.factories.compensation import MemberFactory

PLACED = datetime(2026, 11, 18, 2, tzinfo=UTC)


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


@transaction.atomic
def give_points(member, *amounts, at=PLACED):
    """Movements on a member's account of points."""
    account, _ = Account.objects.get_or_create(
        kind=AccountKind.MEMBER, unit=Unit.POINTS, member=member, defaults={"balance": 0}
    )
    issued, _ = Account.objects.get_or_create(kind=AccountKind.ISSUED, unit=Unit.POINTS)
    for amount in amounts:
        account.version += 1
        account.balance += amount
        account.save()
        movement = Transaction.objects.create(
            key=f"test:{account.pk}:{account.version}", request_hash="", kind="test", at=at
        )
        Entry.objects.create(
            transaction=movement,
            account=account,
            amount=amount,
            balance_after=account.balance,
            version=account.version,
        )
        Entry.objects.create(transaction=movement, account=issued, amount=-amount)
