"""The rounds of campaigns, and how many answers each takes."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from surveys.models.campaign import Campaign, Stratum

ONLY = "1"
"""The label of the wave of a campaign that asks once."""


class Wave(models.Model):
    """One round of a campaign: all of a campaign that asks once, else a month or quarter of it."""

    campaign = models.ForeignKey(
        Campaign, models.PROTECT, verbose_name=_("campaign"), related_name="waves", db_index=False
    )
    label = models.CharField(_("wave"), max_length=12, help_text='Such as "2026-Q4", "2026-11", or "1".')
    opens_at = models.DateTimeField(_("opens"))
    closes_at = models.DateTimeField(_("closes"), null=True)
    drawn_up_to = models.BigIntegerField(
        default=0, help_text="Members up to this number were drawn or not: where the next step goes on."
    )
    drawn_at = models.DateTimeField(_("drawn"), null=True, help_text="When all were.")

    class Meta:
        verbose_name = _("wave")
        verbose_name_plural = _("waves")
        ordering = ["campaign", "-opens_at"]
        constraints = [
            models.UniqueConstraint(name="wave_once", fields=["campaign", "label"]),
            models.CheckConstraint(
                name="wave_forward", condition=Q(closes_at__isnull=True) | Q(closes_at__gt=F("opens_at"))
            ),
        ]

    def __str__(self) -> str:
        return str(self.campaign) if self.label == ONLY else f"{self.campaign} {self.label}"

    def called(self) -> str:
        """What people call it; of a campaign that asks once, the day on which it began."""
        return f"{timezone.localdate(self.opens_at)}" if self.label == ONLY else self.label


class WaveCell(models.Model):
    """How many answered of a stratum in a wave, where there is a quota: locked while one is counted."""

    wave = models.ForeignKey(Wave, models.PROTECT, related_name="cells", db_index=False)
    stratum = models.ForeignKey(
        Stratum, models.PROTECT, null=True, related_name="cells", help_text="None: the whole wave."
    )
    quota = models.PositiveIntegerField(_("answers wanted"))
    answered = models.PositiveIntegerField(_("answers"), default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="wavecell_once", fields=["wave", "stratum"], nulls_distinct=False),
            models.CheckConstraint(name="wavecell_not_over", condition=Q(answered__lte=F("quota"))),
        ]

    def __str__(self) -> str:
        return f"{self.wave_id} {self.stratum_id}: {self.answered} / {self.quota}"
