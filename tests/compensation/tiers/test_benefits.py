"""Other parts ask for a tier's benefits by name."""

import pytest
from django.db import IntegrityError, transaction

from compensation.defaults import money, tiers
from compensation.models import BenefitKind, Tier, TierBenefit
from compensation.tiers import benefits
from tests.factories.compensation import MemberFactory
from tests.factories.money import AT

pytestmark = [pytest.mark.django_db, pytest.mark.req("C3")]


@pytest.fixture(autouse=True)
def defaults():
    for seed in (tiers.seed, money.seed, tiers.seed_benefits):
        seed(AT)


@pytest.mark.parametrize(
    ("code", "free_from", "agent", "hours", "birthday", "events"),
    [
        ("ordinary", 5_000, False, None, None, False),
        ("silver", 3_000, False, None, "birthday-50", False),
        ("gold", 0, True, 12, "birthday-50", True),
    ],
)
def test_what_ships(code, free_from, agent, hours, birthday, events):
    found = benefits.of(MemberFactory(tier=Tier.objects.get(code=code)))
    assert (found.free_shipping_from_fen, found.dedicated_agent) == (free_from, agent)
    assert (found.ship_within_hours, found.event_access) == (hours, events)
    assert (found.birthday_coupon.code if found.birthday_coupon else None) == birthday


def test_what_was_taken_away_is_not_brought_back():
    TierBenefit.objects.filter(kind=BenefitKind.EVENTS).delete()
    tiers.seed_benefits(AT)
    assert not benefits.of_tier(Tier.objects.get(code="gold").pk).event_access


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": BenefitKind.SHIP_WITHIN},
        {"kind": BenefitKind.EVENTS, "amount": 3},
        {"kind": BenefitKind.BIRTHDAY_COUPON, "amount": 3},
        {"kind": "unheard", "amount": 3},
    ],
)
def test_the_database_refuses_a_benefit_without_sense(wrong):
    TierBenefit.objects.all().delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        TierBenefit.objects.create(tier=Tier.objects.get(code="gold"), **wrong)
