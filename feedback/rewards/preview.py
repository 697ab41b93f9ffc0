"""Whom a rule would have rewarded, what that would have cost, and how the rewards spread over the stars.

The stars are counted here only to show that they play no part.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.timezone import get_default_timezone
from scipy.stats import fisher_exact

from compensation.points.queries import worth_fen
from feedback.models import PORTAL, Review, ReviewStatus, RewardedKind, RewardRule
from feedback.rewards import rules
from feedback.rewards.queries import facts, with_facts

PERIOD = timedelta(days=30)
MOST = 20_000
SHOWN = 5
STARS = (5, 4, 3, 2, 1)
LOW, HIGH = (1, 2), (4, 5)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would have done to the reviews of a time."""

    looked: int
    is_part: bool
    """Whether there were more than are looked at."""
    rewarded: int
    members: int
    over_limit: int
    """How many were useful but beyond the limit of a month."""
    cost_fen: int
    spread: Sequence[tuple[int, int, int]]
    """Stars, reviews, and how many of them would be rewarded."""
    p: float | None
    """How likely the difference between 1–2 and 4–5 stars is by chance (Fisher, two-sided)."""
    examples: Sequence[Review]

    @property
    def shares(self) -> list[tuple[int, int, int, float | None]]:
        """Stars, reviews, rewarded, and the share in percent."""
        return [(stars, n, got, 100 * got / n if n else None) for stars, n, got in self.spread]


def price_fen(rule: RewardRule) -> int:
    """What one reward costs the house, in fen."""
    return rule.template.value_fen if rule.template else worth_fen(rule.points or 0)


def by_chance(rewarded: Mapping[int, int], written: Mapping[int, int]) -> float | None:
    """How likely the difference in rewards between few stars and many is by chance; None with too few."""
    low, of_low, high, of_high = (
        sum(counts.get(star, 0) for star in stars) for stars in (LOW, HIGH) for counts in (rewarded, written)
    )
    if not (of_low and of_high):
        return None
    return float(fisher_exact([[low, of_low - low], [high, of_high - high]]).pvalue)


def preview(rule: RewardRule, *, at: datetime) -> Preview:
    """What the rule, saved or not, would have done to the public reviews of the 30 days before `at`."""
    rows = Review.objects.filter(
        source=PORTAL, status=ReviewStatus.PUBLISHED, deleted_at=None, written_at__gt=at - PERIOD,
        written_at__lte=at, follows__isnull=rule.about == RewardedKind.FIRST,
    )  # fmt: skip
    wanted = with_facts(rows).select_related("order", "follows", "pick", "product")
    found = list(wanted.order_by("written_at", "pk")[: MOST + 1])
    zone = get_default_timezone()
    had: Counter[tuple[int, object]] = Counter()
    written: Counter[int] = Counter()
    rewarded: Counter[int] = Counter()
    useful, examples = 0, []
    for review in found[:MOST]:
        stars = (review.follows or review).stars or 0
        written[stars] += 1
        if rules.missing(rule, facts(review)):
            continue
        useful += 1
        key = (review.member_id, rules.month_of(review.written_at, zone))
        if had[key] < rule.month_limit:
            had[key] += 1
            rewarded[stars] += 1
            examples.append(review)
    total = sum(rewarded.values())
    return Preview(
        looked=min(len(found), MOST),
        is_part=len(found) > MOST,
        rewarded=total,
        members=len({review.member_id for review in examples}),
        over_limit=useful - total,
        cost_fen=total * price_fen(rule),
        spread=[(stars, written[stars], rewarded[stars]) for stars in STARS],
        p=by_chance(rewarded, written),
        examples=examples[-SHOWN:][::-1],
    )
