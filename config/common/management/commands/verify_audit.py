"""manage.py verify_audit: exit code 1 when the log does not fit its seals."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Sum
from tqdm import tqdm

from config.common import seals
from config.common.models import Event, Seal
from config.common.seals import Flaw, Verdict

SAID = {
    Flaw.CHANGED: "Event {event} was changed after it was sealed (seal {seal}).",
    Flaw.MISSING: "Event {event} is missing; seal {seal} knows it.",
    Flaw.INSERTED: "Event {event} was put in after seal {seal} had been made.",
    Flaw.SEAL: "Seal {seal} is not genuine, or a seal before it is missing.",
    Flaw.HEAD: "The head noted earlier is not among the seals: the newest seals were removed.",
}


class Command(BaseCommand):
    help = "Compare the event log with its seals; name the first event that does not fit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--expect", default="", metavar="HEAD", help="a head that was noted earlier")

    def handle(self, *_args: Any, expect: str, **_options: Any) -> None:
        """Verify and tell.

        Raises:
            CommandError: something does not fit.
        """
        total = Seal.objects.aggregate(total=Sum("count"))["total"] or 0
        with tqdm(total=total, unit=" events", file=self.stderr, disable=None) as bar:
            verdict = seals.verify(expect=expect.strip().lower(), progress=bar.update)
        if verdict.flaw:
            raise CommandError(self._fault(verdict))
        last = Seal.objects.order_by("-upto_txid").first()
        young = Event.objects.filter(txid__gte=last.upto_txid if last else 0).count()
        self.stdout.write(
            f"{verdict.events} events fit their {verdict.seals} seals; {young} not sealed yet.\n"
            f"Head: {verdict.head}"
        )

    def _fault(self, verdict: Verdict) -> str:
        said = SAID[verdict.flaw or Flaw.HEAD].format(event=verdict.event_id, seal=verdict.seal_id)
        return f"{said}\n{verdict.events} events before it fit their {verdict.seals} seals."
