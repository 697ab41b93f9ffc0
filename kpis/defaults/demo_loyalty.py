"""Customers of the demo shop's earlier months, some of whom stopped coming; and its months of loyalty.

Whoever buys seldom stops a little sooner: that is to be foreseen from when they bought last and how often.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from compensation.defaults.demo import REGIONS, SURNAMES
from compensation.models import Member, Order, OrderStatus, Tier
from compensation.tiers import commands as tiers
from kpis.loyalty import weighing
from kpis.loyalty.taking import due, take

MEMBERS, DAYS, MONTH = 500, 560, 28
PACES, STAYS = (12, 25, 60), 600
"""Days from one order to the next; and how long somebody comes, in days, on the mean."""


def seed(at: datetime) -> None:
    """Make them with their orders, and take the months that are over."""
    dice = random.Random(22)  # noqa: S311 - the same every time
    lowest = Tier.objects.order_by("rank").first()
    members = Member.objects.bulk_create(
        Member(
            external_id=f"EARLIER-{number:04d}",
            name=dice.choice(SURNAMES) + dice.choice(("女士", "先生")),
            phone=f"1000001{number:04d}",
            email=f"earlier{number}@demo.invalid",
            registered_at=at - timedelta(days=DAYS + dice.randint(1, 300)),
            region=dice.choice(list(REGIONS)),
            consent_marketing=False,
            tier=lowest,
        )
        for number in range(1, MEMBERS + 1)
    )
    Order.objects.bulk_create(order for member in members for order in _orders(member, at, dice))
    for days in range(DAYS, -1, -MONTH):
        tiers.reassess(member_ids=[member.pk for member in members], at=at - timedelta(days))
    weighing.seed(at)
    for month in due(timezone.localdate(at)):
        take(month=month, at=at)


def _orders(member: Member, at: datetime, dice: random.Random) -> Iterator[Order]:
    """One after the other at the member's own pace, until they stop."""
    pace = dice.choice(PACES)
    placed = at - timedelta(dice.uniform(DAYS - 100, DAYS))
    while placed < at:
        yield Order(
            external_id=f"EARLIER{member.external_id[-4:]}{placed:%y%m%d%H%M}",
            member=member,
            channel="app",
            region=member.region,
            payment_method="alipay",
            total_fen=dice.randint(20, 260) * 100,
            placed_at=placed,
            paid_at=placed + timedelta(minutes=2),
            status=OrderStatus.DELIVERED,
            changed_at=at,
        )
        if dice.random() < pace / STAYS:
            return
        placed += timedelta(days=1 + dice.expovariate(1 / pace))
