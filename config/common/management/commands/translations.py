"""manage.py translations update | check | compile."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.common import translations


class Command(BaseCommand):
    help = "Bring the translation files up to date, check or compile them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["update", "check", "compile"])

    def handle(self, *_args: Any, what: str, **_options: Any) -> None:
        """Do it.

        Raises:
            CommandError: `check` found problems.
        """
        if what == "update":
            for folder in translations.FOLDERS:
                translations.update(folder)
        elif what == "compile":
            translations.compile_changed()
        elif found := list(translations.problems()):
            raise CommandError(
                "\n".join([*found, "", f"{len(found)} problems: `make messages`, then translate."])
            )
