from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from compensation.models import Member
from compensation.privacy import commands
from config.common.errors import DomainError


class Command(BaseCommand):
    """Erase a member's data for good."""

    help = "Erase all personal data of a member, by the shop's number. It cannot be undone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, and whether it is meant."""
        parser.add_argument("number", help="the member's number in the shop")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *_args: Any, number: str, yes: bool, **_options: Any) -> None:
        """Ask, erase, say what became of it."""
        member = Member.objects.filter(external_id=number).first()
        if member is None:
            raise CommandError(f"There is no member {number}.")
        if member.erased_at is not None:
            self.stdout.write(f"Member {number} was erased on {member.erased_at:%F}.")
            return
        if not yes and input(f"Erase all personal data of member {number} for good? [y/N] ").lower() != "y":
            raise CommandError("Nothing was erased.")
        try:
            commands.erase(member_id=member.pk, actor=None, at=timezone.now())
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The data of member {number} was erased.")
