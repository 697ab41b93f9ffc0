"""The goals that figures are held against."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kpis.models.metric import Direction, MetricCode


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
