"""Remedies: the link from a case or gap to what was granted for it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compensation.models import Grant
from feedback.models.case import Case
from feedback.models.gap import Gap


class Remedy(models.Model):
    """What was granted, and for which case or gap."""

    grant = models.OneToOneField(Grant, models.PROTECT, verbose_name=_("grant"), related_name="remedy")
    case = models.ForeignKey(
        Case, models.PROTECT, verbose_name=_("case"), null=True, blank=True, related_name="remedies"
    )
    gap = models.ForeignKey(
        Gap, models.PROTECT, verbose_name=_("gap"), null=True, blank=True, related_name="remedies"
    )

    class Meta:
        verbose_name = _("remedy")
        verbose_name_plural = _("remedies")
        permissions = [("decide_all_departments", "Can decide on the grants of all departments")]
        constraints = [
            models.CheckConstraint(
                name="remedy_has_reason", condition=Q(case__isnull=False) | Q(gap__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.grant_id}"
