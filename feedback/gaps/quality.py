"""Gaps of quality: a review gives fewer stars than members could expect, by dimension. In SQL.

Each dimension that falls short is a gap of its own; the stars as a whole are one where no dimension is. What
could be expected says the strongest claim about the product that a person confirmed, when the order was
placed; else the level of the category; else that of all.
"""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from feedback.gaps.rules import THRESHOLDS
from feedback.gaps.writing import Difference, Side, write
from feedback.models import Aspect, GapKind, Review, ReviewDue

AT_ONCE = 2_000
EXPECTED = Decimal(4)
"""Where nobody has set a level."""

TAKE = """
    DELETE FROM feedback_reviewdue WHERE id IN (SELECT id FROM feedback_reviewdue ORDER BY id LIMIT %s)
    RETURNING review_id
"""
DIFFERENCES = """
    WITH rated AS (
        SELECT review.id, '' AS dimension, review.stars FROM feedback_review review
        WHERE review.id = ANY(%(reviews)s) AND review.stars IS NOT NULL
          AND review.status <> 'refused' AND review.deleted_at IS NULL
        UNION ALL
        SELECT review.id, dimension.code, score.stars FROM feedback_review review
        JOIN feedback_reviewscore score ON score.review_id = review.id
        JOIN feedback_reviewdimension dimension ON dimension.id = score.dimension_id
        WHERE review.id = ANY(%(reviews)s) AND review.status <> 'refused' AND review.deleted_at IS NULL
    ), expected AS (
        SELECT review.id AS review_id, rated.dimension, review.order_id, review.member_id, review.written_at,
               rated.stars, coalesce(claimed.stars, level.stars, %(expected)s) AS expected,
               CASE WHEN rated.dimension = '' OR rated.dimension ~ 'product|quality' THEN 'product'
                    ELSE 'service' END AS kind
        FROM rated
        JOIN feedback_review review ON review.id = rated.id
        JOIN compensation_order o ON o.id = review.order_id
        LEFT JOIN compensation_product product ON product.id = review.product_id
        LEFT JOIN LATERAL (
            SELECT max(value.number) AS stars
            FROM feedback_claim claim JOIN feedback_claimvalue value ON value.claim_id = claim.id
            WHERE (claim.product_id = review.product_id
                   OR claim.product_id IS NULL AND claim.category IN ('', coalesce(product.category, '')))
              AND value.measure = 'quality'
              AND value.state = 'confirmed' AND (rated.dimension = '' OR rated.dimension ~ 'product|quality')
              AND claim.valid_from <= o.placed_at AND (claim.valid_to IS NULL OR o.placed_at < claim.valid_to)
              AND claim.order_channel IN ('', o.channel)
        ) claimed ON true
        LEFT JOIN LATERAL (
            SELECT stars FROM feedback_qualitylevel
            WHERE dimension IN ('', rated.dimension) AND category IN ('', coalesce(product.category, ''))
            ORDER BY dimension DESC, category DESC LIMIT 1
        ) level ON true
    ), short AS (
        SELECT *, count(*) FILTER (WHERE dimension <> '') OVER (PARTITION BY review_id) AS dimensions
        FROM expected WHERE stars < expected
    ), new AS (
        SELECT short.*, concat_ws(':', 'review', review_id, nullif(dimension, '')) AS about,
               CASE
                   WHEN expected - stars <= coalesce(threshold.slight_days, %(slight)s) THEN 1
                   WHEN expected - stars <= coalesce(threshold.moderate_days, %(moderate)s) THEN 2
                   ELSE 3 END AS severity, followed.id AS case_id
        FROM short
        LEFT JOIN feedback_gapthreshold threshold ON threshold.aspect = 'quality'
        LEFT JOIN feedback_case followed ON followed.key = 'review:' || review_id
        WHERE dimension <> '' OR dimensions = 0
    )
    SELECT about, coalesce(new.review_id, held.review_id), new.order_id, new.member_id, new.written_at,
           new.severity, new.expected, new.stars,
           held.id, held.expected_at, held.severity, held.expected, held.actual,
           held.withdrawn_at, held.rules_due, coalesce(held.case_id, new.case_id), held.order_id, new.kind
    FROM new
    FULL JOIN (
        SELECT * FROM feedback_gap WHERE review_id = ANY(%(reviews)s) AND aspect = 'quality'
    ) held USING (about)
    WHERE CASE
        WHEN held.id IS NULL THEN true
        WHEN new.order_id IS NULL THEN held.withdrawn_at IS NULL
        WHEN held.dismissed_at IS NOT NULL THEN (held.expected, held.actual) <> (new.expected, new.stars)
        ELSE held.withdrawn_at IS NOT NULL
          OR (held.expected, held.actual, held.severity, held.expected_at)
             IS DISTINCT FROM (new.expected, new.stars, new.severity, new.written_at)
    END
    ORDER BY about
"""


@transaction.atomic
def compare(*, at: datetime, limit: int = AT_ONCE) -> int:
    """Compare the reviews that came or changed with what was expected. Returns how many there were.

    Of two at once the second waits for the first at the first review that both take.
    """
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [limit])
        reviews = {row[0] for row in cursor.fetchall()}
        taken = int(cursor.rowcount)
    write(differences(reviews), at)
    return taken


def look_at(*, product_id: int | None, category: str = "", since: datetime) -> None:
    """Let the next comparisons look at reviews written since a moment: of a product, a category or all."""
    found = Review.objects.filter(written_at__gte=since).order_by("pk")
    if product_id is not None:
        found = found.filter(product=product_id)
    elif category:
        found = found.filter(product__category=category)
    keys = found.values_list("pk", flat=True).iterator(chunk_size=AT_ONCE)
    ReviewDue.objects.bulk_create((ReviewDue(review_id=pk) for pk in keys), batch_size=AT_ONCE)


@transaction.atomic
def compare_anew() -> None:
    """Let the next comparisons look at every review again, as after a change of what is expected."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO feedback_reviewdue (review_id) SELECT id FROM feedback_review")


def differences(reviews: Collection[int]) -> list[Difference]:
    """Where the gaps of the reviews are not what the facts say."""
    slight, moderate = THRESHOLDS[Aspect.QUALITY]
    given: dict[str, Any] = {
        "reviews": list(reviews),
        "expected": EXPECTED,
        "slight": slight,
        "moderate": moderate,
    }
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENCES, given)
        return [
            Difference(
                aspect=Aspect.QUALITY,
                about=row[0],
                review_id=row[1],
                order_id=row[2] or row[16],
                member_id=row[3],
                should=Side(row[4], row[4], None, *row[5:8]) if row[2] is not None else None,
                gap_id=row[8],
                held=Side(row[9], row[9], None, *row[10:13]) if row[8] is not None else None,
                withdrawn=row[13] is not None,
                rules_due=bool(row[14]),
                case_id=row[15],
                kind=GapKind(row[17] or GapKind.PRODUCT),
            )
            for row in cursor.fetchall()
        ]
