"""The task that shows that beat and a worker are alive."""

from celery import shared_task
from django.utils import timezone

from config.common.models import Heartbeat


@shared_task(name="common.heartbeat")
def heartbeat() -> None:
    """Note that a worker has done something just now."""
    Heartbeat.objects.update_or_create(name="worker", defaults={"at": timezone.now()})
