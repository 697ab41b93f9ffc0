"""Sums by day of what was promised and what was not kept, by product, supplier, courier, region and channel.

Triggers note the days whose promises or gaps change; a task sums those days anew. What
a day's sums are made of can change unnoticed otherwise (a parcel goes to another courier), so the last weeks
are summed every night.
"""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from feedback.models import OF_ORDERS, Aspect, GapDayDue
from feedback.models.clock import OF_HANDOFFS

AT_ONCE = 60
"""Days that one pass sums."""
NIGHTLY = 70
"""So many days back the nightly pass goes: the week, the eight usual weeks before it, and a week to spare."""
SUMMING = 4_702_118
"""The number of the lock that one summing at a time holds."""

ORDERS = """
    SELECT spot.by, spot.value, line.order_id AS thing, max(gap.id) FILTER (WHERE counts) AS gap,
           max(gap.severity) FILTER (WHERE counts) AS severity, NULL::int AS stars
    FROM feedback_promise promise
    JOIN compensation_orderline line ON line.id = promise.line_id
    JOIN compensation_order o ON o.id = line.order_id
    LEFT JOIN compensation_shipment parcel ON parcel.id = line.shipment_id
    LEFT JOIN feedback_gap gap ON gap.order_id = o.id AND gap.aspect = %(aspect)s AND gap.about = ''
     AND gap.withdrawn_at IS NULL
    CROSS JOIN LATERAL (VALUES
        ('all', ''), ('product', line.product_id::text), ('supplier', line.supplier),
        ('courier', coalesce(parcel.carrier, '')), ('region', o.region), ('channel', o.channel),
        ('source', promise.source)
    ) spot (by, value)
    CROSS JOIN LATERAL (  -- an order is late once; who promised is told by what became of their own promise
        SELECT CASE
            WHEN spot.by <> 'source' THEN gap.expected_at >= %(since)s AND gap.expected_at < %(until)s
            WHEN promise.aspect = 'price' THEN line.paid_fen - line.refunded_fen > promise.expected_fen
            ELSE coalesce(CASE promise.aspect WHEN 'shipping' THEN parcel.shipped_at
                          ELSE parcel.delivered_at END, gap.actual_at, 'infinity') > promise.due_at
        END AS counts
    ) judged
    WHERE promise.aspect = %(aspect)s AND promise.withdrawn_at IS NULL
      AND promise.due_at >= %(since)s AND promise.due_at < %(until)s
      AND (o.status <> 'cancelled' OR gap.id IS NOT NULL AND counts)
      AND (spot.by = 'all' OR spot.value <> '')
    GROUP BY spot.by, spot.value, line.order_id
"""
REVIEWS = """
    SELECT DISTINCT spot.by, spot.value, review.id AS thing, gap.id AS gap, gap.severity, review.stars::int
    FROM feedback_review review
    JOIN compensation_order o ON o.id = review.order_id
    JOIN compensation_orderline line ON line.order_id = o.id
     AND coalesce(line.id = review.order_line_id, line.product_id = review.product_id, true)
    LEFT JOIN compensation_shipment parcel ON parcel.id = line.shipment_id
    LEFT JOIN compensation_product product ON product.id = line.product_id
    LEFT JOIN LATERAL (
        SELECT source FROM feedback_promise WHERE line_id = line.id AND withdrawn_at IS NULL
        UNION
        SELECT claim.channel FROM feedback_claim claim
        JOIN feedback_claimvalue value ON value.claim_id = claim.id
        WHERE value.measure = 'quality' AND value.state = 'confirmed'
          AND (claim.product_id = line.product_id
               OR claim.product_id IS NULL AND claim.category IN ('', product.category))
          AND claim.valid_from <= o.placed_at AND (claim.valid_to IS NULL OR o.placed_at < claim.valid_to)
          AND claim.order_channel IN ('', o.channel)
    ) promise ON true
    LEFT JOIN LATERAL (
        SELECT id, severity FROM feedback_gap
        WHERE review_id = review.id AND aspect = 'quality' AND withdrawn_at IS NULL
        ORDER BY severity DESC, id LIMIT 1
    ) gap ON true
    CROSS JOIN LATERAL (VALUES
        ('all', ''), ('product', line.product_id::text), ('supplier', line.supplier),
        ('courier', coalesce(parcel.carrier, '')), ('region', o.region), ('channel', o.channel),
        ('source', coalesce(promise.source, ''))
    ) spot (by, value)
    WHERE review.written_at >= %(since)s AND review.written_at < %(until)s AND review.stars IS NOT NULL
      AND review.status <> 'refused' AND review.deleted_at IS NULL AND (spot.by = 'all' OR spot.value <> '')
"""
CLOCKS = """
    SELECT spot.by, spot.value, clock.id AS thing, gap.id AS gap, gap.severity, NULL::int AS stars
    FROM feedback_clock clock
    LEFT JOIN feedback_case held ON held.id = clock.case_id
    LEFT JOIN feedback_review review ON review.id = clock.review_id
    LEFT JOIN compensation_order o ON o.id = coalesce(held.order_id, review.order_id)
    LEFT JOIN feedback_gap gap ON gap.clock_id = clock.id AND gap.aspect = 'service'
     AND gap.withdrawn_at IS NULL
    CROSS JOIN LATERAL (VALUES
        ('all', ''), ('department', clock.department_id::text), ('channel', coalesce(held.channel, 'review')),
        ('region', coalesce(o.region, ''))
    ) spot (by, value)
    WHERE coalesce(clock.breached_at, clock.met_at) >= %(since)s
      AND coalesce(clock.breached_at, clock.met_at) < %(until)s
      AND clock.department_id IN (SELECT id FROM feedback_department) AND clock.milestone <> ALL(%(handoffs)s)
      AND (spot.by = 'all' OR spot.value <> '')
"""
SUM = """
    INSERT INTO feedback_gapday (day, aspect, by, value, n, gaps, severe, stars, squares)
    SELECT %(day)s, %(aspect)s, by, left(value, 80), count(*), count(gap),
           count(*) FILTER (WHERE severity = 3), coalesce(sum(stars), 0), coalesce(sum(stars * stars), 0)
    FROM ({rows}) AS counted GROUP BY by, left(value, 80)
"""
ROWS = {**dict.fromkeys(OF_ORDERS, ORDERS), Aspect.QUALITY: REVIEWS, Aspect.SERVICE: CLOCKS}


