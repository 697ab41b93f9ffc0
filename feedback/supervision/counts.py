"""How many clocks stand how: kept by triggers, exact at every moment, whatever their number.

Triggers on the clocks add what each change counts for (models.supervision.BoardCount). What nobody has put
on record yet, because its moment has only just come, is added when it is asked for: few clocks, found by the
index that the sweep goes by.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Case as Choice
from django.db.models import CharField, Count, Q, Sum, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from feedback.models import BoardCount, Clock, CountOf
from feedback.models.supervision import COUNTED

CHANNEL = Coalesce(KT("facts__channel"), Value(""), output_field=CharField())
"""The channel of a clock, as it was when the clock began."""
UNSEEN = Q(met_at=None, stopped_at=None, paused_at=None, breached_at=None)
"""Clocks that run and are not late on record. What their time has made of them, nobody may have seen yet."""
FOLDING = 4_702_117
"""The number of the lock that one folding at a time holds."""

EVERY = COUNTED % "SELECT 1 AS sign, * FROM feedback_clock"
"""What all clocks count for."""

Place = tuple[int, str]
"""A department and a channel."""


@dataclass(slots=True)
class Tally:
    """The clocks of a place: how they stand now, and how those decided on each day ended."""

    now: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    days: dict[tuple[date, str], int] = field(default_factory=lambda: defaultdict(int))

    def decided(self, what: CountOf, since: date) -> int:
        """Sum what was decided one way since a day."""
        return sum(n for (day, kind), n in self.days.items() if kind == what and day >= since)


def tallies(departments: Iterable[int], *, since: date, now: datetime) -> dict[Place, Tally]:
    """Count the clocks of some departments by department and channel, in two queries.

    A clock is decided on the day when it is met in time, or else on that when it comes due; days are those
    of the site's time zone, from `since` on.
    """
    ids = list(departments)
    found: dict[Place, Tally] = defaultdict(Tally)
    kept = (
        BoardCount.objects.filter(Q(day=None) | Q(day__gte=since), department__in=ids)
        .values_list("department_id", "channel", "day", "what")
        .annotate(total=Sum("n"))
        .order_by()
    )
    for department, channel, day, what, total in kept:
        tally = found[department, channel]
        if day is None:
            tally.now[what] += total
        else:
            tally.days[day, what] += total
    for department, channel, was, day, number in _unseen(ids, now):
        tally = found[department, channel]
        tally.now[was] -= number
        if day is None:
            tally.now[CountOf.WARNED] += number
            continue
        tally.now[CountOf.BREACHED] += number
        if day >= since:
            tally.days[day, CountOf.MISSED] += number
    return dict(found)


def _unseen(ids: list[int], now: datetime) -> Iterable[tuple[int, str, str, date | None, int]]:
    """Count what has come due or soon due and is not on record; the day only of what is late by now."""
    zone = timezone.get_default_timezone()
    rows: Iterable[tuple[int, str, str, date | None, int]] = (
        Clock.objects.filter(UNSEEN, next_fire_at__lte=now, department__in=ids)
        .values_list("department_id")
        .annotate(
            channel=CHANNEL,
            was=Choice(When(rungs_fired__gt=0, then=Value(CountOf.WARNED)), default=Value(CountOf.RUNNING)),
            day=Choice(When(due_at__lte=now, then=TruncDate("due_at", tzinfo=zone))),
            number=Count("pk"),
        )
        .order_by()
    )
    return rows


def fold() -> int:
    """Put the changes together: one row for each thing counted. Gives how many rows went.

    Readers see the rows before or after, which sum up to the same; only one folding runs at a time.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [FOLDING])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(FOLD)
        return int(cursor.fetchone()[0])


FOLD = """
WITH gone AS (
    DELETE FROM feedback_boardcount AS count USING (
        SELECT department_id, channel, day, what FROM feedback_boardcount
        GROUP BY 1, 2, 3, 4 HAVING count(*) > 1 OR sum(n) = 0
    ) AS several
    WHERE count.department_id = several.department_id AND count.channel = several.channel
        AND count.day IS NOT DISTINCT FROM several.day AND count.what = several.what
    RETURNING count.*
), put AS (
    INSERT INTO feedback_boardcount (department_id, channel, day, what, n)
    SELECT department_id, channel, day, what, sum(n) FROM gone GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone) - (SELECT count(*) FROM put)
"""


@transaction.atomic
def recount() -> None:
    """Count all clocks anew. Nobody changes a clock meanwhile; for repairs, since triggers keep count."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FOLDING])
        cursor.execute("LOCK TABLE feedback_clock IN SHARE MODE")
        cursor.execute("DELETE FROM feedback_boardcount")
        cursor.execute(f"INSERT INTO feedback_boardcount (department_id, channel, day, what, n) {EVERY}")


def differences() -> list[tuple[int, str, date | None, str, int, int]]:
    """Compare what is kept with a count of all clocks: place, day, what, kept, counted, where they differ."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT department_id, channel, day, what, sum(kept)::int, sum(counted)::int FROM (
                SELECT department_id, channel, day, what, n AS kept, 0 AS counted FROM feedback_boardcount
                UNION ALL
                SELECT department_id, channel, day, what, 0, n FROM (
                    {EVERY}
                ) AS counted
            ) AS both_counts
            GROUP BY 1, 2, 3, 4 HAVING sum(kept) <> sum(counted) ORDER BY 1, 2, 3, 4
            """  # noqa: S608 - our own text
        )
        rows: list[tuple[int, str, date | None, str, int, int]] = cursor.fetchall()
        return rows
