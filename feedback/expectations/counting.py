"""Counting the signs of many members at once: in cases, reviews, gaps, orders, coupons and behaviour."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from feedback.expectations.rules import Seen, usual
from feedback.models import Author, Cared, ExpectationSetup, VoiceAspect

ASPECTS = {
    VoiceAspect.PRODUCT_QUALITY: Cared.QUALITY,
    VoiceAspect.DESCRIPTION: Cared.QUALITY,
    VoiceAspect.PACKAGING: Cared.QUALITY,
    VoiceAspect.LOGISTICS: Cared.SPEED,
    VoiceAspect.PRICE: Cared.PRICE,
    VoiceAspect.SERVICE: Cared.SERVICE,
    VoiceAspect.AFTER_SALES: Cared.SERVICE,
}
"""What somebody cares about who speaks of this; the app tells of none."""
MEANS = ", ".join(f"('{aspect}', '{cared}')" for aspect, cared in ASPECTS.items())
AGED = "sum(power(0.5, greatest(extract(epoch FROM %(now)s - {at}), 0) / %(half)s))"

CASES = f"""
    WITH theirs AS (
        SELECT id, member_id, opened_at FROM feedback_case
        WHERE member_id = ANY(%(members)s) AND opened_at > %(since)s AND opened_at <= %(now)s
          AND merged_into_id IS NULL
    ), spoken AS (
        SELECT DISTINCT theirs.id, theirs.member_id, opened_at, cared
        FROM theirs JOIN feedback_triage triage ON triage.case_id = theirs.id
        JOIN (VALUES {MEANS}) means (aspect, cared) ON means.aspect = ANY(triage.aspects)
    )
    SELECT member_id, 'case_' || cared, count(*),
           (SELECT count(*) FROM theirs WHERE theirs.member_id = spoken.member_id),
           {AGED.format(at="opened_at")}
    FROM spoken GROUP BY member_id, cared
"""  # noqa: S608 - our own names
REVIEWS = f"""
    WITH theirs AS (
        SELECT id, member_id, written_at FROM feedback_review
        WHERE member_id = ANY(%(members)s) AND written_at > %(since)s AND written_at <= %(now)s
          AND deleted_at IS NULL
    ), spoken AS (
        SELECT theirs.id, theirs.member_id, written_at, cared,
               min(coalesce((tones ->> aspect)::float, sentiment, 0)) < 0 AS is_blame
        FROM theirs JOIN feedback_triage triage ON triage.review_id = theirs.id
        JOIN (VALUES {MEANS}) means (aspect, cared) ON means.aspect = ANY(triage.aspects)
        GROUP BY theirs.id, theirs.member_id, written_at, cared
    )
    SELECT member_id, CASE WHEN is_blame THEN 'blame_' ELSE 'review_' END || cared, count(*),
           (SELECT count(*) FROM theirs WHERE theirs.member_id = spoken.member_id),
           {AGED.format(at="written_at")}
    FROM spoken GROUP BY member_id, cared, is_blame
"""  # noqa: S608 - our own names
GAPS = f"""
    WITH theirs AS (
        SELECT gap.member_id, expected_at AS at,
               CASE aspect WHEN 'shipping' THEN 'speed' WHEN 'delivery' THEN 'speed' ELSE aspect END AS cared,
               CASE WHEN aspect = 'service' THEN EXISTS (
                   SELECT FROM feedback_clock clock
                   JOIN feedback_message said ON said.case_id = clock.case_id
                   WHERE clock.id = gap.clock_id AND said.author = %(member)s AND said.at > gap.expected_at
               ) ELSE EXISTS (
                   SELECT FROM feedback_case came
                   WHERE came.order_id = gap.order_id AND came.member_id = gap.member_id
                     AND coalesce(came.key, '') NOT LIKE 'gap:%%' AND came.opened_at >= gap.expected_at
               ) OR EXISTS (
                   SELECT FROM feedback_message said
                   WHERE said.case_id = gap.case_id AND said.author = %(member)s
               ) END AS came
        FROM feedback_gap gap
        WHERE gap.member_id = ANY(%(members)s) AND withdrawn_at IS NULL
          AND expected_at > %(since)s AND expected_at <= %(now)s
    )
    SELECT member_id, 'gap_' || cared, count(*) FILTER (WHERE came), count(*),
           coalesce({AGED.format(at="at")} FILTER (WHERE came), 0)
    FROM theirs GROUP BY member_id, cared HAVING count(*) FILTER (WHERE came) > 0
