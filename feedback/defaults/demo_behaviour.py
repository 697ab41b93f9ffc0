"""What the demo shop's members did in the shop, and what is concluded from it."""

import random
from datetime import datetime, timedelta
from typing import Any

from compensation.models import Order
from feedback.behaviour import summing, taking_in
from feedback.expectations import refreshing

DAYS, KEEN, OTHERS = 60, 48, 4
"""Within how many days, and how much those do who are often here, and the others."""
KEEN_EVERY = 8
LIKINGS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("短袖 打折", ("price_sort", "coupon"), ("sales_filter",)),
    ("咖啡豆 次日达", ("express",), ("tracked",)),
    ("纯棉 四件套", ("read_reviews",), ("read_details", "compared")),
    ("无线耳机 保修", ("asked",), ("compared",)),
    ("绘本", ("compared",), ()),
)
"""What some search for, how they search, and how they look."""


def tell(at: datetime) -> None:
    """Have the members of the demo's orders look round, sign in and buy, in the last weeks."""
    dice = random.Random(8)  # noqa: S311 - the same every time
    orders = Order.objects.filter(external_id__startswith="DEMO").select_related("member").order_by("pk")
    numbers = list(dict.fromkeys(order.member.external_id for order in orders))
    rows = [row for place, number in enumerate(numbers) for row in _of(number, place, at, dice)]
    for start in range(0, len(rows), taking_in.MOST):
        taking_in.take_in(source=taking_in.SHOP, rows=rows[start : start + taking_in.MOST], at=at)


def conclude(at: datetime) -> None:
    """Sum up what they did, once all of it is there to see, and what they care about."""
    while summing.catch_up():
        pass
    refreshing.due(set(Order.objects.filter(external_id__startswith="DEMO").values_list("member", flat=True)))
    while refreshing.refresh_due(at=at):
        pass
    refreshing.means(at=at)


def _of(number: str, place: int, at: datetime, dice: random.Random) -> list[dict[str, Any]]:
    """The events of one member: some as a visitor, before signing in."""
    query, searching, looking = LIKINGS[place // KEEN_EVERY % len(LIKINGS)]
    rows = []
    for turn in range(OTHERS if place % KEEN_EVERY else KEEN):
        name = ("search", "browse", "browse", "add_to_cart")[turn % 4]
        when = at - timedelta(days=DAYS * dice.random(), minutes=1)
        hints = searching if name == "search" else looking if name == "browse" else ()
        rows.append(
            {
                "external_id": f"demo-{number}-{turn}",
                "name": name,
                "at": when.isoformat(),
                "visitor": f"v-{number}",
                "query": query if name == "search" else "",
                "hints": list(hints),
                "device": dice.choice(("ios", "android", "web")),
                "channel": "app",
                **({"member": number} if dice.random() < 0.8 else {}),  # noqa: PLR2004 - most are signed in
            }
        )
    return rows
