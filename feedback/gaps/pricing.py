"""Gaps of price: an order paid more than the claims had promised, after what was refunded. In SQL.

What counts of a line is the lowest promise about it. An order that is not paid, or was cancelled, has none.
"""

from collections.abc import Collection

from django.db import connection

from compensation.models import OrderStatus
from feedback.gaps.rules import MOST_PERCENT, THRESHOLDS
from feedback.gaps.writing import Difference, Side
from feedback.models import Aspect, GapKind

DIFFERENCES = """
    WITH lines AS (
        SELECT line.id, line.order_id, o.member_id, o.placed_at, coalesce(o.paid_at, o.placed_at) AS paid_at,
               line.paid_fen - line.refunded_fen AS actual, min(promise.expected_fen) AS expected,
               (array_agg(promise.id ORDER BY promise.expected_fen, promise.id))[1] AS promise_id
        FROM compensation_orderline line
        CROSS JOIN LATERAL (
            SELECT id, expected_fen FROM feedback_promise
            WHERE line_id = line.id AND aspect = 'price' AND withdrawn_at IS NULL OFFSET 0
        ) promise
        JOIN compensation_order o ON o.id = line.order_id
        WHERE line.order_id = ANY(%(orders)s) AND o.status <> %(cancelled)s
          AND (o.paid_at IS NOT NULL OR o.status <> %(placed)s)
        GROUP BY line.id, o.id
    ), new AS (
        SELECT order_id, member_id, placed_at AS expected_at, paid_at AS actual_at,
               (sum(expected) / 100.0)::numeric(14, 2) AS expected,
               (sum(actual) / 100.0)::numeric(14, 2) AS actual,
               (array_agg(promise_id ORDER BY actual - expected DESC, promise_id))[1] AS promise_id
        FROM lines WHERE actual > expected
        GROUP BY order_id, member_id, placed_at, paid_at
    ), graded AS (
        SELECT new.*, CASE WHEN over <= coalesce(threshold.slight_days, %(slight)s) THEN 1
                           WHEN over <= coalesce(threshold.moderate_days, %(moderate)s) THEN 2
                           ELSE 3 END AS severity
        FROM new
        CROSS JOIN LATERAL (
            SELECT CASE WHEN expected = 0 THEN %(most)s
                        ELSE least((actual - expected) * 100 / expected, %(most)s) END AS over
        ) percent
        LEFT JOIN feedback_gapthreshold threshold ON threshold.aspect = 'price'
    )
    SELECT order_id, new.promise_id, new.expected_at, new.actual_at, new.severity, new.expected, new.actual,
           held.id, held.expected_at, held.actual_at, held.severity, held.expected, held.actual,
           held.withdrawn_at, held.rules_due, new.member_id, held.case_id
    FROM graded new
    FULL JOIN (
        SELECT * FROM feedback_gap WHERE order_id = ANY(%(orders)s) AND aspect = 'price'
    ) held USING (order_id)
    WHERE CASE
        WHEN held.id IS NULL THEN true
        WHEN new.promise_id IS NULL THEN held.withdrawn_at IS NULL
        WHEN held.dismissed_at IS NOT NULL THEN (held.expected, held.actual) <> (new.expected, new.actual)
        ELSE held.withdrawn_at IS NOT NULL
          OR (held.promise_id, held.expected_at, held.actual_at, held.expected, held.actual, held.severity)
             IS DISTINCT FROM
             (new.promise_id, new.expected_at, new.actual_at, new.expected, new.actual, new.severity)
    END
    ORDER BY order_id
"""


def differences(orders: Collection[int]) -> list[Difference]:
    """Where the gaps of price of the orders are not what the facts say."""
    slight, moderate = THRESHOLDS[Aspect.PRICE]
    with connection.cursor() as cursor:
        cursor.execute(
            DIFFERENCES,
            {
                "orders": list(orders),
                "cancelled": str(OrderStatus.CANCELLED),
                "placed": str(OrderStatus.PLACED),
                "slight": slight,
                "moderate": moderate,
                "most": MOST_PERCENT,
            },
        )
        return [
            Difference(
                aspect=Aspect.PRICE,
                kind=GapKind.PRICE,
                order_id=row[0],
                promise_id=row[1],
                should=Side(row[2], row[3], None, *row[4:7]) if row[1] is not None else None,
                gap_id=row[7],
                held=Side(row[8], row[9], None, *row[10:13]) if row[7] is not None else None,
                withdrawn=row[13] is not None,
                rules_due=bool(row[14]),
                member_id=row[15],
                case_id=row[16],
            )
            for row in cursor.fetchall()
        ]
