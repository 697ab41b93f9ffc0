import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from compensation.models import Member
from compensation.privacy import commands
from config.common.errors import DomainError


class Command(BaseCommand):
    """Write all that we hold of a member into a ZIP."""

    help = "Write all that is held of a member into a ZIP, by the shop's number."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, and where to."""
        parser.add_argument("number", help="the member's number in the shop")
        parser.add_argument("file", type=Path, help="where to write the ZIP; it must not be there yet")

    def handle(self, *_args: Any, number: str, file: Path, **_options: Any) -> None:
        """Write it whole or not at all."""
        member = Member.objects.filter(external_id=number).first()
        if member is None:
            raise CommandError(f"There is no member {number}.")
        try:
            source = commands.export(member_id=member.pk, actor=None, at=timezone.now())
            with source, file.open("xb") as target:
                shutil.copyfileobj(source, target)
        except (DomainError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Written to {file}.")
