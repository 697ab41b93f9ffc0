"""The figures of the demo shop's days, and what is tried and mended there."""

from datetime import datetime, timedelta

from django.utils import timezone

from kpis.defaults import demo_experiments, demo_improvements
from kpis.snapshots.commands import take

DAYS = 60


def seed(at: datetime) -> None:
    """Take the figures of its days as they stand now, and begin experiments and improvements on them."""
    today = timezone.localdate(at)
    take(first=today - timedelta(DAYS), last=today, at=at)
    demo_experiments.seed(at)
    demo_improvements.seed(at)
