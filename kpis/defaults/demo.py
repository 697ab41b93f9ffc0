"""The figures of the demo shop's days."""

from datetime import datetime, timedelta

from django.utils import timezone

from kpis.snapshots.commands import take_days

DAYS = 60


def seed(at: datetime) -> None:
    """Take the figures of its days as they stand now."""
    today = timezone.localdate(at)
    take_days(days=[today - timedelta(back) for back in range(DAYS, -1, -1)], at=at)
