"""The search for gaps over many orders at once, in SQL. It says what rules.py says."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection

from compensation.models import OrderStatus
from feedback.gaps.rules import HAPPENED, THRESHOLDS
from feedback.gaps.writing import Difference, Side
from feedback.models import OF_TIME, Aspect

MAKE_PROMISES = """
    INSERT INTO feedback_promise AS held (line_id, aspect, source, due_at)
    SELECT line.id, said.aspect, 'order', said.due_at
    FROM compensation_orderline line
    CROSS JOIN LATERAL (
        VALUES ('shipping', line.ship_by), ('delivery', line.deliver_by)
    ) said (aspect, due_at)
    WHERE line.order_id = ANY(%(orders)s) AND said.due_at IS NOT NULL
    ON CONFLICT (line_id, aspect, source) DO UPDATE SET due_at = EXCLUDED.due_at, withdrawn_at = NULL
    WHERE held.due_at <> EXCLUDED.due_at OR held.withdrawn_at IS NOT NULL
"""
WITHDRAW_PROMISES = """
    UPDATE feedback_promise held SET withdrawn_at = %(now)s
    FROM compensation_orderline line
    WHERE line.id = held.line_id AND line.order_id = ANY(%(orders)s)
      AND held.source = 'order' AND held.withdrawn_at IS NULL
      AND CASE held.aspect WHEN 'shipping' THEN line.ship_by ELSE line.deliver_by END IS NULL
"""
DIFFERENCES = """
    WITH facts AS (
        SELECT line.order_id, o.member_id, promise.id AS promise_id, promise.aspect,
               promise.due_at AS expected_at,
               o.status, o.cancelled_at,
               CASE promise.aspect WHEN 'shipping' THEN parcel.shipped_at ELSE parcel.delivered_at END
                   AS happened_at
        FROM compensation_orderline line
        CROSS JOIN LATERAL (  -- by the line: without statistics all promises would be read
            SELECT id, aspect, due_at FROM feedback_promise
            WHERE line_id = line.id AND aspect = ANY(%(aspects)s) AND withdrawn_at IS NULL OFFSET 0
        ) promise
        JOIN compensation_order o ON o.id = line.order_id
        LEFT JOIN compensation_shipment parcel ON parcel.id = line.shipment_id
        WHERE line.order_id = ANY(%(orders)s)
    ), ended AS (
        SELECT order_id, member_id, promise_id, aspect, expected_at,
               coalesce(happened_at, CASE WHEN status = %(cancelled)s THEN cancelled_at END) AS actual_at
        FROM facts
        WHERE happened_at IS NOT NULL
           OR CASE WHEN status = %(cancelled)s THEN cancelled_at IS NOT NULL
                   WHEN aspect = 'shipping' THEN status <> ALL(%(shipped)s)
                   ELSE status <> ALL(%(delivered)s) END
    ), late AS (
        SELECT *, extract(epoch FROM coalesce(actual_at, %(now)s) - expected_at) / 86400 AS days_late,
               coalesce(actual_at, %(now)s) > expected_at AS is_late
        FROM ended
    ), worst AS (
        SELECT DISTINCT ON (order_id, aspect) *
        FROM late WHERE is_late
        ORDER BY order_id, aspect, days_late DESC, promise_id
    ), graded AS (
        SELECT worst.*, round(-days_late, 4) AS days,
               CASE WHEN days_late <= coalesce(threshold.slight_days, %(slight)s) THEN 1
                    WHEN days_late <= coalesce(threshold.moderate_days, %(moderate)s) THEN 2
                    ELSE 3 END AS severity
        FROM worst LEFT JOIN feedback_gapthreshold threshold USING (aspect)
    )
    SELECT order_id, aspect, new.promise_id, new.expected_at, new.actual_at, new.days, new.severity,
           held.id, held.expected_at, held.actual_at, held.days, held.severity,
           held.withdrawn_at, held.rules_due, new.member_id, held.case_id
    FROM graded new
    FULL JOIN (
        SELECT * FROM feedback_gap WHERE order_id = ANY(%(orders)s) AND aspect = ANY(%(aspects)s)
    ) held USING (order_id, aspect)
    WHERE CASE
        WHEN held.id IS NULL THEN true
        WHEN new.promise_id IS NULL THEN held.withdrawn_at IS NULL
        WHEN held.dismissed_at IS NOT NULL THEN
          (held.expected_at, held.actual_at) IS DISTINCT FROM (new.expected_at, new.actual_at)
        ELSE held.withdrawn_at IS NOT NULL
          OR (held.promise_id, held.expected_at, held.actual_at, held.severity)
             IS DISTINCT FROM (new.promise_id, new.expected_at, new.actual_at, new.severity)
    END
    ORDER BY order_id, aspect
