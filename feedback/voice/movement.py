"""Which products' stars have moved: a time against the one before it, the surest fall first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from compensation.models import Product
from feedback.gaps import statistics
from feedback.gaps.statistics import Interval
from feedback.voice.rules import Change, Span, Sums, change

MOST = 2_000
"""Products that are kept in order; what has the fewest reviews is left out."""

MOVED = """
    SELECT held.product_id,
           {now}, {before}
    FROM feedback_voiceday held {joined}
    WHERE held.day BETWEEN %(earliest)s AND %(until)s {narrowed}
    GROUP BY held.product_id
    HAVING sum((held.day >= %(since)s)::int) > 0
    ORDER BY {size} DESC, held.product_id LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Moved:
    """A product, its stars now and before, and the change."""

    product: Product
    now: Interval
    before: Interval
    change: Change
    bad: Interval
    """The share of one and two stars now."""
    chance: float
    """Of the change, adjusted for how many products were ranked (Benjamini and Hochberg)."""

    @property
    def has_fallen(self) -> bool:
        """Whether it is surely worse than before."""
        return self.chance <= statistics.RATE and (self.change.value or 0) < 0

    @property
    def has_risen(self) -> bool:
        """Whether it is surely better than before."""
        return self.chance <= statistics.RATE and (self.change.value or 0) > 0


def moved(span: Span, *, category: str = "", source: str = "") -> list[Moved]:
    """The products with reviews in a time: those with enough in both by the surest fall, then the rest.

    By the upper end of the change's interval: who is first has fallen by at least so much, as good as surely.
    """
    rows = _rows(span, category, source)
    known = Product.objects.in_bulk([pk for pk, _now, _before in rows])
    found = [(known[pk], now, before, change(now, before)) for pk, now, before in rows if pk in known]
    ranked = [one for one in found if not one[3].is_small]
    adjusted = statistics.false_share([one[3].chance for one in ranked])
    chances = {one[0].pk: chance for one, chance in zip(ranked, adjusted, strict=True)}
    found.sort(key=lambda one: (one[3].is_small, _surely(one[3]), -sum(one[1]), one[0].pk))
    return [_moved(product, now, before, how, chances) for product, now, before, how in found]


def _surely(how: Change) -> float:
    return (how.high or 0.0) if not how.is_small else 0.0


def _moved(
    product: Product, now: Sequence[int], before: Sequence[int], how: Change, chances: dict[int, float]
) -> Moved:
    ours, theirs = Sums(stars=list(now)), Sums(stars=list(before))
    return Moved(product, ours.mean, theirs.mean, how, ours.bad, chances.get(product.pk, 1.0))


def _rows(span: Span, category: str, source: str) -> list[tuple[int, list[int], list[int]]]:
    narrowed, joined = [], ""
    if category:
        joined = "JOIN compensation_product product ON product.id = held.product_id"
        narrowed.append("AND product.category = %(category)s")
    if source:
        narrowed.append("AND held.source = %(source)s")
    given: dict[str, Any] = {
        "since": span.since,
        "until": span.until,
        "earliest": span.before.since,
        "category": category,
        "source": source,
        "most": MOST,
    }
    of_now, of_before = (_stars(f"held.day {sign} %(since)s") for sign in (">=", "<"))
    size = "sum(CASE WHEN held.day >= %(since)s THEN (SELECT sum(one) FROM unnest(held.stars) one) END)"
    statement = MOVED.format(
        now=of_now, before=of_before, joined=joined, narrowed=" ".join(narrowed), size=size
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return [(pk, now, before) for pk, now, before in cursor.fetchall()]


def _stars(when: str) -> str:
    sums = (f"coalesce(sum(held.stars[{place}]) FILTER (WHERE {when}), 0)::int" for place in range(1, 6))
    return f"ARRAY[{', '.join(sums)}]"
