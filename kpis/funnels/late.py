"""Days whose ways have to be counted: new facts, however late they came, and windows that are over.

Events and orders are followed by the transactions that wrote them, as they ended. A step may belong to a
way that began as long before as a way may take.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from compensation.orders.queries import snapshot_floor
from config.common.models import Bookmark
from kpis.funnels.commands import take
from kpis.funnels.counting import PLACES
from kpis.funnels.held import kept_since
from kpis.models import FunnelCohort, FunnelTerms
from kpis.snapshots.calendar import runs

READER = "kpis.funnel"
DAYS_AT_ONCE = 92
"""More at once is less to read twice: the days of a window after the last."""
MARK = f"""
WITH moments AS (
    SELECT at FROM feedback_behaviourevent
    WHERE txid >= %(after)s AND txid < %(upto)s AND name IN ({", ".join(f"'{name}'" for name in PLACES)})
    UNION ALL
    SELECT moment FROM compensation_order CROSS JOIN LATERAL (
        SELECT placed_at UNION ALL SELECT paid_at
        UNION ALL SELECT max(delivered_at) FROM compensation_shipment WHERE order_id = compensation_order.id
    ) of_order (moment)
    WHERE changed_txid >= %(after)s AND changed_txid < %(upto)s AND moment IS NOT NULL
), days AS (
    SELECT DISTINCT (at AT TIME ZONE %(zone)s)::date AS day FROM moments
)
INSERT INTO kpis_funnelcohort AS held (day, stale_at)
SELECT DISTINCT day - before, %(at)s::timestamptz FROM days CROSS JOIN generate_series(0, %(days)s) before
WHERE day - before BETWEEN %(since)s AND %(today)s
ORDER BY 1
ON CONFLICT (day) DO UPDATE SET stale_at = excluded.stale_at WHERE held.stale_at IS NULL
"""  # noqa: S608 - our own names
OVER = """
UPDATE kpis_funnelcohort SET stale_at = %(at)s
WHERE stale_at IS NULL AND day >= %(since)s
  AND (day + window_days + 1)::timestamp AT TIME ZONE %(zone)s > taken_at
  AND (day + window_days + 1)::timestamp AT TIME ZONE %(zone)s <= %(at)s
"""


@transaction.atomic
def note(*, at: datetime) -> int:
    """Note the days about which facts came in and those whose window is over; give how many wait.

    Two at once follow one another.
    """
    terms = FunnelTerms.objects.first() or FunnelTerms()
    Bookmark.objects.bulk_create([Bookmark(reader=READER)], ignore_conflicts=True)
    mark = Bookmark.objects.select_for_update().get(reader=READER)
    upto = snapshot_floor()
    asked: dict[str, Any] = {
        "after": mark.txid,
        "upto": upto,
        "days": terms.window_days,
        "since": kept_since(at),
        "today": timezone.localdate(at),
        "at": at,
        "zone": settings.TIME_ZONE,
    }
    with connection.cursor() as cursor:
        cursor.execute(MARK, asked)
        cursor.execute(OVER, asked)
    mark.txid = upto
    mark.save(update_fields=["txid"])
    return FunnelCohort.objects.exclude(stale_at=None).count()


def take_stale(*, at: datetime) -> int:
    """Count the newest days anew about which facts came in; give how many days that were."""
    waiting = FunnelCohort.objects.exclude(stale_at=None).filter(day__gte=kept_since(at)).order_by("-day")
    days = list(waiting.values_list("day", flat=True)[:DAYS_AT_ONCE])
    for first, last in runs(days):
        take(first=first, last=last, at=at)
    return len(days)
