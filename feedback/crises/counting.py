"""How many cases, bad reviews and posts came in each hour, by what they have in common.

The last hours are counted anew at each look, from the rows of these hours: what is read or set right a
little later is in it, and it costs the same however many there are in all. Every night the last days are
counted once more, for what came late.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Min

from feedback.models import CrisisCounting, CrisisHour

AGAIN = timedelta(hours=2)
"""So long before the last count it begins anew."""
AT_ONCE = timedelta(days=1)
"""So much is counted in one transaction."""
KEPT = timedelta(days=200)
NIGHTLY = timedelta(days=14)
COUNTING = 4_702_119
"""The number of the lock that one counting at a time holds."""

THINGS = """
    ('all', ''), ('product', line.product_id::text), ('supplier', line.supplier), ('courier', parcel.carrier),
    ('region', o.region), ('gap_kind', read.gap_kind)
"""
ORDERED = """
    LEFT JOIN compensation_shipment parcel ON parcel.id = line.shipment_id
    CROSS JOIN LATERAL (
        SELECT spot.by, spot.value FROM (VALUES {things}) spot (by, value)
        UNION ALL SELECT 'aspect', aspect FROM unnest(read.aspects) AS aspect
    ) spot
"""
OF_PRODUCT = THINGS.replace("line.product_id", "product.id") + ", ('category', product.category)"
CASES = f"""
    SELECT 'case' AS of, date_trunc('hour', c.opened_at) AS hour, spot.by, spot.value, c.id,
           EXISTS (
               SELECT 1 FROM feedback_crisiscase inside WHERE inside.case_id = c.id AND inside.left_at IS NULL
           ) AS known
    FROM feedback_case c
    LEFT JOIN feedback_triage read ON read.case_id = c.id
    LEFT JOIN compensation_order o ON o.id = c.order_id
    LEFT JOIN compensation_orderline line ON line.order_id = c.order_id
    {ORDERED.format(things=THINGS + ", ('kind', c.kind), ('category', c.category)")}
    WHERE c.opened_at >= %(since)s AND c.opened_at < %(until)s AND c.merged_into_id IS NULL
"""  # noqa: S608 - written here
REVIEWS = f"""
    SELECT 'review' AS of, date_trunc('hour', review.written_at) AS hour, spot.by, spot.value, review.id,
           EXISTS (
               SELECT 1 FROM feedback_case c JOIN feedback_crisiscase inside ON inside.case_id = c.id
               WHERE c.key = 'review:' || review.id AND inside.left_at IS NULL
           ) AS known
    FROM feedback_review review
    LEFT JOIN feedback_triage read ON read.review_id = review.id
    LEFT JOIN compensation_order o ON o.id = review.order_id
    LEFT JOIN compensation_orderline line ON line.order_id = review.order_id
     AND coalesce(line.id = review.order_line_id, line.product_id = review.product_id, true)
    LEFT JOIN compensation_product product ON product.id = coalesce(line.product_id, review.product_id)
    {ORDERED.format(things=OF_PRODUCT)}
    WHERE review.written_at >= %(since)s AND review.written_at < %(until)s AND review.stars <= 2
      AND review.status = 'published' AND review.deleted_at IS NULL
"""  # noqa: S608 - written here
POSTS = """
    SELECT 'post' AS of, date_trunc('hour', post.written_at) AS hour, spot.by, spot.value, post.id,
           false AS known
    FROM feedback_post post
    JOIN feedback_triage read ON read.post_id = post.id AND read.feeling = 'negative'
    LEFT JOIN compensation_product product ON product.id = post.product_id
    CROSS JOIN LATERAL (
        SELECT spot.by, spot.value FROM (VALUES
            ('all', ''), ('product', product.id::text), ('category', product.category),
            ('gap_kind', read.gap_kind)
        ) spot (by, value)
        UNION ALL SELECT 'aspect', aspect FROM unnest(read.aspects) AS aspect
    ) spot
    WHERE post.written_at >= %(since)s AND post.written_at < %(until)s AND post.copy_of_id IS NULL
      AND post.deleted_at IS NULL
"""
SOURCES = [CASES, REVIEWS, POSTS]
"""What is counted: of, hour, by, value, the row, and whether a crisis explains it."""
COUNT = """
    INSERT INTO feedback_crisishour (hour, of, by, value, n, usual)
    SELECT hour, of, by, left(value, 80), count(DISTINCT id), count(DISTINCT id) FILTER (WHERE NOT known)
    FROM ({rows}) AS counted WHERE by = 'all' OR value <> '' GROUP BY hour, of, by, left(value, 80)
"""


def hour_of(at: datetime) -> datetime:
    """When the hour of a moment begins."""
    return at.replace(minute=0, second=0, microsecond=0)


def catch_up(*, at: datetime) -> bool:
    """Count from a little before the last count up to now, a day at most; whether there is more to count.

    The first time it begins with the oldest day that is kept.
    """
    with transaction.atomic():
        if not alone():
            return False
        state = CrisisCounting.objects.select_for_update().filter(pk=1).first()
        if state is None:
            state = CrisisCounting(pk=1, counted_to=at - KEPT)
        since = hour_of(min(state.counted_to, at) - AGAIN)
        until = min(since + AT_ONCE + AGAIN, at)
        recount(since, until)
        state.counted_to = until
        state.save()
        return until < at


def recount(since: datetime, until: datetime) -> None:
    """Count the hours from the one of `since` up to `until` anew. Call in a transaction."""
    given: dict[str, Any] = {"since": hour_of(since), "until": until}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM feedback_crisishour WHERE hour >= %(since)s AND hour < %(until)s", given)
        cursor.execute(COUNT.format(rows=" UNION ALL ".join(SOURCES)), given)


def recount_last(*, at: datetime, back: timedelta = NIGHTLY) -> None:
    """Count the last days anew, each in a transaction of its own; forget what is too old."""
    since = hour_of(at - back)
    while since < at:
        with transaction.atomic():
            if alone():
                recount(since, min(since + AT_ONCE, at))
        since += AT_ONCE
    CrisisHour.objects.filter(hour__lt=at - KEPT).delete()


def note(since: datetime) -> None:
    """Let the next look count anew from an hour on: what belongs to a crisis there is another."""
    CrisisCounting.objects.filter(pk=1, counted_to__gt=since).update(counted_to=hour_of(since) + AGAIN)


def begins() -> datetime | None:
    """The first hour that was counted, None where nothing is."""
    first: datetime | None = CrisisHour.objects.aggregate(first=Min("hour"))["first"]
    return first


def alone() -> bool:
    """Whether nobody else is counting; holds the others off until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [COUNTING])
        return bool(cursor.fetchone()[0])
