"""What beat wakes: the figures of today, and those of the days that may still change."""

from celery import shared_task
from django.utils import timezone

from kpis.snapshots import commands


@shared_task(name="kpis.take_today")
def take_today() -> None:
    """Take today's figures."""
    commands.take(day=timezone.localdate(), at=timezone.now())


@shared_task(name="kpis.take_recent")
def take_recent() -> None:
    """Take again the figures of the days about which facts still come in."""
    commands.take_days(days=commands.recent_days(timezone.localdate()), at=timezone.now())
