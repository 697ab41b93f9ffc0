"""Sums by day of the reviews of all products of a category, made of the sums of its products."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import connection

FORGET = """
    DELETE FROM feedback_voicecategoryday held
    USING unnest(%(categories)s::text[], %(days)s::date[]) AS asked (category, day)
    WHERE held.category = asked.category AND held.day = asked.day
"""
SUM = """
    INSERT INTO feedback_voicecategoryday
        (category, day, source, stars, rewarded, feelings, aspects, dimensions)
    WITH said AS MATERIALIZED (
        SELECT held.* FROM unnest(%(categories)s::text[], %(days)s::date[]) AS asked (category, day)
        JOIN feedback_voiceday held ON held.category = asked.category AND held.day = asked.day
    ), spoken AS (
        SELECT category, day, source, jsonb_object_agg(key, counts) AS aspects FROM (
            SELECT category, day, source, key,
                   jsonb_build_array(sum((value ->> 0)::int), sum((value ->> 1)::int),
                                     sum((value ->> 2)::int)) AS counts
            FROM said CROSS JOIN LATERAL jsonb_each(aspects) GROUP BY 1, 2, 3, 4
        ) AS by_aspect GROUP BY 1, 2, 3
    ), rated AS (
        SELECT category, day, source, jsonb_object_agg(key, counts) AS dimensions FROM (
            SELECT category, day, source, key,
                   jsonb_build_array(sum((value ->> 0)::int), sum((value ->> 1)::int),
                                     sum((value ->> 2)::int)) AS counts
            FROM said CROSS JOIN LATERAL jsonb_each(dimensions) GROUP BY 1, 2, 3, 4
        ) AS by_dimension GROUP BY 1, 2, 3
    )
    SELECT category, day, source,
           ARRAY[sum(stars[1]), sum(stars[2]), sum(stars[3]), sum(stars[4]), sum(stars[5])], sum(rewarded),
           ARRAY[sum(feelings[1]), sum(feelings[2]), sum(feelings[3]), sum(feelings[4])],
           coalesce(spoken.aspects, '{}'), coalesce(rated.dimensions, '{}')
    FROM said
    LEFT JOIN spoken USING (category, day, source)
    LEFT JOIN rated USING (category, day, source)
    GROUP BY category, day, source, spoken.aspects, rated.dimensions
"""


def recount(wanted: Iterable[tuple[str, date]]) -> None:
    """Sum some days of categories anew. Call in the transaction that changed the sums of their products."""
    pairs = sorted((category, day) for category, day in set(wanted) if category)
    given: dict[str, Any] = {"categories": [one for one, _day in pairs], "days": [day for _one, day in pairs]}
    with connection.cursor() as cursor:
        cursor.execute(FORGET, given)
        cursor.execute(SUM, given)
