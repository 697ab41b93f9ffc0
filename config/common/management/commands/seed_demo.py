"""manage.py seed_demo: a believable shop to look at, for an empty installation."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from config.common import demo, registry


class Command(BaseCommand):
    help = "Fill an empty installation with a demo shop."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if demo.is_seeded():
            raise CommandError("The demo shop is there already. `make reset` throws it away.")
        at = timezone.now()
        with transaction.atomic():
            for seed in registry.DEMO:
                seed(at)
        demo.mark_seeded()
