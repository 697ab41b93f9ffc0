"""What is published of how members rate a product.

Every review counts from the moment it is written: what waits for a moderator and what its member deleted too.
Only what a moderator refused, for a reason on record that has nothing to do with stars, does not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Avg, Count, Q, QuerySet

from feedback.models import Review, ReviewDimension, ReviewScore, ReviewStatus

STARS = (5, 4, 3, 2, 1)
COUNTED = Q(follows=None) & ~Q(status=ReviewStatus.REFUSED)


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
    """The published figures of a product. Three queries."""
    counts = dict(counted(product_id).values_list("stars").annotate(n=Count("pk")).values_list("stars", "n"))
    rated = (
        ReviewScore.objects.filter(review__in=counted(product_id))
        .values("dimension")
        .annotate(mean=Avg("stars"), n=Count("pk"))
        .order_by()
        .values_list("dimension", "mean", "n")
    )
    found = {pk: (mean, n) for pk, mean, n in rated}
    known = ReviewDimension.objects.filter(pk__in=found)
    return Figures(
        {stars: n for stars, n in counts.items() if stars is not None},
        [(str(one), round(Decimal(found[one.pk][0]), 2), found[one.pk][1]) for one in known],
    )