"""


SLIGHT_DAYS, MODERATE_DAYS = THRESHOLDS[Aspect.DELIVERY]


def make_promises(orders: Collection[int], now: datetime) -> None:
    """Write down what the lines of the orders promise; withdraw what they no longer do."""
    given: dict[str, Any] = {"orders": list(orders), "now": now}
    with connection.cursor() as cursor:
        cursor.execute(MAKE_PROMISES, given)
        cursor.execute(WITHDRAW_PROMISES, given)


def differences(orders: Collection[int], now: datetime) -> list[Difference]:
    """Where the gaps of the orders are not what the facts say at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            DIFFERENCES,
            {
                "orders": list(orders),
                "now": now,
                "cancelled": str(OrderStatus.CANCELLED),
                "shipped": sorted(HAPPENED[Aspect.SHIPPING]),
                "delivered": sorted(HAPPENED[Aspect.DELIVERY]),
                "slight": SLIGHT_DAYS,
                "moderate": MODERATE_DAYS,
                "aspects": [str(one) for one in OF_TIME],
            },
        )
        return [
            Difference(
                order_id=row[0],
                aspect=row[1],
                promise_id=row[2],
                should=Side(*row[3:7]) if row[2] is not None else None,
                gap_id=row[7],
                held=Side(*row[8:12]) if row[7] is not None else None,
                withdrawn=row[12] is not None,
                rules_due=bool(row[13]),
                member_id=row[14],
                case_id=row[15],
            )
            for row in cursor.fetchall()
        ]


def fallen_due(
    after: datetime, after_id: int, before: datetime, limit: int
) -> list[tuple[datetime, int, int]]:
    """The next promises whose time has passed, as (time, primary key, order)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT promise.due_at, promise.id, line.order_id"
            " FROM (SELECT due_at, id, line_id FROM feedback_promise"
            "       WHERE (due_at, id) > (%s, %s) AND due_at < %s ORDER BY due_at, id LIMIT %s) promise"
            " JOIN compensation_orderline line ON line.id = promise.line_id"
            " ORDER BY promise.due_at, promise.id",
            [after, after_id, before, limit],
        )
        return [(row[0], row[1], row[2]) for row in cursor.fetchall()]


def grown_worse(now: datetime, limit: int) -> list[int]:
    """Orders with a gap that still goes on and has crossed a threshold."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT gap.order_id FROM (VALUES ('shipping'), ('delivery')) a (aspect)"
            " LEFT JOIN feedback_gapthreshold threshold USING (aspect)"
            " CROSS JOIN (VALUES (1), (2)) grade (severity)"
            " CROSS JOIN LATERAL ("
            "  SELECT order_id FROM feedback_gap gap"
            "  WHERE gap.aspect = a.aspect AND gap.severity = grade.severity AND gap.severity < 3"
            "   AND gap.actual_at IS NULL AND gap.withdrawn_at IS NULL"
            "   AND gap.expected_at < %(now)s - make_interval(secs => 86400 * CASE grade.severity"
            "    WHEN 1 THEN coalesce(threshold.slight_days, %(slight)s)"
            "    ELSE coalesce(threshold.moderate_days, %(moderate)s) END::double precision)"
            "  ORDER BY gap.expected_at LIMIT %(limit)s) gap LIMIT %(limit)s",
            {"now": now, "limit": limit, "slight": SLIGHT_DAYS, "moderate": MODERATE_DAYS},
        )
        return [row[0] for row in cursor.fetchall()]
