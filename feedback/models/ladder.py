"""Ladders: what happens on the way to a breach and after it."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.common.bilingual import Bilingual
from config.common.spans import span


class Ladder(Bilingual):
    """Rungs that fire one after the other while a clock runs."""

    code = models.SlugField(_("code"), unique=True)

    class Meta:
        verbose_name = _("escalation ladder")
        verbose_name_plural = _("escalation ladders")
        ordering = ["code"]


class RungAction(models.TextChoices):
    """What a rung does."""

    NOTIFY_AGENT = "notify_agent", _("notify the agent (or the department when there is none)")
    NOTIFY_LEAD = "notify_lead", _("notify the leads of the department")
    REASSIGN_LEAD = "reassign_lead", _("reassign to a lead of the department")
    RAISE_PRIORITY = "raise_priority", _("raise the priority")
    ESCALATE = "escalate", _("move to the department above")


class Rung(models.Model):
    """One step: when, on the way of the target or after it, and what then."""

    ladder = models.ForeignKey(Ladder, models.CASCADE, related_name="rungs")
    percent = models.PositiveSmallIntegerField(
        _("at % of the target"), null=True, blank=True, help_text=_("100 is the moment it is due.")
    )
    after = models.DurationField(_("or this long after it is due"), null=True, blank=True)
    in_working_time = models.BooleanField(
        _("counted in working time"),
        default=True,
        help_text=_("Off: the time after is counted around the clock."),
    )
    action = models.CharField(_("action"), max_length=16, choices=RungAction)

    class Meta:
        verbose_name = _("rung")
        verbose_name_plural = _("rungs")
        ordering = ["percent", "after", "id"]
        constraints = [
            models.CheckConstraint(name="rung_action_known", condition=Q(action__in=RungAction.values)),
            models.CheckConstraint(
                name="rung_has_one_time",
                condition=Q(percent__isnull=False, percent__gt=0, percent__lte=100, after__isnull=True)
                | Q(percent__isnull=True, after__isnull=False, after__gt="00:00:00"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.percent}%" if self.percent is not None else f"+{span(self.after)}"


class LadderVersion(models.Model):
    """What a ladder said from a publication on."""

    ladder = models.ForeignKey(Ladder, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    content = models.JSONField()
    published_at = models.DateTimeField(_("published"))

    class Meta:
        verbose_name = _("ladder version")
        verbose_name_plural = _("ladder versions")
        constraints = [models.UniqueConstraint(name="ladderversion_once", fields=["ladder", "number"])]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.ladder} v{self.number}"
