"""The figures of a product's voice, from sums by day, and those of the others of its category."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection

from compensation.models import Product
from feedback.models import VoiceDay
from feedback.voice.rules import Span, Sums

FIELDS = ("stars", "rewarded", "feelings", "aspects", "dimensions")
OTHERS = """
    WITH said AS (
        SELECT stars, rewarded, feelings, aspects, dimensions, 1 AS times FROM feedback_voicecategoryday
        WHERE category = %(category)s AND day BETWEEN %(since)s AND %(until)s
          AND (%(source)s = '' OR source = %(source)s)
        UNION ALL
        SELECT stars, rewarded, feelings, aspects, dimensions, -1 FROM feedback_voiceday
        WHERE product_id = %(product)s AND category = %(category)s AND day BETWEEN %(since)s AND %(until)s
          AND (%(source)s = '' OR source = %(source)s)
    )
    SELECT ARRAY[sum(times * stars[1]), sum(times * stars[2]), sum(times * stars[3]), sum(times * stars[4]),
                 sum(times * stars[5])],
           sum(times * rewarded),
           ARRAY[sum(times * feelings[1]), sum(times * feelings[2]), sum(times * feelings[3]),
                 sum(times * feelings[4])],
           (SELECT jsonb_object_agg(key, counts) FROM (
                SELECT key, jsonb_build_array(
                    sum(times * (value ->> 0)::int), sum(times * (value ->> 1)::int),
                    sum(times * (value ->> 2)::int)) AS counts
                FROM said, jsonb_each(aspects) GROUP BY key) AS spoken),
           (SELECT jsonb_object_agg(key, counts) FROM (
                SELECT key, jsonb_build_array(
                    sum(times * (value ->> 0)::int), sum(times * (value ->> 1)::int),
                    sum(times * (value ->> 2)::int)) AS counts
                FROM said, jsonb_each(dimensions) GROUP BY key) AS rated)
    FROM said
"""


def of_product(product_id: int, span: Span, source: str = "") -> list[tuple[Span, Sums]]:
    """The sums of each part of a time, the oldest first. Reads voiceday_once."""
    rows = VoiceDay.objects.filter(product=product_id, day__gte=span.since, day__lte=span.until)
    if source:
        rows = rows.filter(source=source)
    parts = [(part, Sums()) for part in span.parts()]
    by_day = {part.since.toordinal() + place: sums for part, sums in parts for place in range(part.days)}
    for day, *counts in rows.values_list("day", *FIELDS):
        by_day[day.toordinal()].add(*counts)
    return parts


def whole(parts: Iterable[tuple[Span, Sums]]) -> Sums:
    """All parts together."""
    total = Sums()
    for _span, sums in parts:
        total.add_all(sums)
    return total


def of_others(product: Product, span: Span, source: str = "") -> Sums:
    """The sums of the other products of its category; nothing where it has none.

    Those of the category less its own, as far as they were counted there: a product that came into the
    category today is not yet (feedback.voice.days.begin_day).
    """
    total = Sums()
    if not product.category:
        return total
    given: dict[str, Any] = {
        "category": product.category,
        "product": product.pk,
        "since": span.since,
        "until": span.until,
        "source": source,
    }
    with connection.cursor() as cursor:
        cursor.execute(OTHERS, given)
        stars, rewarded, feelings, aspects, dimensions = cursor.fetchone()
    if rewarded is not None:
        total.add(stars, rewarded, feelings, _json(aspects), _json(dimensions))
    return total


def _json(told: Any) -> Mapping[str, list[int]]:
    """What the database gave for an object, which may be text."""
    return (json.loads(told) if isinstance(told, str) else told) or {}
