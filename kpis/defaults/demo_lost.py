"""Members of the demo shop who were lost and came back: most whose case was resolved within days."""

import random
from datetime import datetime, timedelta

from compensation.models import Order, OrderStatus
from kpis.attribution.lost import DONE_WITHIN, JUDGED_AFTER, One, State, listed
from kpis.metrics.sources import Span

DAYS, MOST = 300, 1_000
BACK, BACK_RESOLVED = 0.25, 0.75
"""The shares that come back, and of those whose case was resolved in the first days."""


def seed(at: datetime) -> None:
    """Let some who were lost long ago order once more."""
    dice = random.Random(21)  # noqa: S311 - the same every time
    span = Span(at - timedelta(DAYS), at - JUDGED_AFTER)
    resolved = {one.member.pk for one in _away(span, at, "case:resolved")}
    orders: list[Order] = []
    for one in _away(span, at, ""):
        placed = one.at + DONE_WITHIN + timedelta(hours=dice.randint(20, 600))
        if dice.random() < (BACK_RESOLVED if one.member.pk in resolved else BACK):
            orders.append(
                Order(
                    external_id=f"AGAIN{placed:%y%m%d}{len(orders):05d}",
                    member=one.member,
                    channel="app",
                    region=one.member.region,
                    payment_method="alipay",
                    total_fen=dice.randint(30, 300) * 100,
                    placed_at=placed,
                    paid_at=placed + timedelta(minutes=2),
                    status=OrderStatus.DELIVERED,
                    changed_at=at,
                )
            )
    Order.objects.bulk_create(orders)


def _away(span: Span, at: datetime, trait: str) -> list[One]:
    return listed(span, of={}, at=at, trait=trait, states=[State.AWAY], most=MOST, offset=0)
