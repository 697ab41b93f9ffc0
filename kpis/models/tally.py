"""How often things happened on a day, by hour, cause or length: what dashboards draw beside figures."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kpis.models.metric import KEY, KEY_FITS, Dimension


class TallyOf(models.TextChoices):
    """What is tallied, and what its cells are."""

    ARRIVED = "arrived", _("cases that came, by hour")
    KIND = "kind", _("cases that came, by kind")
    BREACHED = "breached", _("breaches, by hour")
    CAUSE = "cause", _("breaches, by cause")
    FIRST_REPLY = "first_reply", _("first replies, by how long they took")
    GAP = "gap", _("gaps that fell due, by what and why")
    STARS = "stars", _("reviews, by stars")


class Tally(models.Model):
    """How often something happened on a day (Asia/Shanghai), of the whole or one key, in one cell.

    Always as the rows are when the day is taken, of closed days too: it explains figures, it is none.
    """

    of = models.CharField(_("of"), max_length=12, choices=TallyOf)
    dimension = models.CharField(_("told apart by"), max_length=10, choices=Dimension, blank=True)
    key = models.CharField(max_length=KEY, blank=True, help_text="A department's number, or a category.")
    day = models.DateField(_("day"))
    cell = models.CharField(
        max_length=40,
        blank=True,
        help_text="The hour, the kind, the stars, the cause (empty where nobody has said one), what and why"
        " with a colon between them, or the bucket of kpis.metrics.sketch.",
    )
    n = models.PositiveBigIntegerField(_("n"))

    class Meta:
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")
        constraints = [
            models.UniqueConstraint(  # boards.tallied reads nothing but this
                name="tally_once_a_day", fields=["of", "dimension", "key", "day", "cell"], include=["n"]
            ),
            models.CheckConstraint(name="kpis_tally_key_fits", condition=KEY_FITS),
            models.CheckConstraint(name="tally_of_some", condition=Q(n__gt=0)),
        ]
        indexes = [models.Index(name="kpis_tally_day", fields=["day"])]  # taking a day

    def __str__(self) -> str:
        return f"{self.of} {self.dimension}:{self.key} {self.day} {self.cell}"
