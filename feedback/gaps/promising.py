"""Promises that come from claims: what the channels said about a product when an order of it was placed.

Only what a person confirmed counts. Of two claims in one channel the stricter one is the promise.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import connection

from feedback.models import ClaimValue, ValueState

MAKE = """
    WITH lines AS (
        SELECT line.id, line.product_id, line.quantity, product.category, o.placed_at, o.channel,
               coalesce(o.paid_at, o.placed_at) AS began_at
        FROM compensation_orderline line
        JOIN compensation_order o ON o.id = line.order_id
        JOIN compensation_product product ON product.id = line.product_id
        WHERE line.order_id = ANY(%(orders)s)
    ), claimed AS (
        SELECT lines.*, claim.id AS claim_id, claim.channel AS source
        FROM lines JOIN feedback_claim claim ON claim.product_id = lines.product_id
         AND claim.valid_from <= lines.placed_at
         AND (claim.valid_to IS NULL OR lines.placed_at < claim.valid_to)
         AND claim.order_channel IN ('', lines.channel)
        UNION ALL
        SELECT lines.*, claim.id, claim.channel
        FROM lines JOIN feedback_claim claim ON claim.product_id IS NULL
         AND claim.category IN ('', lines.category)
         AND claim.valid_from <= lines.placed_at
         AND (claim.valid_to IS NULL OR lines.placed_at < claim.valid_to)
         AND claim.order_channel IN ('', lines.channel)
    ), said AS (
        SELECT claimed.id AS line_id, claimed.source, claimed.claim_id,
               CASE WHEN value.measure IN ('delivery', 'shipping') THEN value.measure
                    ELSE 'price' END AS aspect,
               CASE WHEN value.measure IN ('delivery', 'shipping')
                    THEN began_at + value.number::double precision * interval '1 hour'
                    ELSE placed_at END AS due_at,
               (quantity * round(100 * CASE value.measure
                    WHEN 'price' THEN value.number
                    WHEN 'discount' THEN greatest(listed.number - value.number, 0)
                    WHEN 'percent_off' THEN listed.number * (100 - least(value.number, 100)) / 100
                    WHEN 'guarantee' THEN lowest.number
               END))::bigint AS expected_fen
        FROM claimed
        JOIN feedback_claimvalue value ON value.claim_id = claimed.claim_id AND value.state = 'confirmed'
         AND value.number IS NOT NULL
         AND value.measure IN ('delivery', 'shipping', 'price', 'discount', 'percent_off', 'guarantee')
        LEFT JOIN LATERAL (
            SELECT fact.number FROM feedback_productfact fact
            JOIN feedback_factkind kind ON kind.id = fact.kind_id AND kind.is_list_price
            WHERE value.measure IN ('discount', 'percent_off') AND fact.product_id = claimed.product_id
              AND fact.valid_from <= placed_at AND (fact.valid_to IS NULL OR placed_at < fact.valid_to)
        ) listed ON true
        LEFT JOIN LATERAL (
            SELECT min(fact.number) AS number FROM feedback_productfact fact
            JOIN feedback_factkind kind ON kind.id = fact.kind_id
             AND kind.measure = 'price' AND NOT kind.is_list_price
            WHERE value.measure = 'guarantee' AND fact.product_id = claimed.product_id
              AND fact.valid_from < placed_at + value.number::double precision * interval '1 day'
              AND fact.valid_from <= %(now)s
              AND (fact.valid_to IS NULL OR fact.valid_to > placed_at)
        ) lowest ON true
    ), strictest AS (
        SELECT DISTINCT ON (line_id, aspect, source) *
        FROM said WHERE aspect <> 'price' OR expected_fen IS NOT NULL
        ORDER BY line_id, aspect, source, due_at, expected_fen, claim_id
    ), written AS (
        INSERT INTO feedback_promise AS held (line_id, aspect, source, due_at, expected_fen, claim_id)
        SELECT line_id, aspect, source, due_at, expected_fen, claim_id FROM strictest
        ON CONFLICT (line_id, aspect, source) DO UPDATE
        SET due_at = EXCLUDED.due_at, expected_fen = EXCLUDED.expected_fen, claim_id = EXCLUDED.claim_id,
            withdrawn_at = NULL
        WHERE held.withdrawn_at IS NOT NULL OR (held.due_at, held.expected_fen, held.claim_id)
            IS DISTINCT FROM (EXCLUDED.due_at, EXCLUDED.expected_fen, EXCLUDED.claim_id)
    )
    UPDATE feedback_promise held SET withdrawn_at = %(now)s
    FROM lines
    WHERE held.line_id = lines.id AND held.source <> 'order' AND held.withdrawn_at IS NULL
      AND NOT EXISTS (
        SELECT FROM strictest WHERE strictest.line_id = held.line_id
            AND strictest.aspect = held.aspect AND strictest.source = held.source
      )
"""


def are_there() -> bool:
    """Whether any claim promises anything, or did."""
    return ClaimValue.objects.exclude(state=ValueState.SUGGESTED).exists()


def make_promises(orders: Collection[int], now: datetime) -> None:
    """Write down what claims promise about the lines of the orders; withdraw what they no longer do."""
    with connection.cursor() as cursor:
        cursor.execute(MAKE, {"orders": list(orders), "now": now})
