"""What beat wakes for the kernel: outbox, seals, retention, and the sign of life."""

from celery import shared_task
from django.utils import timezone

from config.common import outbox, retention, seals
from config.common.models import Heartbeat


@shared_task(name="common.heartbeat")
def heartbeat() -> None:
    """Note that a worker has done something just now."""
    Heartbeat.objects.update_or_create(name="worker", defaults={"at": timezone.now()})


@shared_task(name="common.heartbeat_clocks")
def heartbeat_clocks() -> None:
    """Note the same of a worker that serves the clocks' queue."""
    Heartbeat.objects.update_or_create(name="clocks", defaults={"at": timezone.now()})


@shared_task(name="config.common.tasks.relay")
def relay() -> None:
    """Send what is due."""
    outbox.relay(timezone.now())


@shared_task(name="config.common.tasks.seal")
def seal() -> None:
    """Seal the events since the last seal."""
    seals.seal(timezone.now())


@shared_task(name="config.common.tasks.forget")
def forget() -> None:
    """Let go of what is past its period."""
    retention.retain_all(at=timezone.now())
