"""manage.py import_shop --map FILE PATH…: see docs/import.md."""

from argparse import ArgumentParser
from pathlib import Path
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from compensation.shop_import.errors import MapError
from config.common.errors import DomainError
from feedback.intake import commands, running, shop
from feedback.models import ImportStatus


class Bar:
    """A progress bar for each file."""

    def __init__(self, *, hidden: bool) -> None:
        self._hidden = hidden
        self._bar: Any = None
        self._of = ("", "")

    def tell(self, entity: str, file: str, done: int, total: int) -> None:
        """Show how far the reading of a file is."""
        if self._of != (entity, file):
            self.close()
            self._of = (entity, file)
            self._bar = tqdm(
                total=total or None,
                desc=f"{entity or 'join':13} {file}",
                unit="B" if total else " rows",
                unit_scale=True,
                disable=self._hidden,
            )
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """End the bar of the last file."""
        if self._bar is not None:
            self._bar.close()


class Command(BaseCommand):
    help = "Import members, orders, parcels, reviews and cases from CSV or XLSX files. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the map and the files."""
        parser.add_argument(
            "--map", required=True, help="the column map: a file, or the name of one that ships"
        )
        parser.add_argument(
            "--rejects", default="rejected.csv", help="where bad rows are reported (rejected.csv)"
        )
        parser.add_argument("--no-progress", action="store_true", help="show no progress bars")
        parser.add_argument("paths", nargs="+", help="files, or folders of files")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import, and say what was done."""
        began = monotonic()
        try:
            path = shop.stored_maps().get(options["map"]) or Path(options["map"])
            shop.load_map(path)
        except MapError as error:
            raise CommandError(str(error)) from error
        files = [Path(one) for one in options["paths"]]
        run = commands.create(
            files=[file.name for file in files],
            folder="",
            map_name=path.name,
            map_text=path.read_text(encoding="utf-8-sig"),
            actor=None,
            at=timezone.now(),
        )
        commands.start(run_id=run.pk, at=timezone.now())
        bar = Bar(hidden=options["no_progress"])
        report = Path(options["rejects"])
        try:
            run = running.perform(
                run, files=files, report=report, actor=None, tell=bar.tell, clock=timezone.now
            )
        except (DomainError, OSError) as error:
            commands.fail(run_id=run.pk, reason=str(error), actor=None, at=timezone.now())
            raise CommandError(str(error)) from error
        finally:
            bar.close()
        if run.status == ImportStatus.FAILED:
            raise CommandError("\n".join(run.failures))
        self._summary(run.counts, monotonic() - began)
        if run.rejected:
            self.stdout.write(self.style.WARNING(f"{run.rejected} rows rejected: see {report}"))
        if run.failures:
            raise CommandError("\n".join(run.failures))

    def _summary(self, counts: dict[str, dict[str, int]], seconds: float) -> None:
        columns = ("read", "inserted", "updated", "unchanged", "skipped", "rejected")
        self.stdout.write(f"{'':13}" + "".join(f"{name:>10}" for name in columns))
        for entity, count in counts.items():
            self.stdout.write(f"{entity:13}" + "".join(f"{count[name]:>10,}" for name in columns))
        rows = sum(count["read"] for count in counts.values())
        self.stdout.write(f"{rows:,} rows in {seconds:.1f} s")
