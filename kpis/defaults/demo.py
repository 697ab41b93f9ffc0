"""The figures of the demo shop's days."""

from datetime import datetime, timedelta

from django.utils import timezone

from kpis.snapshots.commands import take

DAYS = 60


def seed(at: datetime) -> None:
    """Take the figures of its days as they stand now."""
    today = timezone.localdate(at)
    take(first=today - timedelta(DAYS), last=today, at=at)
