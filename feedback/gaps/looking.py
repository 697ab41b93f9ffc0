"""Which orders claims and facts have changed for: noted as a whole, looked at a bounded part at a time."""

from datetime import datetime

from django.db import connection

from feedback.models import LinesDue

SCAN = """
    SELECT line.id, line.order_id, o.placed_at >= %(since)s AND (%(until)s::timestamptz IS NULL
           OR o.placed_at < %(until)s) AND (%(category)s = '' OR product.category = %(category)s)
    FROM (
        SELECT id, order_id, product_id FROM compensation_orderline
        WHERE id > %(upto)s AND (%(product)s::bigint IS NULL OR product_id = %(product)s)
        ORDER BY id LIMIT %(limit)s
    ) line
    JOIN compensation_order o ON o.id = line.order_id
    JOIN compensation_product product ON product.id = line.product_id
    ORDER BY line.id
"""


def look_at(
    *, product_id: int | None, category: str = "", since: datetime, until: datetime | None = None
) -> None:
    """Let the next searches look at the orders of a product, a category or all that were placed in a time."""
    LinesDue.objects.create(product_id=product_id, category=category, since=since, until=until)


def next_orders(limit: int) -> tuple[set[int], bool]:
    """The next orders to look at, of at most `limit` lines; whether there is more. Hold the search's lock."""
    due = LinesDue.objects.order_by("pk").first()
    if due is None:
        return set(), False
    with connection.cursor() as cursor:
        cursor.execute(
            SCAN,
            {
                "since": due.since,
                "until": due.until,
                "category": due.category,
                "product": due.product_id,
                "upto": due.upto,
                "limit": limit,
            },
        )
        rows = cursor.fetchall()
    if len(rows) < limit:
        due.delete()
    else:
        due.upto = rows[-1][0]
        due.save(update_fields=["upto"])
    return {order for _line, order, fits in rows if fits}, LinesDue.objects.exists()
