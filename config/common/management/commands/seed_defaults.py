"""manage.py seed_defaults: idempotent."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from config.common import registry

SEEDED = "Part of Huiyin"


class Command(BaseCommand):
    help = "Bring the defaults into the database; what people have edited stays as it is."

    @transaction.atomic
    def handle(self, *_args: Any, **_options: Any) -> None:
        at = timezone.now()
        for seed in registry.DEFAULTS:
            seed(at)
        self._periodic_tasks()

    def _periodic_tasks(self) -> None:
        """Write what beat sends; a task that waits longer than its interval for a worker is dropped."""
        for entry in registry.PERIODIC:
            interval, _made = IntervalSchedule.objects.get_or_create(
                every=entry.every_seconds, period=IntervalSchedule.SECONDS
            )
            fixed = {"task": entry.task, "expire_seconds": entry.every_seconds, "description": SEEDED}
            PeriodicTask.objects.update_or_create(
                name=entry.name, defaults=fixed, create_defaults={**fixed, "interval": interval}
            )
        names = [entry.name for entry in registry.PERIODIC]
        PeriodicTask.objects.filter(description=SEEDED).exclude(name__in=names).delete()
