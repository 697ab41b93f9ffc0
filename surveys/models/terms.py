"""What holds for all campaigns together."""

from datetime import time

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class SurveyTerms(models.Model):
    """What holds for all campaigns together. There is one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    most = models.PositiveSmallIntegerField(
        _("at most (surveys)"), default=2, help_text=_("That a member is asked to answer, of all together.")
    )
    days = models.PositiveSmallIntegerField(pgettext_lazy("survey cap", "in (days)"), default=30)
    quiet_from = models.TimeField(_("quiet from"), default=time(21))
    quiet_until = models.TimeField(_("quiet until"), default=time(9))
    smallest_cell = models.PositiveSmallIntegerField(
        _("smallest group shown"),
        default=5,
        help_text=_("Of anonymous answers: no figure of fewer, nor one that gives fewer away."),
    )

    told_at = models.TimeField(
        _("results told at"),
        default="17:00",
        help_text=_("Once a day, to agents and leads, of their own cases; bad ones at once."),
    )
    told_upto = models.DateTimeField(null=True, editable=False, help_text="Answers before this were told.")
    closed_upto = models.DateTimeField(
        null=True, editable=False, help_text="The night up to which anonymous days were closed."
    )
    few = models.PositiveSmallIntegerField(
        _("few answers below"),
        default=30,
        help_text=_("Figures of fewer are marked, and never ranked."),
    )

    class Meta:
        verbose_name = _("terms of surveys")
        verbose_name_plural = _("terms of surveys")
        constraints = [
            models.CheckConstraint(name="surveyterms_one", condition=Q(id=1)),
            models.CheckConstraint(
                name="surveyterms_some", condition=Q(most__gt=0, days__gt=0, smallest_cell__gte=2, few__gte=2)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.most} / {self.days}"
