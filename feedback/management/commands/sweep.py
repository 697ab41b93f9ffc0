"""manage.py sweep: one pass over the clocks that are due."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from feedback.ladders.sweep import LIMIT, WORKERS, sweep


class Command(BaseCommand):
    help = "Put breaches on record and fire the rungs of escalation that are due now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, default=LIMIT, help="at most so many clocks")

    def handle(self, *_args: Any, limit: int, **_options: Any) -> None:
        """Do it and say what was done.

        Raises:
            CommandError: something went wrong on a case.
        """
        began = time.monotonic()
        result = sweep(timezone.now(), limit=limit, workers=WORKERS)
        rungs = ", ".join(f"{action} {number}" for action, number in sorted(result.fired.items()))
        self.stdout.write(
            f"{result.clocks} clocks, {result.breached} breached, rungs: {rungs or 'none'}"
            f" ({time.monotonic() - began:.2f} s)"
        )
        if result.failed:
            raise CommandError(f"Failed on the cases {result.failed}: see the log.")
