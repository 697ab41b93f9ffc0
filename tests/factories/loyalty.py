"""Members whose orders come at their own pace until some stop coming."""

import random
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone

from compensation.models import Order, OrderStatus
from kpis.loyalty import weighing
from kpis.loyalty.taking import due, take
from tests.factories.compensation import MemberFactory, TierFactory

TODAY = date(2026, 11, 2)
AT = datetime(2026, 11, 1, 19, tzinfo=UTC)
NEWEST = date(2026, 10, 1)


def shop(members, *, leaves, seed=1, tier=None):
    """Members over two years. With `leaves` whoever orders seldom is likelier to stop; else all is chance."""
    dice = random.Random(seed)
    tier = tier or TierFactory()
    made = MemberFactory.create_batch(members, tier=tier)
    orders = []
    for member in made:
        pace = dice.choice((12, 25, 60)) if leaves else 45
        at = AT - timedelta(dice.uniform(500, 700))
        while at < AT:
            orders.append(order(member, at))
            at += timedelta(dice.expovariate(1 / pace))
            if leaves and dice.random() < pace / 600:
                break
    Order.objects.bulk_create(orders)
    return made


def order(member, at, fen=12_300):
    """An order that came."""
    return Order(
        external_id=f"L{member.pk}-{at.timestamp():.6f}",
        member=member,
        channel="app",
        status=OrderStatus.DELIVERED,
        total_fen=fen,
        placed_at=at,
        paid_at=at,
        changed_at=at,
    )


def taken(at=AT):
    """All months that are due, by the weights that ship."""
    weighing.seed(at)
    return [take(month=month, at=at) for month in due(timezone.localdate(at))]
