"""Rows of the compensation app for tests."""

from datetime import UTC, datetime, timedelta

import factory
from factory.django import DjangoModelFactory

from compensation import models

T0 = datetime(2026, 11, 18, 2, tzinfo=UTC)  # a Wednesday, ten in the morning in Shanghai


class TierFactory(DjangoModelFactory):
    class Meta:
        model = models.Tier
        django_get_or_create = ("code",)

    code = "ordinary"
    name = "普通会员"
    name_en = "Ordinary"
    rank = factory.LazyAttribute(lambda tier: {"ordinary": 0, "silver": 1, "gold": 2}.get(tier.code, 9))
    above_fen = factory.LazyAttribute(
        lambda tier: {"ordinary": -1, "silver": 50_000, "gold": 100_000}.get(tier.code, 999_999)
    )


class MemberFactory(DjangoModelFactory):
    class Meta:
        model = models.Member

    external_id = factory.Sequence(lambda n: f"M{n:06d}")
    name = factory.Sequence(lambda n: f"会员{n}")
    phone = factory.Sequence(lambda n: f"138{n:08d}")
    registered_at = T0 - timedelta(days=100)
    region = "上海"
    tier = factory.SubFactory(TierFactory)


class ProductFactory(DjangoModelFactory):
    class Meta:
        model = models.Product

    external_id = factory.Sequence(lambda n: f"P{n:06d}")
    name = "纯棉衬衫"
    category = "服饰"


class OrderFactory(DjangoModelFactory):
    class Meta:
        model = models.Order

    external_id = factory.Sequence(lambda n: f"O{n:06d}")
    member = factory.SubFactory(MemberFactory)
    status = models.OrderStatus.PAID
    total_fen = 19_900
    placed_at = T0 - timedelta(days=5)
    paid_at = T0 - timedelta(days=5)
    changed_at = T0 - timedelta(days=5)


class ShipmentFactory(DjangoModelFactory):
    class Meta:
        model = models.Shipment

    order = factory.SubFactory(OrderFactory)
    external_id = factory.Sequence(lambda n: f"S{n:06d}")
    tracking_number = factory.Sequence(lambda n: f"SF{n:010d}")


class OrderLineFactory(DjangoModelFactory):
    class Meta:
        model = models.OrderLine

    order = factory.SubFactory(OrderFactory)
    external_id = factory.Sequence(lambda n: f"L{n:06d}")
    product = factory.SubFactory(ProductFactory)
    paid_fen = 19_900
    ship_by = T0 - timedelta(days=3)
    deliver_by = T0 - timedelta(days=1)


class CouponTemplateFactory(DjangoModelFactory):
    class Meta:
        model = models.CouponTemplate
        django_get_or_create = ("code",)

    code = "five-yuan"
    name = "5 元无门槛券"
    name_en = "5 yuan off"
    value_fen = 500
