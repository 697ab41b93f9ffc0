"""The goals that figures are held against."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kpis.models.metric import KEY_FITS, Dimension, Grain, MetricCode, Sliced

GOAL_GRAINS = [(one.value, one.label) for one in (Grain.WEEK, Grain.MONTH, Grain.QUARTER)]


class Target(Sliced):
    """A goal from a day on: of a metric, the whole or one key, for periods of one length.

    A row is a version; a period is judged by the newest that began by its first day. Which way is better
    is the metric's own. Goals change only through kpis.targets.commands.
    """

    grain = models.CharField(_("for each"), max_length=7, choices=GOAL_GRAINS)
    since = models.DateField(_("from the period of"), help_text=_("The first day of a period."))
    goal = models.DecimalField(
        _("goal"),
        max_digits=12,
        decimal_places=3,
        null=True,
        blank=True,
        help_text=_("In the figure's unit, times in seconds. None: no goal of its own any more."),
    )
    warning = models.DecimalField(
        _("warning band"),
        max_digits=12,
        decimal_places=3,
        default=0,
        help_text=_("Closer to the goal than this is at risk."),
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=pgettext_lazy("goal", "owner"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text=_("Is told when it is missed."),
    )
    set_at = models.DateTimeField(_("set at"))
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("set by"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )

    class Meta:
        verbose_name = _("goal")
        verbose_name_plural = _("goals")
        constraints = [
            models.UniqueConstraint(
                name="target_once", fields=["metric", "dimension", "key", "grain", "since"]
            ),
            models.CheckConstraint(
                name="target_known",
                condition=Q(
                    metric__in=MetricCode.values,
                    dimension__in=Dimension.values,
                    grain__in=[grain for grain, _label in GOAL_GRAINS],
                ),
            ),
            models.CheckConstraint(name="target_key_fits", condition=KEY_FITS),
            models.CheckConstraint(name="target_warning_forward", condition=Q(warning__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.get_metric_display()} {self.get_grain_display()} {self.since} {self.goal}"
