"""What stands around a product's reviews: our answers to them, broken promises, claims, typical quotes."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from compensation.models import Product
from feedback.claims import queries as claims
from feedback.gaps import statistics
from feedback.gaps.days import day_of
from feedback.gaps.statistics import Interval
from feedback.models import (
    OF_ORDERS,
    Aspect,
    Claim,
    GapDay,
    Review,
    ReviewStatus,
    SpotBy,
)
from feedback.voice.rules import Span

GAPS = (*OF_ORDERS, Aspect.QUALITY)
"""What a promise about a product can be broken in."""
CLAIMS = 20
QUOTED = 400
"""The newest texts that quotes are chosen from."""
FREQUENT = 5
SHORTEST, LONGEST = 6, 160
"""Characters of a quote; a longer text is cut."""

ANSWERS = """
    SELECT count(*), count(reply.at), count(*) FILTER (WHERE review.stars <= 2),
           count(reply.at) FILTER (WHERE review.stars <= 2),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY taken.hours),
           percentile_cont(0.9) WITHIN GROUP (ORDER BY taken.hours)
    FROM feedback_review review
    LEFT JOIN feedback_reply reply ON reply.review_id = review.id AND reply.public_text <> ''
    CROSS JOIN LATERAL (
        SELECT extract(epoch FROM reply.at - coalesce(review.released_at, review.written_at))::float / 3600
                   AS hours
    ) taken
    WHERE review.product_id = %(product)s AND review.follows_id IS NULL AND review.status = 'published'
      AND review.deleted_at IS NULL AND review.written_at >= %(begins)s AND review.written_at < %(ends)s
      AND (%(source)s = '' OR review.source = %(source)s)
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """How the reviews that everybody may read were answered."""

    n: int
    answered: int
    bad: int
    """Those with one or two stars."""
    bad_answered: int
    median_hours: float | None
    late_hours: float | None
    """Nine in ten were answered within so long."""

    @property
    def share(self) -> Interval:
        """The share that has an answer."""
        return statistics.share(self.answered, self.n)

    @property
    def unanswered(self) -> int:
        """How many have none."""
        return self.n - self.answered

    @property
    def bad_unanswered(self) -> int:
        """How many with one or two stars have none."""
        return self.bad - self.bad_answered


def answers(product_id: int, span: Span, source: str = "") -> Answers:
    """How reviews that were written in a time were answered. Reads review_of_product."""
    given: dict[str, Any] = {
        "product": product_id,
        "begins": day_of(span.since)[0],
        "ends": day_of(span.until)[1],
        "source": source,
    }
    with connection.cursor() as cursor:
        cursor.execute(ANSWERS, given)
        return Answers(*cursor.fetchone())


def gaps(product_id: int, span: Span) -> dict[str, list[tuple[Span, Interval]]]:
    """The rate of broken promises by what they are about, in each part of a time. Reads gapday_line.

    What nothing was promised in is left out.
    """
    rows = GapDay.objects.filter(
        aspect__in=GAPS, by=SpotBy.PRODUCT, value=str(product_id), day__gte=span.since, day__lte=span.until
    )
    parts = list(span.parts())
    sums: dict[str, list[list[int]]] = defaultdict(lambda: [[0, 0] for _part in parts])
    place = {part.since.toordinal() + day: at for at, part in enumerate(parts) for day in range(part.days)}
    for aspect, day, broken, n in rows.values_list("aspect", "day", "gaps", "n"):
        counts = sums[aspect][place[day.toordinal()]]
        counts[0] += broken
        counts[1] += n
    return {
        aspect: [(part, statistics.share(*counts)) for part, counts in zip(parts, sums[aspect], strict=True)]
        for aspect in GAPS
        if aspect in sums
    }


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a channel says of the product, and what became of it in the audit."""

    claim: Claim
    findings: int
    """To be settled."""
    promises: int
    waiting: int
    """What it may promise and nobody has confirmed."""


def claimed(product: Product, at: datetime) -> list[Claimed]:
    """The claims in force about a product itself, newest first; of many the newest."""
    rows = claims.in_force(Claim.objects.filter(product=product), at).order_by("-valid_from", "-pk")
    shown = list(rows[:CLAIMS])
    counts = claims.counted(shown)
    return [Claimed(claim, *counts[claim.pk]) for claim in shown]


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody wrote that is typical of how an aspect is spoken of."""

    review: int
    stars: int | None
    written_at: datetime
    text: str
    keywords: Sequence[str]
    of: int
    """How many texts it was chosen from."""


def quotes(product_id: int, span: Span, source: str = "") -> dict[tuple[str, bool], Quote]:
    """By aspect, and whether it is spoken well of, the typical quote of the newest texts of a time.

    Typical is what holds most of the most frequent keywords of its kind; of equals the newest.
    """
    rows = Review.objects.filter(
        product=product_id,
        status=ReviewStatus.PUBLISHED,
        deleted_at=None,
        written_at__gte=day_of(span.since)[0],
        written_at__lt=day_of(span.until)[1],
        triage__isnull=False,
    )
    if source:
        rows = rows.filter(source=source)
    newest = rows.order_by("-written_at", "-pk").values_list(
        "pk", "stars", "written_at", "text", "triage__aspects", "triage__tones", "triage__keywords"
    )[:QUOTED]
    kinds: dict[tuple[str, bool], list[tuple[Any, ...]]] = defaultdict(list)
    for row in newest:
        if len(row[3].strip()) >= SHORTEST:
            for aspect in row[4]:
                if tone := row[5].get(aspect):
                    kinds[aspect, tone > 0].append(row)
    return {kind: _typical(texts) for kind, texts in kinds.items()}


def _typical(texts: Sequence[tuple[Any, ...]]) -> Quote:
    counts = Counter(word for row in texts for word in set(row[6]))
    frequent = {word for word, _n in counts.most_common(FREQUENT)}
    best = max(texts, key=lambda row: (len(frequent & set(row[6])), len(row[3]) <= LONGEST, row[2], row[0]))
    pk, stars, written_at, text, _aspects, _tones, keywords = best
    line = " ".join(text.split())
    shown = line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
    return Quote(pk, stars, written_at, shown, [word for word in keywords if word in frequent], len(texts))
