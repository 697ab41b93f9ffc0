"""How the demo shop's people came to their orders: who looked round, and who was lost at the checkout.

On phones, whoever would pay by WeChat is lost more often than others: that is to be found.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from compensation.models import Member, Order, OrderStatus
from feedback.behaviour import summing, taking_in
from feedback.models import BehaviourName
from kpis.funnels import late

DAYS, VISITORS = 45, 900
DEVICES = ("ios", "ios", "android", "android", "web")
PHONES, HARD = frozenset({"ios", "android"}), "wechat"
LOST, LOST_HARD = 0.09, 0.46
"""The shares of orders begun that are never paid, and those of WeChat on phones."""
IN_CART = 0.35


def seed(at: datetime) -> None:
    """Tell of those who came in, make the orders that were not paid, and count it all."""
    dice = random.Random(20)  # noqa: S311 - the same every time
    paid = Order.objects.filter(paid_at__isnull=False)
    recent = paid.filter(external_id__startswith="DEMO", placed_at__gte=at - timedelta(DAYS))
    bought = paid.filter(placed_at__gte=at - timedelta(DAYS + 1))
    once = Member.objects.filter(pk__in=paid.values("member"))
    quiet = list(once.exclude(pk__in=bought.values("member")).order_by("pk"))
    rows: list[dict[str, Any]] = []
    unpaid: list[Order] = []
    for order in recent.select_related("member").order_by("pk"):
        device = dice.choice(DEVICES)
        rows += _before(order, device, order.external_id, dice)
        is_hard = device in PHONES and order.payment_method == HARD
        share = LOST_HARD if is_hard else LOST
        while quiet and dice.random() < share:  # so that of all orders begun, this share is lost
            lost = _unpaid(order, quiet[len(unpaid) % len(quiet)], len(unpaid), at)
            unpaid.append(lost)
            rows += _before(lost, device, lost.external_id, dice)
    Order.objects.bulk_create(unpaid)
    rows += _strangers(at, dice)
    for start in range(0, len(rows), taking_in.MOST):
        taking_in.take_in(source=taking_in.SHOP, rows=rows[start : start + taking_in.MOST], at=at)
    while summing.catch_up():
        pass
    late.note(at=at)
    while late.take_stale(at=at):
        pass


def _unpaid(order: Order, member: Member, number: int, at: datetime) -> Order:
    """An order like another one, begun some time before and given up by somebody who bought nothing since."""
    placed = order.placed_at - timedelta(hours=3)
    return Order(
        external_id=f"UNPAID{placed:%y%m%d}{number:05d}",
        member=member,
        channel=order.channel,
        region=order.region,
        payment_method=order.payment_method,
        total_fen=order.total_fen,
        placed_at=placed,
        cancelled_at=placed + timedelta(minutes=30),
        status=OrderStatus.CANCELLED,
        changed_at=min(at, placed + timedelta(minutes=30)),
    )


def _before(order: Order, device: str, name: str, dice: random.Random) -> Iterator[dict[str, Any]]:
    """What a member did before an order."""
    who = {"member": order.member.external_id, "device": device, "channel": "app"}
    looked = order.placed_at - timedelta(minutes=dice.randint(4, 600))
    in_cart = order.placed_at - timedelta(minutes=dice.randint(1, 3))
    yield _told(f"way-{name}-1", BehaviourName.BROWSE, looked, who)
    yield _told(f"way-{name}-2", BehaviourName.ADD_TO_CART, in_cart, who)


def _strangers(at: datetime, dice: random.Random) -> Iterator[dict[str, Any]]:
    """Visitors who looked round, and some who put something in the cart."""
    for number in range(VISITORS):
        who = {"visitor": f"passing-{number}", "device": dice.choice(DEVICES), "channel": "web"}
        looked = at - timedelta(minutes=dice.randint(1, DAYS * 1440))
        yield _told(f"passing-{number}-1", BehaviourName.BROWSE, looked, who)
        if dice.random() < IN_CART:
            in_cart = min(at, looked + timedelta(minutes=dice.randint(2, 50)))
            yield _told(f"passing-{number}-2", BehaviourName.ADD_TO_CART, in_cart, who)


def _told(number: str, name: str, at: datetime, who: dict[str, str]) -> dict[str, Any]:
    return {"external_id": number, "name": name, "at": at.isoformat(), **who}
