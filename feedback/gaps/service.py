"""Gaps of service: a clock towards a member was not kept. Found from the event log, as it is written.

Clocks between departments are none of the member's. What still goes on is late up to now; a clock that stands
still, up to then.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from config.common.following import follow
from config.common.models import Bookmark, Event
from feedback.gaps.rules import THRESHOLDS
from feedback.gaps.writing import Difference, Side, write
from feedback.models import Aspect, GapThreshold
from feedback.models.clock import OF_HANDOFFS

READER = "gaps.service"
KINDS = frozenset(
    {
        "clock.breached",
        "clock.breach_withdrawn",
        "clock.met",
        "clock.stopped",
        "clock.resumed",
        "clock.paused",
    }
)
DIFFERENCES = """
    WITH late AS (
        SELECT clock.id AS clock_id, coalesce(held.order_id, review.order_id) AS order_id,
               coalesce(held.member_id, review.member_id) AS member_id, clock.case_id,
               clock.due_at AS expected_at, coalesce(clock.met_at, clock.stopped_at) AS actual_at,
               extract(epoch FROM coalesce(clock.met_at, clock.stopped_at, clock.paused_at, %(now)s)
                   - clock.due_at) / 3600 AS hours
        FROM feedback_clock clock
        LEFT JOIN feedback_case held ON held.id = clock.case_id
        LEFT JOIN feedback_review review ON review.id = clock.review_id
        WHERE clock.id = ANY(%(clocks)s) AND clock.breached_at IS NOT NULL
          AND clock.milestone <> ALL(%(handoffs)s)
    ), new AS (
        SELECT late.*, round(-hours / 24, 4) AS days,
               CASE WHEN hours <= coalesce(threshold.slight_days, %(slight)s) THEN 1
                    WHEN hours <= coalesce(threshold.moderate_days, %(moderate)s) THEN 2
                    ELSE 3 END AS severity
        FROM late LEFT JOIN feedback_gapthreshold threshold ON threshold.aspect = 'service'
    )
    SELECT clock_id, new.member_id, coalesce(new.order_id, held.order_id), new.expected_at, new.actual_at,
           new.days, new.severity, held.id, held.expected_at, held.actual_at, held.days, held.severity,
           held.withdrawn_at, held.rules_due, coalesce(held.case_id, new.case_id)
    FROM new
    FULL JOIN (
        SELECT * FROM feedback_gap WHERE clock_id = ANY(%(clocks)s) AND aspect = 'service'
    ) held USING (clock_id)
    WHERE CASE
        WHEN held.id IS NULL THEN true
        WHEN new.member_id IS NULL THEN held.withdrawn_at IS NULL
        WHEN held.dismissed_at IS NOT NULL THEN
          (held.expected_at, held.actual_at) IS DISTINCT FROM (new.expected_at, new.actual_at)
        ELSE held.withdrawn_at IS NOT NULL
          OR (held.expected_at, held.actual_at, held.severity)
             IS DISTINCT FROM (new.expected_at, new.actual_at, new.severity)
    END
    ORDER BY clock_id
"""
GROWN = """
    SELECT gap.clock_id FROM (VALUES (1, %s), (2, %s)) AS grade (severity, hours)
    CROSS JOIN LATERAL (
        SELECT clock_id FROM feedback_gap gap JOIN feedback_clock clock ON clock.id = clock_id
        WHERE clock.paused_at IS NULL AND gap.aspect = 'service' AND gap.severity = grade.severity
          AND gap.severity < 3 AND gap.actual_at IS NULL AND gap.withdrawn_at IS NULL
          AND gap.expected_at < %s - grade.hours::double precision * interval '1 hour'
        ORDER BY gap.expected_at LIMIT %s
    ) gap
"""


def catch_up(*, at: datetime) -> int:
    """Go on reading the event log from where the last time stopped. Returns how many events there were."""

    def take_up(events: Sequence[Event]) -> None:
        clocks = {event.data.get("clock") for event in events if event.kind in KINDS}
        write(differences([one for one in clocks if isinstance(one, int)], at), at)

    return follow(READER, take_up)


@transaction.atomic
def grow(*, at: datetime, limit: int = 2_000) -> int:
    """Grade anew what has grown worse by waiting. Returns how many there were."""
    Bookmark.objects.bulk_create([Bookmark(reader=READER)], ignore_conflicts=True)
    Bookmark.objects.select_for_update().get(reader=READER)  # one at a time
    slight, moderate = thresholds()
    with connection.cursor() as cursor:
        cursor.execute(GROWN, [slight, moderate, at, limit])
        clocks = [row[0] for row in cursor.fetchall()]
    write(differences(clocks, at), at)
    return len(clocks)


@transaction.atomic
def compare_anew() -> None:
    """Let the reader begin again, as after a change of the thresholds."""
    Bookmark.objects.filter(reader=READER).update(txid=0, event_id=0)


def thresholds() -> tuple[Decimal, Decimal]:
    """Up to how many hours a gap is slight, and moderate."""
    found = GapThreshold.objects.filter(aspect=Aspect.SERVICE).values_list("slight", "moderate").first()
    return found or THRESHOLDS[Aspect.SERVICE]


def differences(clocks: Collection[int], now: datetime) -> list[Difference]:
    """Where the gaps of the clocks are not what the facts say at this moment."""
    if not clocks:
        return []
    slight, moderate = THRESHOLDS[Aspect.SERVICE]
    with connection.cursor() as cursor:
        cursor.execute(
            DIFFERENCES,
            {
                "clocks": list(clocks),
                "now": now,
                "handoffs": [str(one) for one in OF_HANDOFFS],
                "slight": slight,
                "moderate": moderate,
            },
        )
        return [
            Difference(
                aspect=Aspect.SERVICE,
                about=f"clock:{row[0]}",
                clock_id=row[0],
                member_id=row[1],
                order_id=row[2],
                should=Side(*row[3:7]) if row[1] is not None else None,
                gap_id=row[7],
                held=Side(*row[8:12]) if row[7] is not None else None,
                withdrawn=row[12] is not None,
                rules_due=bool(row[13]),
                case_id=row[14],
            )
            for row in cursor.fetchall()
        ]
