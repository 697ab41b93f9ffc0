"""The ways of somebody whose events are about to be nobody's: they count on, without anybody."""

from datetime import datetime

from django.db import connection
from django.utils import timezone

from compensation.models import Member, Segment
from compensation.segments.queries import makes_sense, narrowed
from kpis.funnels.commands import LOCK
from kpis.funnels.counting import counted, given
from kpis.funnels.held import kept_since
from kpis.models import FunnelTerms
from kpis.snapshots.calendar import days_span

THEIRS = """(member_id = %(member)s OR member_id IS NULL AND (source, visitor) IN (
    SELECT source, visitor FROM feedback_behaviourvisitor own WHERE member_id = %(member)s AND NOT EXISTS (
        SELECT FROM feedback_behaviourvisitor other WHERE other.source = own.source
        AND other.visitor = own.visitor AND other.member_id <> own.member_id)))"""
"""As feedback.behaviour.forgetting lets go of them."""
KEPT = """
INSERT INTO kpis_funnelkept (day, device, payment, cart_in, order_in, pay_in, receive_in, paid_after,
    segments)
SELECT day, device, payment, cart_in, order_in, pay_in, receive_in, paid_after,
    CASE WHEN member_id IS NULL THEN '{{}}' ELSE %(segments)s::varchar[] END
FROM ({ways}) ways
"""


def keep(member_id: int, *, at: datetime | None = None) -> None:
    """Keep what a member's ways count, in the transaction that lets go of their events, before it does."""
    now = at or timezone.now()
    terms = FunnelTerms.objects.first() or FunnelTerms()
    span = days_span(kept_since(now), timezone.localdate(now))
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
        cursor.execute(
            KEPT.format(ways=counted(events=THEIRS, orders="member_id = %(member)s")),
            {**given(span, terms.window_days), "member": member_id, "segments": _segments(member_id, now)},
        )


def _segments(member_id: int, at: datetime) -> list[str]:
    themselves = Member.objects.filter(pk=member_id)
    return [
        segment.code
        for segment in Segment.objects.order_by("code")
        if segment.filters and makes_sense(segment) and narrowed(segment.filters, themselves, at).exists()
    ]
