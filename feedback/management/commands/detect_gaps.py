"""manage.py detect_gaps: search every order that may have changed."""

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from feedback.gaps import commands


class Command(BaseCommand):
    help = "Find the gaps of all orders that changed or fell due since the last search."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Search until nothing is left, and say what was found."""
        counts: Counter[str] = Counter()
        while True:
            found = commands.detect(at=timezone.now())
            counts.update(found.counts)
            if not found.more:
                break
        for kind, number in sorted(counts.items()):
            self.stdout.write(f"{kind:15} {number:>9,}")
        if not counts:
            self.stdout.write("nothing new")
