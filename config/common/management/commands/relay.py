"""manage.py relay: what the worker does every two seconds."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from config.common import outbox


class Command(BaseCommand):
    help = "Send what is due in the outbox, until nothing is."

    def handle(self, *_args: Any, **_options: Any) -> None:
        total = outbox.Relayed()
        while (result := outbox.relay(timezone.now())).total:
            total += result
        self.stdout.write(
            f"{total.sent} sent, {total.dropped} no longer needed,"
            f" {total.postponed} postponed, {total.dead} dead letters."
        )
