"""Whether orders have refunded what their refunds say."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

LINES = """
SELECT 'order line', line.id, line.refunded_fen, coalesce(live.fen, 0)
FROM compensation_orderline AS line LEFT JOIN (
    SELECT part.order_line_id, sum(part.amount_fen)::bigint AS fen
    FROM compensation_refundline AS part JOIN compensation_refundorder AS refund ON refund.id = part.refund_id
    WHERE refund.status <> 'failed' GROUP BY part.order_line_id
) AS live ON live.order_line_id = line.id
WHERE line.refunded_fen <> coalesce(live.fen, 0) ORDER BY line.id
"""
FREIGHT = """
SELECT 'freight of an order', bought.id, bought.refunded_freight_fen, coalesce(live.fen, 0)
FROM compensation_order AS bought LEFT JOIN (
    SELECT order_id, sum(freight_fen)::bigint AS fen FROM compensation_refundorder
    WHERE status <> 'failed' GROUP BY order_id
) AS live ON live.order_id = bought.id
WHERE bought.refunded_freight_fen <> coalesce(live.fen, 0) ORDER BY bought.id
"""
AMOUNTS = """
SELECT 'refund', refund.id, refund.amount_fen, refund.freight_fen + coalesce(parts.fen, 0)
FROM compensation_refundorder AS refund LEFT JOIN (
    SELECT refund_id, sum(amount_fen)::bigint AS fen FROM compensation_refundline GROUP BY refund_id
) AS parts ON parts.refund_id = refund.id
WHERE refund.amount_fen <> refund.freight_fen + coalesce(parts.fen, 0) ORDER BY refund.id
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not the sum of its parts: what it says, and what they say (fen)."""

    what: str
    pk: int
    says: int
    should: int


def differences() -> Iterator[Difference]:
    """All of them: lines, then freight, then refunds. Each kind is one statement, and so of one moment."""
    with connection.cursor() as cursor:
        for statement in (LINES, FREIGHT, AMOUNTS):
            cursor.execute(statement)
            for row in cursor.fetchall():
                yield Difference(*row)
