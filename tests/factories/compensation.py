"""Members and what belongs to them."""

from datetime import UTC, datetime

import factory
from factory.django import DjangoModelFactory

from compensation.models import Member, Tier


class TierFactory(DjangoModelFactory):
    class Meta:
        model = Tier
        django_get_or_create = ("code",)

    code = "ordinary"
    name = "普通会员"
    name_en = "Ordinary"
    rank = 0
    above_fen = -1


class MemberFactory(DjangoModelFactory):
    class Meta:
        model = Member

    external_id = factory.Sequence(lambda n: f"M{n:05}")
    name = factory.Sequence(lambda n: f"会员{n}")
    phone = factory.Sequence(lambda n: f"138{n:08}")
    registered_at = datetime(2026, 1, 1, tzinfo=UTC)
    tier = factory.SubFactory(TierFactory)
