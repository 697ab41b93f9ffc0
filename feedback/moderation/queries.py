"""What waits for a moderator, and whether moderators treat few stars and many alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, IntegerField, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from scipy.stats import fisher_exact

from config.common.models import User
from feedback.models import (
    ModerationDecision,
    Review,
    ReviewAppeal,
    ReviewSignal,
    ReviewStatus,
)

STARS = (1, 2, 3, 4, 5)
LOW, HIGH = (1, 2), (4, 5)
DOUBTFUL = 0.05


def held() -> QuerySet[Review]:
    """The reviews that wait for a moderator. Reads review_held."""
    return Review.objects.filter(status=ReviewStatus.HELD, deleted_at=None)


def queue() -> QuerySet[Review]:
    """The same with what a moderator looks at, longest first."""
    return _shown(held()).order_by("written_at", "pk")


def appeals(user: User) -> QuerySet[ReviewAppeal]:
    """The appeals that this moderator may decide, longest first: those about decisions of others."""
    shown = _shown(Review.objects.all())
    return (
        ReviewAppeal.objects.filter(decision=None, review__deleted_at=None)
        .exclude(refused_by=user)
        .select_related("refused_by")
        .prefetch_related(Prefetch("review", shown))
        .order_by("at", "pk")
    )


def _shown(reviews: QuerySet[Review]) -> QuerySet[Review]:
    """With what a moderator looks at."""
    score = ReviewSignal.objects.filter(review=OuterRef("pk")).order_by().values("review")
    return (
        reviews.select_related("member", "product", "order", "refused_for", "follows")
        .prefetch_related("signals", "pictures")
        .annotate(
            score=Coalesce(
                Subquery(score.annotate(sum=Sum("weight")).values("sum"), output_field=IntegerField()), 0
            )
        )
    )


@dataclass(frozen=True, slots=True)
class Row:
    """What became of the reviews with so many stars."""

    stars: int
    written: int
    held: int
    refused: int
    rewarded: int = 0

    @property
    def rewarded_share(self) -> float | None:
        """The share rewarded of those written, in percent."""
        return 100 * self.rewarded / self.written if self.written else None

    @property
    def share(self) -> float | None:
        """The share refused of those written, in percent."""
        return 100 * self.refused / self.written if self.written else None

    @property
    def held_share(self) -> float | None:
        """The share that a moderator had to look at, in percent."""
        return 100 * self.held / self.written if self.written else None


@dataclass(frozen=True, slots=True)
class Fairness:
    """Whether few stars were refused more often than many."""

    rows: Sequence[Row]
    p: float | None
    """How likely a difference such as that between 1–2 and 4–5 stars is by chance (Fisher, two-sided)."""
    p_rewarded: float | None = None
    """The same of the rewards."""

    @property
    def rewards_lean(self) -> bool:
        """Whether many stars were rewarded more often, and not by chance."""
        low, high = self.rewarded_of(LOW), self.rewarded_of(HIGH)
        is_rare = self.p_rewarded is not None and self.p_rewarded < DOUBTFUL
        return is_rare and high[0] * low[1] > low[0] * high[1]

    def rewarded_of(self, stars: Sequence[int]) -> tuple[int, int]:
        """Rewarded and written, of some stars together."""
        rows = [row for row in self.rows if row.stars in stars]
        return sum(row.rewarded for row in rows), sum(row.written for row in rows)

    @property
    def is_doubtful(self) -> bool:
        """Whether few stars were refused more often, and not by chance."""
        low, high = self.sums(LOW), self.sums(HIGH)
        return (
            self.p is not None and self.p < DOUBTFUL and low[0] * max(high[1], 1) > high[0] * max(low[1], 1)
        )

    def sums(self, stars: Sequence[int]) -> tuple[int, int]:
        """Refused and written, of some stars together."""
        rows = [row for row in self.rows if row.stars in stars]
        return sum(row.refused for row in rows), sum(row.written for row in rows)


def fairness(since: datetime, until: datetime) -> Fairness:
    """What became of the reviews written in a half-open time, by their stars. One query."""
    decided = Exists(ModerationDecision.objects.filter(review=OuterRef("pk")))
    rows = (
        Review.objects.filter(written_at__gte=since, written_at__lt=until, follows=None)
        .values("stars")
        .annotate(
            written=Count("pk"),
            held=Count("pk", filter=Q(decided) | Q(status=ReviewStatus.HELD)),
            refused=Count("pk", filter=Q(status=ReviewStatus.REFUSED)),
            rewarded=Count("pk", filter=Q(is_rewarded=True)),
        )
        .order_by()
    )
    known = {row["stars"]: row for row in rows}
    found = [
        Row(stars, *(known[stars][name] for name in ("written", "held", "refused", "rewarded")))
        if stars in known
        else Row(stars, 0, 0, 0)
        for stars in STARS
    ]
    told = Fairness(found, None)
    (low, of_low), (high, of_high) = told.sums(LOW), told.sums(HIGH)
    if not (of_low and of_high):
        return told
    p = fisher_exact([[low, of_low - low], [high, of_high - high]]).pvalue
    got_low, got_high = told.rewarded_of(LOW)[0], told.rewarded_of(HIGH)[0]
    p_rewarded = fisher_exact([[got_low, of_low - got_low], [got_high, of_high - got_high]]).pvalue
    return Fairness(found, float(p), float(p_rewarded))
