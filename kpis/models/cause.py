"""Why something falls short: a tree of whys down to the root, with evidence on each."""

from functools import reduce
from operator import or_

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.common.models import User
from feedback.models import Case, Gap, Review
from kpis.models.improvement import Improvement
from kpis.models.metric import KEY, Dimension, MetricCode
from surveys.models import Need

ROWS = ("case", "gap", "review", "need")
"""Rows that bear a why out; beside them there are figures."""


class Why(models.Model):
    """One answer to "why?"; what stands below it says why in turn. A root is where the asking ends."""

    improvement = models.ForeignKey(Improvement, models.CASCADE, related_name="whys")
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="children")
    text = models.CharField(pgettext_lazy("improvement", "why"), max_length=400)
    position = models.PositiveSmallIntegerField(default=1, help_text="Among those of the same parent.")
    is_root = models.BooleanField(_("root cause"), default=False)

    class Meta:
        verbose_name = pgettext_lazy("improvement", "why")
        verbose_name_plural = _("whys")
        ordering = ["position", "pk"]
        constraints = [models.CheckConstraint(name="why_not_of_itself", condition=~Q(parent=F("id")))]

    def __str__(self) -> str:
        return self.text


def _only(source: str) -> Q:
    rows = Q(**{f"{one}__isnull": one != source for one in ROWS})
    return rows & (~Q(metric="") if source == "figure" else Q(metric=""))


class Ground(models.Model):
    """What bears a why out: one case, gap, review or need, or a figure over some days."""

    why = models.ForeignKey(Why, models.CASCADE, related_name="grounds", db_index=False)
    case = models.ForeignKey(Case, models.CASCADE, null=True, related_name="+")
    gap = models.ForeignKey(Gap, models.CASCADE, null=True, related_name="+")
    review = models.ForeignKey(Review, models.CASCADE, null=True, related_name="+")
    need = models.ForeignKey(Need, models.CASCADE, null=True, related_name="+")
    metric = models.CharField(_("figure"), max_length=32, choices=MetricCode, blank=True)
    dimension = models.CharField(_("told apart by"), max_length=10, choices=Dimension, blank=True)
    key = models.CharField(_("of"), max_length=KEY, blank=True)
    first = models.DateField(_("from"), null=True)
    last = models.DateField(_("up to and with"), null=True)
    added_at = models.DateTimeField(_("added"))
    added_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("evidence of a cause")
        verbose_name_plural = _("evidence of causes")
        constraints = [
            models.CheckConstraint(
                name="ground_of_one", condition=reduce(or_, (_only(one) for one in (*ROWS, "figure")))
            ),
            models.CheckConstraint(
                name="ground_figure_has_days",
                condition=Q(metric="", dimension="", key="", first=None, last=None)
                | ~Q(metric="") & Q(first__lte=F("last")),
            ),
            *(models.UniqueConstraint(name=f"ground_{one}_once", fields=["why", one]) for one in ROWS),
            models.UniqueConstraint(
                name="ground_figure_once",
                fields=["why", "metric", "dimension", "key", "first", "last"],
                condition=~Q(metric=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.why_id} {self.pk}"
