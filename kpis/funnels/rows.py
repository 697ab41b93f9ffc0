"""The ways behind a number, as far as the raw events of their day are still kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection

from compensation.models import Member, Segment
from compensation.segments.queries import makes_sense, narrowed
from kpis.funnels.breaks import STEPS
from kpis.funnels.counting import given, ways
from kpis.funnels.queries import Part
from kpis.models import FunnelCohort, FunnelStep
from kpis.snapshots.calendar import days_span

LISTED = """
SELECT who, device, payment, looked_at, carted_at, ordered_at, paid_at, received_at FROM ({ways}) ways
WHERE num_nonnulls(looked_at, carted_at, ordered_at, paid_at, received_at) BETWEEN %(least)s AND %(most)s
  AND (%(device)s::text IS NULL OR device = %(device)s)
  AND (%(payment)s::text IS NULL OR payment = %(payment)s)
  AND (%(members)s::bigint[] IS NULL OR who = ANY(%(members)s))
ORDER BY looked_at DESC, who LIMIT %(limit)s OFFSET %(offset)s
"""
OF_DAY = """
SELECT DISTINCT member_id FROM feedback_behaviourevent
WHERE at >= %(start)s AND at < %(end)s AND name = 'browse' AND member_id IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Way:
    """Somebody's way that began on a day; None for a visitor who did not sign in."""

    member: Member | None
    device: str
    payment: str
    moments: Sequence[datetime | None]


def behind(
    day: date, of: Part, step: FunnelStep, *, is_lost: bool, limit: int, offset: int, at: datetime
) -> list[Way]:
    """Those who came in on a day and came to a step, or to the one before and not to it; newest first."""
    cohort = FunnelCohort.objects.filter(day=day, window_days__isnull=False).first()
    if cohort is None:
        return []
    place = STEPS.index(step) + 1
    span = days_span(day, day)
    asked = {
        **given(span, cohort.window_days or 0),
        "least": place - 1 if is_lost else place,
        "most": place - 1 if is_lost else len(STEPS),
        "device": of.device,
        "payment": of.payment,
        "limit": limit,
        "offset": offset,
    }
    with connection.cursor() as cursor:
        asked["members"] = None
        if of.segment:
            cursor.execute(OF_DAY, asked)
            asked["members"] = _inside(of.segment, [row[0] for row in cursor.fetchall()], at)
        cursor.execute(LISTED.format(ways=ways()), asked)
        found = cursor.fetchall()
    members = Member.objects.in_bulk([row[0] for row in found if row[0] > 0])
    return [Way(members.get(row[0]), row[1], row[2], row[3:]) for row in found]


def _inside(code: str, members: Sequence[int], at: datetime) -> list[int]:
    segment = Segment.objects.filter(code=code).first()
    if segment is None or not makes_sense(segment):
        return []
    return list(
        narrowed(segment.filters, Member.objects.filter(pk__in=members), at).values_list("pk", flat=True)
    )
