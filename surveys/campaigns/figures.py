"""How the waves of a campaign stand: asked, answered, waiting, not asked and why."""

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Count, Q

from surveys.campaigns.judging import terms
from surveys.models import Campaign, Invitation, Response, Skip, Waiting, Wave

LATEST = 12


@dataclass(slots=True)
class WaveFigures:
    """The figures of one wave.

    Of an anonymous one `answered` counts answers, not who gave them, and is None where few answered or few
    did not; nobody notes who opened it.
    """

    wave: Wave
    asked: int = 0
    arrived: int = 0
    """Of how many a gateway has said that it arrived; many say nothing."""
    answered: int | None = 0
    bounced: int = 0
    opened: int = 0
    opted_out: int = 0
    reminded: int = 0
    waiting: int = 0
    not_asked: Counter[str] = field(default_factory=Counter)

    @property
    def delivered(self) -> int:
        """To how many nothing says that it did not arrive."""
        return self.asked - self.bounced


def _as_told(one: WaveFigures, smallest: int) -> int | None:
    """How many answered, where enough did and, of those who were asked, enough did not.

    None is told as few are: else "withheld" would say that somebody has answered.
    """
    answered = one.answered or 0
    rest = one.asked - answered if one.asked else smallest
    return answered if min(answered, rest) >= smallest else None


def of_waves(campaign: Campaign) -> list[WaveFigures]:
    """The figures of the latest waves, newest first. Five queries; of anonymous ones six."""
    waves = list(campaign.waves.select_related("campaign").order_by("-opens_at")[:LATEST])
    found = {wave.pk: WaveFigures(wave) for wave in waves}
    asked = Invitation.objects.filter(wave__in=found).order_by().values("wave")
    for row in asked.annotate(
        asked=Count("pk"),
        bounced=Count("pk", filter=Q(bounced_at__isnull=False)),
        arrived=Count("pk", filter=Q(delivered_at__isnull=False)),
        opened=Count("pk", filter=Q(opened_at__isnull=False)),
        opted_out=Count("pk", filter=Q(opted_out_at__isnull=False)),
        reminded=Count("pk", filter=Q(reminders__gt=0)),
    ):
        one = found[row["wave"]]
        one.asked, one.bounced, one.reminded = row["asked"], row["bounced"], row["reminded"]
        one.opened, one.opted_out, one.arrived = row["opened"], row["opted_out"], row["arrived"]
    answered = Response.objects.filter(wave__in=found).order_by().values_list("wave")
    for pk, number in answered.annotate(number=Count("pk")):
        found[pk].answered = number
    if campaign.is_anonymous:
        smallest = terms().smallest_cell
        for one in found.values():
            one.answered = _as_told(one, smallest)
    waiting = Waiting.objects.filter(wave__in=found).order_by().values_list("wave")
    for pk, number in waiting.annotate(number=Count("pk")):
        found[pk].waiting = number
    skipped = Skip.objects.filter(wave__in=found).order_by().values_list("wave", "reason")
    for pk, reason, number in skipped.annotate(number=Count("pk")):
        found[pk].not_asked[reason] = number
    return list(found.values())
