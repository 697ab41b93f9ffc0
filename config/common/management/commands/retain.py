"""manage.py retain: let go of what is past its period, or only count it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from config.common import retention


class Command(BaseCommand):
    help = "Let go of what is past its period; with --dry-run only count it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count, and change nothing")
        parser.add_argument(
            "--kind", action="append", default=[], metavar="KIND", help="only this; again for more"
        )

    def handle(self, *_args: Any, dry_run: bool, kind: list[str], **_options: Any) -> None:
        """Do it kind by kind, and tell.

        Raises:
            CommandError: there is no such kind.
        """
        if unknown := sorted(set(kind) - retention.KINDS.keys()):
            known = ", ".join(retention.KINDS)
            raise CommandError(f"No kind called {unknown[0]}. There are: {known}.")
        for code in kind or retention.KINDS:
            run = retention.retain(code=code, is_dry=dry_run, at=timezone.now())
            held = f", {run.held} held" if run.held else ""
            oldest = f", oldest {run.oldest:%Y-%m-%d}" if run.oldest else ""
            size = f", {run.files} files ({filesizeformat(run.bytes)})" if run.files else ""
            verb = "would go" if dry_run else "went"
            self.stdout.write(f"{code} ({run.days} days): {run.rows} rows {verb}{size}{held}{oldest}")
