"""What people write about the goods of the demo shop on a marketplace: two months of it, put together.

The phrases stand in demo_reviews.toml, by product, by category, and of any purchase. What is old
is brought in at once and starts nothing; of the last days each day's comes in by itself and is answered.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from compensation.models import OrderLine
from feedback.models import Review
from feedback.moderation.shingles import Shingles, alike, shingles
from feedback.reviews import own
from feedback.reviews.following import FRESH
from feedback.reviews.taking_in import Given

DAY = timedelta(days=1)
RECENT = 12 * DAY
LATELY = 24 * DAY
EARLY = 28 * DAY
SHAPES: Mapping[int, tuple[tuple[int, int], ...]] = {
    5: ((2, 0), (2, 0), (3, 0), (1, 0)),
    4: ((2, 0), (1, 1), (2, 1)),
    3: ((1, 1), (1, 2), (0, 1)),
    2: ((1, 2), (0, 2), (0, 2)),
    1: ((0, 2), (0, 3), (0, 2)),
}
"""How much praise and how much blame reviews of so many stars hold."""
TRIES = 30
LIKE = 0.5
"""Texts that have less in common are no copies to the moderation."""
RATED_SHARE, EXCLAIMING_SHARE = 0.5, 0.2
BEST = 5


@cache
def phrases() -> Mapping[str, Any]:
    """What the file holds."""
    return tomllib.loads(Path(__file__).with_name("demo_reviews.toml").read_text("utf-8"))


class Writer:
    """Puts texts together; none is so much like another of its product that it would pass for a copy."""

    def __init__(self, dice: Random) -> None:
        """Nothing is written yet."""
        self.dice = dice
        self.written: dict[str, list[Shingles]] = defaultdict(list)

    def text(self, product: str, category: str, stars: int) -> str:
        """What somebody writes who gives so many stars; nothing where all was said before."""
        for _try in range(TRIES):
            praise, blame = self.dice.choice(SHAPES[stars])
            good = self._some(product, category, "praise", praise)
            bad = self._some(product, category, "blame", blame)
            end = "！" if self.dice.random() < EXCLAIMING_SHARE else "。"
            text = "。就是".join("，".join(part) for part in (good, bad) if part) + end
            own = shingles(text)
            if all(alike(own, other) < LIKE for other in self.written[product]):
                self.written[product].append(own)
                return text
        return ""

    def _some(self, product: str, category: str, kind: str, number: int) -> list[str]:
        """So many phrases: one of the product itself first."""
        if not number:
            return []
        first: str = self.dice.choice(phrases()["products"][product][kind])
        more = [
            *phrases()["products"][product][kind],
            *phrases()["categories"][category][kind],
            *phrases()["any"][kind],
        ]
        return [first, *self.dice.sample([one for one in more if one != first], number - 1)]


def written(end: datetime) -> list[Given]:
    """The reviews of all the goods, by the time of their writing; each of a line that had come by then."""
    dice = Random(31)  # noqa: S311 - the same reviews every time
    writer, found = Writer(dice), []
    for name, about in phrases()["products"].items():
        came = own.with_receipt(
            OrderLine.objects.filter(order__external_id__startswith="DEMO", product__name=name)
        )
        lines = list(came.filter(received_at__lt=end - DAY).select_related("order", "product").order_by("pk"))
        for line in dice.sample(lines, min(about["reviews"], len(lines))):
            at = min(line.received_at + dice.uniform(0.2, 6) * DAY, end - dice.uniform(0.1, 0.9) * DAY)
            stars = _stars(_weights(about, end - at), dice)
            found.append(_given(line, stars, writer.text(name, line.product.category, stars), at, dice))
    found.sort(key=lambda one: (one.written_at or end, one.order))
    return found


def steps(end: datetime) -> Iterator[tuple[datetime, list[Given]]]:
    """What comes in when: the old ones together once they are too old to start anything, then by the day."""
    every = written(end)
    old = [one for one in every if one.written_at is not None and one.written_at < end - RECENT]
    yield end - RECENT + FRESH + DAY / 24, old
    for day in range(RECENT // DAY):
        upto = end - RECENT + (day + 1) * DAY - DAY / 24
        since = upto - DAY if day else end - RECENT
        yield upto, [one for one in every if one.written_at is not None and since <= one.written_at < upto]


def unwritten(given: Sequence[Given]) -> list[Given]:
    """Those whose order line nobody has reviewed meanwhile."""
    known = Review.objects.filter(order_line__order__external_id__in=[one.order for one in given])
    taken = set(known.values_list("order_line__order__external_id", "order_line__external_id"))
    return [one for one in given if (one.order, one.line) not in taken]


def _weights(about: Mapping[str, Any], age: timedelta) -> Sequence[int]:
    """How many of each star among twenty: of what is so old, where a time is told apart."""
    times = {"lately": age < LATELY, "early": age > EARLY}
    name = next((one for one, holds in times.items() if holds and one in about), "stars")
    weights: Sequence[int] = about[name]
    return weights


def _stars(weights: Sequence[int], dice: Random) -> int:
    return dice.choices(range(1, BEST + 1), weights)[0]


def _given(line: OrderLine, stars: int, text: str, at: datetime, dice: Random) -> Given:
    """The review as the marketplace sends it; half of them rate the dimensions as well."""
    number = f"87{line.pk:05}"
    scores: dict[str, int] = {}
    if dice.random() < RATED_SHARE:
        slow = "快递" in text or "物流信息" in text
        scores = {
            "product-quality": stars,
            "logistics-speed": max(1, stars - 1)
            if slow and stars < BEST
            else min(BEST, stars + dice.choice((0, 1))),
            "after-sales": min(BEST, stars + dice.choice((0, 0, 1))),
        }
    return Given(
        external_id=number, order=line.order.external_id, line=line.external_id, stars=stars, text=text,
        written_at=at, url=f"https://detail.tmall.example/review/{number}", scores=scores,
    )  # fmt: skip