def catch_up(*, at: datetime, limit: int = AT_ONCE) -> int:
    """Sum anew the next days noted, with today and yesterday, which go on. Returns how many were noted.

    A change that is committed while a day is summed has its own note, and is summed by the next pass.
    """
    today = timezone.localdate(at)
    with transaction.atomic():
        if not _alone():
            return 0
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT day, aspect FROM feedback_gapdaydue WHERE day <= %s ORDER BY 1, 2 LIMIT %s",
                [today, limit],
            )
            noted = {(row[0], str(row[1])) for row in cursor.fetchall()}
            ids = list(GapDayDue.objects.filter(day__lte=today).values_list("pk", "day", "aspect"))
        going_on = {(today - timedelta(days=back), str(aspect)) for back in (0, 1) for aspect in Aspect}
        done = [pk for pk, day, aspect in ids if (day, aspect) in noted | going_on]
        GapDayDue.objects.filter(pk__in=done).delete()
        for day, aspect in sorted(noted | going_on):
            recount(day, aspect, at)
    return len(noted)


def recount_last(*, at: datetime, days: int = NIGHTLY) -> None:
    """Sum the last days anew, each in a transaction of its own."""
    today = timezone.localdate(at)
    for back in range(days):
        for aspect in Aspect:
            with transaction.atomic():
                if _alone():
                    recount(today - timedelta(days=back), aspect, at)


def recount(day: date, aspect: str, at: datetime) -> None:
    """Sum a day of an aspect anew; of today, what has fallen due by now. Call in a transaction."""
    since, until = day_of(day)
    given: dict[str, Any] = {
        "day": day,
        "aspect": str(aspect),
        "since": since,
        "until": min(until, max(at, since)),
        "handoffs": [str(one) for one in OF_HANDOFFS],
    }
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM feedback_gapday WHERE aspect = %(aspect)s AND day = %(day)s", given)
        cursor.execute(SUM.format(rows=ROWS[Aspect(aspect)]), given)


def day_of(day: date) -> tuple[datetime, datetime]:
    """When a day of the shop begins and ends."""
    begins = timezone.make_aware(datetime.combine(day, time()))
    return begins, timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))


def note(days: Collection[date], aspect: str) -> None:
    """Let the next pass sum some days of an aspect."""
    GapDayDue.objects.bulk_create(GapDayDue(day=day, aspect=aspect) for day in set(days))


def _alone() -> bool:
    """Whether nobody else is summing; holds the others off until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SUMMING])
        return bool(cursor.fetchone()[0])
