"""manage.py train_triage [--file FILE.csv] [--again]: learn how texts are meant, and say how well it went."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.common.errors import DomainError
from feedback.models import TriageModel
from feedback.triage import following, training
from feedback.triage.examples import of_file


class Command(BaseCommand):
    help = (
        "Train the triage on our reviews and corrections, or on a CSV file with the columns text, and "
        "positive (1 or 0) or stars, and perhaps aspects (a;b). The new version serves if it reads better "
        "than what reads now."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--file", type=Path, help="learn from this file instead")
        parser.add_argument("--again", action="store_true", help="also when nothing is new")

    def handle(self, *_args: Any, file: Path | None, again: bool, **_options: Any) -> None:
        """Train, and read anew what nobody was sure of."""
        try:
            model = self._train(file, again=again)
        except OSError as error:
            raise CommandError(str(error)) from error
        except (training.TooLittle, training.NothingNew) as error:
            self.stdout.write(str(error))
            return
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"version {model.number}: {model.get_trial_display()}")
        for name in ("n", "accuracy", "balanced", "auc", "unsure", "sure_accuracy"):
            before = model.scores["before"].get(name)
            self.stdout.write(f"{name:14} {model.scores[name]!s:>8}   before: {before}")
        if model.in_service:
            self.stdout.write(f"read anew: {following.read_again(at=timezone.now())}")

    def _train(self, file: Path | None, *, again: bool) -> TriageModel:
        at = timezone.now()
        if file is None:
            return training.train(actor=None, at=at, again=again)
        with file.open(encoding="utf-8-sig", newline="") as rows:
            return training.train(actor=None, at=at, taught=of_file(rows), again=again)
