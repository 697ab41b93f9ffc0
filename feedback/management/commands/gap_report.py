"""manage.py gap_report: how promises were kept, and what the reviews say about it."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import override

from feedback.gaps import queries
from feedback.models import OF_TIME, Severity


class Command(BaseCommand):
    help = "Print the number of gaps by severity and the mean review score at each."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Print a table in Markdown."""
        self.stdout.write("| promise | outcome | orders | reviews | mean stars |")
        self.stdout.write("|---|---|--:|--:|--:|")
        with override("en"):
            for aspect in OF_TIME:
                for grade in queries.grades(aspect):
                    outcome = str(Severity(grade.severity).label) if grade.severity else "kept"
                    if not grade.arrived:
                        outcome += ", not yet"
                    self.stdout.write(
                        f"| {aspect.label} | {outcome} | {grade.orders:,} | {grade.reviews:,}"
                        f" | {grade.stars if grade.stars is not None else '–'} |"
                    )
