"""Keeping the figures of members: as orders change, and as orders leave the last 365 days."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from compensation.models import MemberFigures, Order
from compensation.orders import queries as orders
from compensation.tiers.moving import COUNTED
from config.common.models import Bookmark

READER = "member-figures"
YEAR = timedelta(days=365)

REFRESH = """
WITH asked AS (SELECT unnest(%(members)s::bigint[]) AS id),
bought AS (
    SELECT o.id, o.member_id, o.total_fen, o.placed_at, o.placed_at > %(since)s AS is_recent
    FROM compensation_order o JOIN asked ON asked.id = o.member_id
    WHERE o.status = ANY(%(counted)s)
), kinds AS (
    SELECT bought.member_id, array_agg(DISTINCT product.category ORDER BY product.category) AS names
    FROM bought
    JOIN compensation_orderline line ON line.order_id = bought.id
    JOIN compensation_product product ON product.id = line.product_id
    WHERE bought.is_recent AND product.category <> ''
    GROUP BY bought.member_id
), sums AS (
    SELECT member_id, count(*) AS orders, sum(total_fen) AS spent,
      coalesce(sum(total_fen) FILTER (WHERE is_recent), 0) AS year, min(placed_at) AS first_at,
      max(placed_at) AS last_at, min(placed_at) FILTER (WHERE is_recent) + %(year)s AS stale_at
    FROM bought GROUP BY member_id
)
INSERT INTO compensation_memberfigures
  (member_id, orders, spent_fen, year_fen, first_order_at, last_order_at, categories, stale_at)
SELECT asked.id, coalesce(sums.orders, 0), coalesce(sums.spent, 0), coalesce(sums.year, 0), sums.first_at,
  sums.last_at, coalesce(kinds.names, '{}'), sums.stale_at
FROM asked LEFT JOIN sums ON sums.member_id = asked.id LEFT JOIN kinds ON kinds.member_id = asked.id
ORDER BY asked.id
ON CONFLICT (member_id) DO UPDATE SET orders = excluded.orders, spent_fen = excluded.spent_fen,
  year_fen = excluded.year_fen, first_order_at = excluded.first_order_at,
  last_order_at = excluded.last_order_at, categories = excluded.categories, stale_at = excluded.stale_at
"""


@transaction.atomic
def refresh(*, member_ids: Collection[int], at: datetime) -> None:
    """Work the figures of some members out anew, from all their orders."""
    held = MemberFigures.objects.filter(member__in=member_ids).order_by("member").select_for_update()
    list(held.values_list("member", flat=True))  # whoever comes later reads later orders
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "members": sorted(set(member_ids)),
            "counted": [str(status) for status in COUNTED],
            "since": at - YEAR,
            "year": YEAR,
        }
        cursor.execute(REFRESH, values)


@transaction.atomic
def follow(*, at: datetime, limit: int = 2_000) -> int:
    """Take up the next orders that changed; returns how many. The bookmark moves in the same transaction."""
    Bookmark.objects.bulk_create([Bookmark(reader=READER)], ignore_conflicts=True)
    mark = Bookmark.objects.select_for_update().get(reader=READER)
    if mark.txid > orders.snapshot_floor():  # the data came here from another server
        mark.txid = mark.event_id = 0
    changed = orders.changed_since(mark.txid, mark.event_id, limit=limit)
    if changed:
        touched = Order.objects.filter(pk__in=[pk for _txid, pk in changed])
        refresh(member_ids=set(touched.values_list("member", flat=True)), at=at)
        mark.txid, mark.event_id = changed[-1]
        mark.save(update_fields=["txid", "event_id"])
    return len(changed)


def catch_up(*, at: datetime) -> None:
    """Take up all orders that have changed by now."""
    while follow(at=at):
        pass


@transaction.atomic
def refresh_stale(*, at: datetime, limit: int = 2_000) -> int:
    """Work out anew those of whom an order has left the last 365 days; two passes at once share them."""
    stale = list(
        MemberFigures.objects.filter(stale_at__lte=at)
        .order_by("stale_at")
        .select_for_update(skip_locked=True)
        .values_list("member", flat=True)[:limit]
    )
    if stale:
        refresh(member_ids=stale, at=at)
    return len(stale)
