"""What is published of how members rate a product.

Every review counts from the moment it is written: what waits for a moderator and what its member deleted too,
and what a moderator refused for its words, such as abuse or a telephone number: who bought it has rated it.
Only what was refused because it is no customer's rating (paid for, not bought, copied) does not.
Stars are counted as they stand; dimensions come from the sums by day (feedback.voice.days), seconds later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.db.models import Count, Q, QuerySet

from feedback.models import Review, ReviewDimension

STARS = (5, 4, 3, 2, 1)
COUNTED = Q(follows=None, counts=True)
RATED = """
    SELECT key::bigint, sum((value ->> 0)::int), sum((value ->> 1)::int)
    FROM feedback_voiceday, jsonb_each(dimensions) WHERE product_id = %s GROUP BY key
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """The stars of a product."""

    counts: Mapping[int, int]
    dimensions: Sequence[tuple[str, Decimal, int]] = ()
    """Name, mean and number of those who rated it."""

    @property
    def n(self) -> int:
        """How many reviews."""
        return sum(self.counts.values())

    @property
    def mean(self) -> Decimal | None:
        """The mean number of stars, to two places; None where there is none."""
        if not self.n:
            return None
        total = sum(stars * count for stars, count in self.counts.items())
        return (Decimal(total) / self.n).quantize(Decimal("0.01"))

    def share(self, stars: int) -> int:
        """The share of a number of stars, in percent."""
        return round(100 * self.counts.get(stars, 0) / self.n) if self.n else 0

    @property
    def rows(self) -> list[tuple[int, int, int]]:
        """Stars, number and share, the best first."""
        return [(stars, self.counts.get(stars, 0), self.share(stars)) for stars in STARS]


def counted(product_id: int) -> QuerySet[Review]:
    """The reviews whose stars count for a product."""
    return Review.objects.filter(COUNTED, product=product_id)


def of_product(product_id: int) -> Figures:
    """The published figures of a product. Three queries; reads review_counted alone, and voiceday_once."""
    counts = dict(counted(product_id).values_list("stars").annotate(n=Count("*")).values_list("stars", "n"))
    with connection.cursor() as cursor:
        cursor.execute(RATED, [product_id])
        found = {pk: (Decimal(total) / n, n) for pk, n, total in cursor.fetchall()}
    known = ReviewDimension.objects.filter(pk__in=found)
    return Figures(
        {stars: n for stars, n in counts.items() if stars is not None},
        [(str(one), round(found[one.pk][0], 2), found[one.pk][1]) for one in known],
    )
