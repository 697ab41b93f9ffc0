"""What happens to the measure of unusual claims."""

from datetime import datetime, timedelta

from django.db import connection, transaction

from compensation.models import LIVE, SignalTerms
from compensation.signals.rules import UNASKED
from config.common.events import Actor, record

PEERS = """
SELECT count(*), coalesce(percentile_disc(%(share)s) WITHIN GROUP (ORDER BY claims), 0),
       coalesce(percentile_disc(%(share)s) WITHIN GROUP (ORDER BY fen), 0)
FROM (
    SELECT count(*) AS claims, sum(cost_fen) AS fen FROM compensation_grant
    WHERE requested_at > %(since)s AND status = ANY(%(live)s) AND NOT cause ^@ ANY(%(unasked)s)
    GROUP BY member_id
) claimants
"""


@transaction.atomic
def measure(*, at: datetime) -> SignalTerms:
    """Measure anew where the boundary lies among all who claimed; beat wakes it once a day."""
    SignalTerms.objects.get_or_create(pk=1)
    row = SignalTerms.objects.select_for_update(no_key=True).get(pk=1)
    with connection.cursor() as cursor:
        cursor.execute(
            PEERS,
            {
                "share": row.percentile / 100,
                "since": at - timedelta(days=row.days),
                "live": [str(one) for one in LIVE],
                "unasked": list(UNASKED),
            },
        )
        row.peer_members, row.peer_claims, row.peer_fen = (int(one) for one in cursor.fetchone())
    row.measured_at = at
    row.save(update_fields=["peer_members", "peer_claims", "peer_fen", "measured_at"])
    return row


@transaction.atomic
def save_terms(*, row: SignalTerms, actor: Actor, at: datetime) -> SignalTerms:
    """Keep from where on claims are unusual."""
    row.save()
    record("signalterms.saved", row, actor=actor, at=at, is_active=row.is_active, days=row.days)
    return row
