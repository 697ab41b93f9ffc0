"""How long each kind of data is kept, and what was let go of when."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class RetentionPeriod(models.Model):
    """How many days a kind of data is kept. What kinds there are, the program says."""

    code = models.CharField(_("kind"), max_length=40, unique=True)
    days = models.PositiveIntegerField(_("kept for (days)"))
    least_days = models.PositiveIntegerField(
        _("at least (days)"), default=0, editable=False, help_text=_("What the law asks for.")
    )

    class Meta:
        verbose_name = _("retention period")
        verbose_name_plural = _("retention periods")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="retentionperiod_lawful", condition=Q(days__gte=F("least_days")) & Q(days__gte=1)
            )
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.days}"


class RetentionRun(models.Model):
    """What of a kind was past its period: let go of, or only counted."""

    code = models.CharField(_("kind"), max_length=40)
    days = models.PositiveIntegerField(_("kept for (days)"))
    is_dry = models.BooleanField(_("counted only"), default=False)
    rows = models.PositiveBigIntegerField(_("rows"), default=0)
    files = models.PositiveBigIntegerField(_("files"), default=0)
    bytes = models.PositiveBigIntegerField(_("size of the files (bytes)"), default=0)
    held = models.PositiveBigIntegerField(
        _("kept by a hold"), default=0, help_text=_("Past the period, but somebody put a hold on them.")
    )
    oldest = models.DateTimeField(_("oldest"), null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("by"),
        null=True,
        blank=True,
        related_name="+",
    )
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("retention run")
        verbose_name_plural = _("retention runs")
        ordering = ["-id"]
        indexes = [models.Index(name="retentionrun_last", fields=["code", "is_dry", "-id"])]

    def __str__(self) -> str:
        return f"{self.code}: {self.rows}"