"""  # noqa: S608 - our own names
ORDERS = f"""
    WITH theirs AS (
        SELECT id, member_id, placed_at, status = 'returned' OR EXISTS (
                   SELECT FROM compensation_orderline line
                   JOIN compensation_piecereturn back ON back.order_line_id = line.id
                   WHERE line.order_id = compensation_order.id
               ) AS came_back
        FROM compensation_order
        WHERE member_id = ANY(%(members)s) AND placed_at > %(since)s AND placed_at <= %(now)s
    ), bought AS (
        SELECT member_id, count(*) AS orders, count(*) FILTER (WHERE came_back) AS back,
               coalesce({AGED.format(at="placed_at")} FILTER (WHERE came_back), 0) AS aged
        FROM theirs GROUP BY member_id
    ), used AS (
        SELECT member_id, count(*) AS coupons, {AGED.format(at="redeemed_at")} AS aged
        FROM compensation_coupon
        WHERE member_id = ANY(%(members)s) AND redeemed_at > %(since)s AND redeemed_at <= %(now)s
        GROUP BY member_id
    )
    SELECT member_id, 'returned', back, orders, aged FROM bought WHERE back > 0
    UNION ALL
    SELECT used.member_id, 'coupon_used', coupons, greatest(orders, coupons), used.aged
    FROM used LEFT JOIN bought USING (member_id)
"""  # noqa: S608 - our own names
BEHAVIOUR = f"""
    SELECT member_id, what, sum(n), NULL,
           {AGED.format(at="day").replace("sum(", "sum(n * ")}
    FROM feedback_behaviourday
    WHERE member_id = ANY(%(members)s) AND day > %(since)s::date AND what = ANY(%(whats)s)
    GROUP BY member_id, what
"""  # noqa: S608 - our own names
PARCELS = """
    SELECT member_id,
           extract(epoch FROM parcel.delivered_at - coalesce(bought.paid_at, bought.placed_at)) / 86400
    FROM compensation_order bought JOIN compensation_shipment parcel ON parcel.order_id = bought.id
    WHERE bought.member_id = ANY(%(members)s) AND bought.placed_at > %(since)s
      AND parcel.delivered_at > coalesce(bought.paid_at, bought.placed_at)
"""
FROM_BEHAVIOUR = (
    "says_quality", "says_speed", "says_price", "says_service", "price_sort", "sales_filter", "coupon",
    "compared", "express", "tracked", "read_reviews", "read_details", "asked", "refund",
)  # fmt: skip


def signs_of(
    members: Collection[int], setup: ExpectationSetup, *, at: datetime
) -> dict[int, dict[str, Seen]]:
    """The signs of some members, by member and sign. Five statements, however many members."""
    given: dict[str, Any] = {
        **_given(members, setup, at),
        "half": timedelta(days=setup.half_life_days).total_seconds(),
        "member": str(Author.MEMBER),
        "whats": list(FROM_BEHAVIOUR),
    }
    found: dict[int, dict[str, Seen]] = defaultdict(dict)
    for statement in (CASES, REVIEWS, GAPS, ORDERS, BEHAVIOUR):
        for member, sign, n, of, aged in _rows(statement, given):
            found[member][sign] = Seen(int(n), of, round(float(aged), 4))
    return found


def usual_days_of(
    members: Collection[int], setup: ExpectationSetup, *, at: datetime
) -> dict[int, tuple[float | None, int]]:
    """Within how many days most parcels of each member came, and how many there were."""
    days: dict[int, list[float]] = defaultdict(list)
    for member, took in _rows(PARCELS, _given(members, setup, at)):
        days[member].append(float(took))
    return {member: (usual(took), len(took)) for member, took in days.items()}


def _given(members: Collection[int], setup: ExpectationSetup, at: datetime) -> Mapping[str, Any]:
    return {"members": list(members), "now": at, "since": at - timedelta(days=setup.history_days)}


def _rows(statement: str, given: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return list(cursor.fetchall())
