"""Sums by day of what is said of products: stars, feelings, aspects and dimensions, by where it was written.

Every review counts that counts for the published figures (feedback.reviews.figures), whether it waits for a
moderator or its member took it back. Follow-ups have no stars, but their words count.
What is made of these sums, those of categories and what products are ranked by, is kept with them.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from feedback.voice import categories, trends
from feedback.voice.indexing import put

AT_ONCE = 1_000
"""Notes that one pass takes up."""
MANY = 20_000
"""Days of products that are summed in one transaction where their words stay."""
KEEPING = 4_702_119
"""The number of the lock that one pass at a time holds."""

TAKE = """
    DELETE FROM feedback_voicedue WHERE id IN (SELECT id FROM feedback_voicedue ORDER BY id LIMIT %s)
    RETURNING review_id, product_id, day
"""
FORGET = """
    DELETE FROM feedback_voiceday held
    USING unnest(%(products)s::bigint[], %(days)s::date[]) AS asked (product_id, day)
    WHERE held.product_id = asked.product_id AND held.day = asked.day
    RETURNING held.category, held.day
"""
SUM = """
    INSERT INTO feedback_voiceday
        (product_id, category, day, source, stars, rewarded, feelings, aspects, dimensions)
    WITH said AS MATERIALIZED (
        SELECT asked.product_id, asked.day, review.source, review.id, review.stars, review.is_rewarded,
               triage.feeling, triage.aspects, triage.tones
        FROM unnest(%(products)s::bigint[], %(days)s::date[]) AS asked (product_id, day)
        JOIN feedback_review review ON review.product_id = asked.product_id
         AND review.written_at >= asked.day::timestamp AT TIME ZONE 'Asia/Shanghai'
         AND review.written_at < (asked.day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
        LEFT JOIN feedback_triage triage ON triage.review_id = review.id
        WHERE review.counts
    ), spoken AS (
        SELECT product_id, day, source, jsonb_object_agg(aspect, jsonb_build_array(n, well, ill)) AS aspects
        FROM (
            SELECT product_id, day, source, aspect, count(*) AS n,
                   count(*) FILTER (WHERE (tones ->> aspect)::float > 0) AS well,
                   count(*) FILTER (WHERE (tones ->> aspect)::float < 0) AS ill
            FROM said CROSS JOIN LATERAL unnest(aspects) AS aspect GROUP BY 1, 2, 3, 4
        ) AS by_aspect GROUP BY 1, 2, 3
    ), rated AS (
        SELECT product_id, day, source, jsonb_object_agg(dimension_id, jsonb_build_array(n, total, squares))
                   AS dimensions
        FROM (
            SELECT product_id, day, source, score.dimension_id, count(*) AS n, sum(score.stars) AS total,
                   sum(score.stars * score.stars) AS squares
            FROM said JOIN feedback_reviewscore score ON score.review_id = said.id GROUP BY 1, 2, 3, 4
        ) AS by_dimension GROUP BY 1, 2, 3
    )
    SELECT product_id, product.category, day, source,
           ARRAY[count(*) FILTER (WHERE stars = 1), count(*) FILTER (WHERE stars = 2),
                 count(*) FILTER (WHERE stars = 3), count(*) FILTER (WHERE stars = 4),
                 count(*) FILTER (WHERE stars = 5)],
           count(*) FILTER (WHERE is_rewarded AND stars IS NOT NULL),
           ARRAY[count(*) FILTER (WHERE feeling = 'negative'), count(*) FILTER (WHERE feeling = 'mixed'),
                 count(*) FILTER (WHERE feeling = 'positive'), count(*) FILTER (WHERE feeling = '')],
           coalesce(spoken.aspects, '{}'), coalesce(rated.dimensions, '{}')
    FROM said
    JOIN compensation_product product ON product.id = said.product_id
    LEFT JOIN spoken USING (product_id, day, source)
    LEFT JOIN rated USING (product_id, day, source)
    GROUP BY product_id, product.category, day, source, spoken.aspects, rated.dimensions
    RETURNING category, day
"""
ELSEWHERE = """
    SELECT DISTINCT held.product_id, held.day FROM feedback_voiceday held
    JOIN compensation_product product ON product.id = held.product_id
    WHERE held.category <> product.category LIMIT %s
"""


@transaction.atomic
def catch_up(*, limit: int = AT_ONCE) -> int:
    """Take up the reviews that came or changed: their words, and the sums of their days.

    Returns how many notes there were; none where somebody else is at it. What is committed meanwhile has its
    own note, and is taken up by the next pass.
    """
    if not _alone():
        return 0
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [limit])
        taken = cursor.fetchall()
    if taken:
        put({review for review, _product, _day in taken})
        recount({(product, day) for _review, product, day in taken if product is not None})
    return len(taken)


def recount(wanted: Iterable[tuple[int, date]]) -> None:
    """Sum some days of products anew, and what is made of them. Call in a transaction."""
    pairs = sorted(set(wanted))
    given: dict[str, Any] = {"products": [one for one, _day in pairs], "days": [day for _one, day in pairs]}
    with connection.cursor() as cursor:
        cursor.execute(FORGET, given)
        changed = set(cursor.fetchall())
        cursor.execute(SUM, given)
        changed |= set(cursor.fetchall())
    categories.recount(changed)
    trends.recount(given["products"])


def begin_day(*, at: datetime) -> None:
    """Once a day: count products in the categories where they are now, and rank up to today.

    Nothing where it is done, or somebody else is at it.
    """
    today = timezone.localdate(at)
    while trends.until() != today:
        with transaction.atomic():
            if not _alone():
                return
            with connection.cursor() as cursor:
                cursor.execute(ELSEWHERE, [MANY])
                moved = cursor.fetchall()
            if moved:
                recount(moved)
            elif not trends.begin(today):
                return


def _alone() -> bool:
    """Whether nobody else is at it; holds the others off until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [KEEPING])
        return bool(cursor.fetchone()[0])
