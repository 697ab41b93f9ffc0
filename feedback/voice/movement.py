"""Which products' stars have moved: a time against the one before it, the surest fall first.

Of the usual times up to today the stars are kept (feedback.voice.trends); those of others are summed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from compensation.models import Product
from feedback.gaps import statistics
from feedback.gaps.statistics import Interval
from feedback.models import VoiceTrend
from feedback.voice import trends
from feedback.voice.rules import Change, Span, Sums, changes

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


@dataclass(frozen=True, slots=True)
class Stars:
    """A product's number, its stars now and before, the change, and how likely it is by chance."""

    product: int
    now: Sequence[int]
    before: Sequence[int]
    change: Change
    chance: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """The products with reviews in a time, in order: those with enough in both, then the rest."""

    rows: Sequence[Stars]

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, first: int, size: int) -> list[Moved]:
        """Some of them, from a place on."""
        rows = self.rows[first : first + size]
        known = Product.objects.in_bulk([row.product for row in rows])
        return [_moved(known[row.product], row) for row in rows if row.product in known]


def moved(span: Span, *, category: str = "", source: str = "") -> Ranking:
    """The products with reviews in a time: those with enough in both by the surest fall, then the rest.

    By the upper end of the change's interval: who is first has fallen by at least so much, as good as surely.
    """
    rows = _kept(span, category, source)
    if rows is None:
        rows = _summed(span, category, source)
    how = changes([now for _pk, now, _before in rows], [before for _pk, _now, before in rows])
    ranked = [one.chance for one in how if not one.is_small]
    adjusted = iter(statistics.false_share(ranked))
    found = [
        Stars(*row, one, 1.0 if one.is_small else next(adjusted)) for row, one in zip(rows, how, strict=True)
    ]
    found.sort(key=lambda row: (row.change.is_small, _surely(row.change), -sum(row.now), row.product))
    return Ranking(found)


def _surely(how: Change) -> float:
    return (how.high or 0.0) if not how.is_small else 0.0


def _moved(product: Product, row: Stars) -> Moved:
    ours, theirs = Sums(stars=list(row.now)), Sums(stars=list(row.before))
    return Moved(product, ours.mean, theirs.mean, row.change, ours.bad, row.chance)


def _kept(span: Span, category: str, source: str) -> list[tuple[int, list[int], list[int]]] | None:
    """What is kept; None: nothing of this time. Reads voicetrend_most."""
    if span.days not in trends.PERIODS or trends.until() != span.until:
        return None
    rows = VoiceTrend.objects.filter(days=span.days, source=source)
    if category:
        rows = rows.filter(product__category=category)
    return list(rows.order_by("-n", "product").values_list("product", "now", "before")[:MOST])


def _summed(span: Span, category: str, source: str) -> list[tuple[int, list[int], list[int]]]:
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
    of_now, of_before = (trends.stars_of(f"held.day {sign} %(since)s") for sign in (">=", "<"))
    size = "sum(CASE WHEN held.day >= %(since)s THEN (SELECT sum(one) FROM unnest(held.stars) one) END)"
    statement = MOVED.format(
        now=of_now, before=of_before, joined=joined, narrowed=" ".join(narrowed), size=size
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return [(pk, now, before) for pk, now, before in cursor.fetchall()]
