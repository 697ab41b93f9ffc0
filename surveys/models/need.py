"""Needs: what members want, with the evidence for it, whichever way they said so."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.common.bilingual import Bilingual
from feedback.models import Department


class NeedState(models.TextChoices):
    """What has become of a need."""

    OPEN = "open", pgettext_lazy("need", "not met")
    PLANNED = "planned", pgettext_lazy("need", "planned")
    MET = "met", pgettext_lazy("need", "met")
    DROPPED = "dropped", pgettext_lazy("need", "not pursued")


class KanoCategory(models.TextChoices):
    """What a feature is to those who were asked (Kano 1984; the letters of the evaluation table)."""

    MUST_BE = "M", _("must-be")
    PERFORMANCE = "O", _("performance")
    ATTRACTIVE = "A", _("attractive")
    INDIFFERENT = "I", _("indifferent")
    REVERSE = "R", _("reverse")
    QUESTIONABLE = "Q", _("questionable")


class Need(Bilingual):
    """Something that members want of us."""

    code = models.SlugField(_("code"), unique=True)
    about = models.TextField(_("description"), max_length=2_000, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=NeedState, default=NeedState.OPEN)
    department = models.ForeignKey(
        Department, models.PROTECT, verbose_name=_("department"), null=True, blank=True, related_name="needs"
    )
    created_at = models.DateTimeField(_("found"), editable=False)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="merged"
    )

    class Meta:
        verbose_name = _("need")
        verbose_name_plural = _("needs")
        ordering = ["code"]
        permissions = [("link_need", "Can say which need something speaks of")]
        constraints = [
            models.CheckConstraint(name="need_known", condition=Q(state__in=NeedState.values)),
            models.CheckConstraint(name="need_not_into_itself", condition=~Q(merged_into=F("id"))),
        ]
