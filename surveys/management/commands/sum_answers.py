"""Sums up survey answers: what has come since, or all of a campaign anew."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from surveys.models import Campaign
from surveys.results import sums


class Command(BaseCommand):
    help = "Sum up the answers that came since; with a campaign, all of its answers anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", nargs="?", help="the code of a campaign")

    def handle(self, *_args: Any, **options: Any) -> None:
        code = options["campaign"]
        if code is None:
            self.stdout.write(str(sums.catch_up()))
            return
        campaign = Campaign.objects.filter(code=code).first()
        if campaign is None:
            raise CommandError(f"no campaign {code}")
        for wave in campaign.waves.order_by("opens_at"):
            sums.rebuild(wave.pk)
            self.stdout.write(f"{wave.label}")
