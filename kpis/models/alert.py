"""What was found about figures and has to be known by somebody."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kpis.models.metric import KEY_FITS, Sliced
from kpis.models.target import GOAL_GRAINS


class AlertKind(models.TextChoices):
    """What was found."""

    MISSED = "missed", _("goal missed")
    EXPECTED = "expected", _("goal will be missed")
    TURN = "turn", _("turn of trend")
    OUTLIER = "outlier", _("outlier")


ABOUT_GOALS = (AlertKind.MISSED, AlertKind.EXPECTED)


class FigureAlert(Sliced):
    """Something found about a figure, once. It is open until somebody takes note of it or it is gone.

    Of goals `first` and `last` are the period's days; of an outlier both are its day; of a turn `first` is
    the day that it seems to have begun and `last` the day that it was found.
    """

    kind = models.CharField(_("kind"), max_length=8, choices=AlertKind)
    grain = models.CharField(_("for each"), max_length=7, choices=GOAL_GRAINS, blank=True)
    first = models.DateField(_("from"))
    last = models.DateField(_("up to and with"))
    is_worse = models.BooleanField(_("for the worse"), default=True)
    n = models.PositiveBigIntegerField(_("n"))
    value = models.FloatField(
        pgettext_lazy("figure", "value"), help_text="In the metric's unit; of a forecast the value expected."
    )
    against = models.FloatField(_("held against"), help_text="The goal, or what is usual.")
    numbers = models.JSONField(default=dict, help_text="What the method reckoned with, by its names.")
    found_at = models.DateTimeField(_("found at"))
    closed_at = models.DateTimeField(_("gone since"), null=True, blank=True)
    acknowledged_at = models.DateTimeField(_("taken note of at"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("taken note of by"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("alert of figures")
        verbose_name_plural = _("alerts of figures")
        permissions = [("acknowledge_figurealert", "Can take note of alerts of figures")]
        constraints = [
            models.UniqueConstraint(  # found once; cool-down: the newest turn of a figure
                name="figurealert_once", fields=["metric", "dimension", "key", "kind", "grain", "last"]
            ),
            models.CheckConstraint(name="figurealert_key_fits", condition=KEY_FITS),
            models.CheckConstraint(name="figurealert_forward", condition=Q(first__lte=models.F("last"))),
            models.CheckConstraint(
                name="figurealert_grain_of_goals",
                condition=Q(kind__in=["missed", "expected"]) & ~Q(grain="")
                | Q(kind__in=["turn", "outlier"], grain=""),
            ),
            models.CheckConstraint(
                name="figurealert_acknowledged_whole",
                condition=Q(acknowledged_at__isnull=True, acknowledged_by__isnull=True, note="")
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
            ),
        ]
        indexes = [
            models.Index(  # the menu's count, the list of open ones
                name="figurealert_open",
                fields=["-found_at", "-id"],
                condition=Q(closed_at__isnull=True, acknowledged_at__isnull=True),
            ),
            models.Index(  # the sweep: what may be gone by now
                name="figurealert_standing", fields=["kind"], condition=Q(closed_at__isnull=True)
            ),
            models.Index(name="figurealert_newest", fields=["-found_at", "-id"]),  # the list of all
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_metric_display()} {self.last}"
