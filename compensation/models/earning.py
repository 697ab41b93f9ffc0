"""What points are worth."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class PointsRule(models.Model):
    """What points are worth: so many points stand for so many fen. There is one rule."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    points = models.PositiveIntegerField(_("points"), default=100)
    worth_fen = models.PositiveIntegerField(_("are worth (fen)"), default=100)

    class Meta:
        verbose_name = _("value of points")
        verbose_name_plural = _("value of points")
        constraints = [
            models.CheckConstraint(name="pointsrule_one", condition=Q(id=1)),
            models.CheckConstraint(name="pointsrule_positive", condition=Q(points__gt=0, worth_fen__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.points} = {self.worth_fen}"
