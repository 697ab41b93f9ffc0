"""How many members a batch would take beyond their caps: for whoever approves it, who may pass them."""

from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from compensation.batches.contents import kinds, parts
from compensation.budgets.caps import ZONE
from compensation.budgets.rules import window
from compensation.models import Batch, Cap, CapScope, GrantKind
from config.common import bulk

BEYOND = """
SELECT count(DISTINCT item.id)
FROM unnest(%(caps)s::bigint[], %(starts)s::timestamptz[], %(fen)s::bigint[], %(times)s::bigint[],
    %(each_fen)s::bigint[], %(each)s::bigint[], %(with_orders)s::boolean[])
  AS cap (id, starts_at, fen, times, each_fen, each, with_orders)
JOIN compensation_batchitem AS item ON item.batch_id = %(batch)s AND item.status = 'waiting'
LEFT JOIN LATERAL (
    SELECT sum(fen) AS fen, count(*) AS orders FROM compensation_batchrefund
    WHERE item_id = item.id AND why = ''
) AS back ON cap.with_orders
LEFT JOIN compensation_capcount AS used
  ON used.cap_id = cap.id AND used.whose = 'member:' || item.member_id AND used.starts_at = cap.starts_at
WHERE cap.each + coalesce(back.orders, 0) > 0
  AND (coalesce(used.used_fen + used.passed_fen, 0) + cap.each_fen + coalesce(back.fen, 0) > cap.fen
    OR coalesce(used.used_count + used.passed_count, 0) + cap.each + coalesce(back.orders, 0) > cap.times)
"""


def members_beyond(batch: Batch, *, at: datetime) -> int:
    """How many of those who wait would have more than a cap in force lets a member have in its period."""
    given = parts(batch)
    caps = list(
        Cap.objects.filter(
            Q(kind="") | Q(kind__in=kinds(batch)), scope=CapScope.MEMBER, is_active=True, rule_code=""
        ).order_by("pk")
    )
    if not caps:
        return 0
    counted = [[part for part in given if cap.kind in {"", part.kind}] for cap in caps]
    values: dict[str, Any] = {
        "batch": batch.pk,
        "caps": bulk.array(cap.pk for cap in caps),
        "starts": [window(cap.period, cap.days, at, ZONE).starts_at for cap in caps],
        "fen": bulk.array(cap.limit_fen for cap in caps),
        "times": bulk.array(cap.limit_count for cap in caps),
        "each_fen": bulk.array(sum(part.fen for part in found) for found in counted),
        "each": bulk.array(len(found) for found in counted),
        "with_orders": bulk.array(batch.refunds and cap.kind in {"", GrantKind.REFUND} for cap in caps),
    }
    with connection.cursor() as cursor:
        cursor.execute(BEYOND, values)
        return int(cursor.fetchone()[0])
