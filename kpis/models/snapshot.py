"""Figures by day, and the goals they are held against."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from feedback.models import Department


class MetricCode(models.TextChoices):
    """The defined figures; each is computed by one function in kpis.metrics."""

    FIRST_REPLY = "first_reply_attainment", _("first replies in time")
    RESOLUTION = "resolution_attainment", _("resolutions in time")
    CSAT = "csat", _("satisfaction (CSAT)")
    GAP_RATE = "gap_rate", _("orders with a broken promise")
    COMPLAINT_RATE = "complaint_rate", _("complaints per order")


class Direction(models.TextChoices):
    """Which way is better."""

    UP = "up", _("at least")
    DOWN = "down", _("at most")


class Target(models.Model):
    """The goal of a metric."""

    metric = models.CharField(_("figure"), max_length=32, choices=MetricCode, unique=True)
    direction = models.CharField(_("direction"), max_length=4, choices=Direction)
    goal = models.DecimalField(_("goal"), max_digits=9, decimal_places=3)

    class Meta:
        verbose_name = _("goal")
        verbose_name_plural = _("goals")
        constraints = [
            models.CheckConstraint(
                name="target_known", condition=Q(metric__in=MetricCode.values, direction__in=Direction.values)
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_metric_display()} {self.get_direction_display()} {self.goal}"


class Snapshot(models.Model):
    """A metric's value for one day and one department, or the whole company where there is none.

    `total / n` over any days and departments gives the value for them all.
    """

    metric = models.CharField(_("figure"), max_length=32, choices=MetricCode)
    day = models.DateField(_("day"))
    department = models.ForeignKey(
        Department,
        models.CASCADE,
        verbose_name=_("department"),
        null=True,
        blank=True,
        related_name="snapshots",
    )
    n = models.PositiveIntegerField(_("n"), help_text=_("What it was measured on."))
    total = models.BigIntegerField(
        _("sum"), help_text=_("How many of them counted, or the sum of their scores.")
    )
    squares = models.BigIntegerField(
        default=0, help_text="The sum of squared scores, for the interval of a mean."
    )
    computed_at = models.DateTimeField(_("computed"))

    class Meta:
        verbose_name = _("snapshot")
        verbose_name_plural = _("snapshots")
        constraints = [
            models.UniqueConstraint(
                name="snapshot_once", fields=["metric", "day", "department"], nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.metric} {self.day}"
