"""Taking the figures of a day; taking them again changes only what has changed."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from django.db import connection, transaction
from django.utils import timezone

from kpis.metrics.queries import Span, measure
from kpis.metrics.rules import METRICS
from kpis.models import Snapshot

RECENT_DAYS = 35
"""Facts about a day still come in this long after it: late deliveries, corrected orders."""


def day_span(day: date) -> Span:
    """The day from midnight to midnight in the shop's time zone."""
    zone = timezone.get_default_timezone()
    return Span(datetime.combine(day, time(), zone), datetime.combine(day + timedelta(1), time(), zone))


@transaction.atomic
def take(*, day: date, at: datetime) -> int:
    """Measure every figure of a day and keep it; give how many rows there are."""
    with connection.cursor() as cursor:  # two takers of one day, one after the other
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('kpis.snapshot'), %s)", [day.toordinal()])
    span = day_span(day)
    rows = [
        Snapshot(
            metric=code,
            day=day,
            department_id=part.department_id,
            n=part.n,
            total=part.total,
            squares=part.squares,
            computed_at=at,
        )
        for code in METRICS
        for part in measure(code, span)
    ]
    Snapshot.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["metric", "day", "department"],
        update_fields=["n", "total", "squares", "computed_at"],
    )
    # a department that lost its last row of the day, by a transfer or a withdrawal, has no figure any more
    Snapshot.objects.filter(day=day, computed_at__lt=at).delete()
    return len(rows)


def take_days(*, days: Iterable[date], at: datetime) -> int:
    """Take each of the days in a transaction of its own; give how many rows there are."""
    return sum(take(day=day, at=at) for day in days)


def recent_days(today: date) -> list[date]:
    """The days whose figures may still change, today last."""
    return [today - timedelta(days) for days in range(RECENT_DAYS, -1, -1)]
