"""What we owe, to the terminal or as CSV or JSON."""

import csv
import json
from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from compensation.finance import queries, rolling, sheets
from compensation.finance.queries import Report


class Command(BaseCommand):
    help = "Print what members are owed: opening, moves, closing, why, and what is promised."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The period and the format."""
        parser.add_argument("--since", type=_day, help="first day, such as 2026-11-01; this month's without")
        parser.add_argument("--until", type=_day, help="last day, with it; today without")
        parser.add_argument("--format", choices=["text", "csv", "json"], default="text")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Add up what came, hold it against the balances, and print."""
        today = timezone.localdate()
        since = options["since"] or today.replace(day=1)
        until = (options["until"] or today) + timedelta(days=1)
        if not since < until:
            raise CommandError("the last day is before the first")
        now = timezone.now()
        rolling.roll_up(at=now)
        rolling.prove(at=now)
        report = queries.report(since=since, until=until)
        parts = [
            (sheets.statement_head(), list(sheets.statement_rows(report))),
            (sheets.reason_head(), list(sheets.reason_rows(report))),
            (sheets.promised_head(), list(sheets.promised_rows(report))),
        ]
        getattr(self, f"_{options['format']}")(report, parts)
        if report.difference:
            raise CommandError(f"the sums differ from the balances by {report.difference}")

    def _text(self, report: Report, parts: list[Any]) -> None:
        self.stdout.write(f"{report.since} – {report.until - timedelta(days=1)}\n")
        for head, rows in parts:
            self.stdout.write(sheets.table(head, rows) + "\n")

    def _csv(self, _report: Report, parts: list[Any]) -> None:
        writer = csv.writer(self.stdout)
        for head, rows in parts:
            writer.writerows([head, *rows, []])

    def _json(self, report: Report, parts: list[Any]) -> None:
        names = ("statements", "reasons", "promised")
        data: dict[str, Any] = {name: [head, *rows] for name, (head, rows) in zip(names, parts, strict=True)}
        data |= {"since": report.since, "until": report.until, "difference": report.difference}
        self.stdout.write(json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))


def _day(text: str) -> date:
    return date.fromisoformat(text)
