"""manage.py seed_demo: a believable shop to look at, for an empty installation."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from config.common import demo, registry
from config.common.models import OutboxMessage, OutboxStatus


class Command(BaseCommand):
    help = "Fill an empty installation with a demo shop."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if demo.is_seeded():
            raise CommandError("The demo shop is there already. `make reset` throws it away.")
        at = timezone.now()
        for seed in registry.DEMO:  # each commits: gaps are found in orders that are there for all to see
            with transaction.atomic():
                seed(at)
        # what the demo shop said in the past has long arrived; its addresses lead nowhere
        OutboxMessage.objects.filter(status=OutboxStatus.PENDING).update(status=OutboxStatus.SENT, sent_at=at)
        demo.mark_seeded()
