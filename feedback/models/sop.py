"""The SOP as data: working calendars, and policies that choose how long a milestone may take.

Calendars, policies and ladders can be edited at any time. What a clock runs by is a numbered version,
written when the edit is published and never changed, so that no edit rewrites history.
"""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import OrderStatus
from config.common.bilingual import Bilingual
from config.common.spans import work_span
from feedback.models.choices import MAY_PAUSE, Milestone, PauseReason
from feedback.models.conditions import Conditions
from feedback.models.ladder import Ladder

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class Calendar(Bilingual):
    """When a department works."""

    code = models.SlugField(_("code"), unique=True)
    content = models.JSONField(
        _("hours"), help_text=_("Time zone, hours of each weekday, dated exceptions: see the SOP guide.")
    )

    class Meta:
        verbose_name = _("working calendar")
        verbose_name_plural = _("working calendars")
        ordering = ["code"]


class CalendarVersion(models.Model):
    """What a calendar said from a publication on."""

    calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    content = models.JSONField()
    published_at = models.DateTimeField(_("published"))

    class Meta:
        verbose_name = _("calendar version")
        verbose_name_plural = _("calendar versions")
        constraints = [models.UniqueConstraint(name="calendarversion_once", fields=["calendar", "number"])]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.calendar} v{self.number}"


class Policy(Conditions, Bilingual):
    """Which cases must reach which milestones within how long. The first that matches decides."""

    code = models.SlugField(_("code"), unique=True)
    position = models.PositiveIntegerField(_("position"), default=100, help_text=_("Lower comes first."))
    is_active = models.BooleanField(_("in force"), default=True)
    departments = ArrayField(
        models.CharField(max_length=50),
        verbose_name=_("departments"),
        default=list,
        blank=True,
        help_text=_("None chosen: any."),
    )
    order_statuses = ArrayField(
        models.CharField(max_length=16, choices=OrderStatus),
        verbose_name=_("states of the order"),
        default=list,
        blank=True,
        help_text=_("None chosen: any, and cases without an order."),
    )

    class Meta:
        verbose_name = _("SOP policy")
        verbose_name_plural = _("SOP policies")
        ordering = ["position", "id"]


class PolicyTarget(models.Model):
    """How long a milestone may take under a policy, and what happens when it does not come."""

    policy = models.ForeignKey(Policy, models.CASCADE, related_name="targets")
    milestone = models.CharField(_("milestone"), max_length=16, choices=Milestone)
    within = models.DurationField(
        _("within"), help_text=_("Hours, minutes and seconds: 0:30:00 is half an hour.")
    )
    calendar = models.ForeignKey(
        Calendar,
        models.PROTECT,
        verbose_name=_("working calendar"),
        null=True,
        blank=True,
        help_text=_("None: that of the department."),
    )
    ladder = models.ForeignKey(
        Ladder,
        models.PROTECT,
        verbose_name=_("ladder"),
        null=True,
        blank=True,
        help_text=_("None: no escalation."),
    )

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        constraints = [
            models.UniqueConstraint(name="policytarget_once", fields=["policy", "milestone"]),
            models.CheckConstraint(name="policytarget_positive", condition=Q(within__gt="00:00:00")),
        ]

    def __str__(self) -> str:
        return f"{self.get_milestone_display()} ≤ {work_span(self.within)}"


class PolicyVersion(models.Model):
    """What a policy said, targets included, from a publication on."""

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    content = models.JSONField()
    published_at = models.DateTimeField(_("published"))

    class Meta:
        verbose_name = _("policy version")
        verbose_name_plural = _("policy versions")
        constraints = [models.UniqueConstraint(name="policyversion_once", fields=["policy", "number"])]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.policy} v{self.number}"


class PauseRule(models.Model):
    """How long a clock may stand still for a reason, which clocks do, and whether somebody looks at it."""

    reason = models.CharField(_("reason"), max_length=16, choices=PauseReason, unique=True)
    milestones = ArrayField(
        models.CharField(max_length=16, choices=[(one.value, one.label) for one in MAY_PAUSE]),
        verbose_name=_("what stands still"),
        help_text=_("Replies, calls and questions to others never do."),
    )
    cap = models.DurationField(
        pgettext_lazy("pause", "at most"),
        null=True,
        blank=True,
        help_text=_("In all, for one clock: 48:00:00 is two days. Empty: as long as it takes."),
    )
    in_working_time = models.BooleanField(
        _("counted in working time"),
        default=True,
        help_text=_("Off: the time is counted around the clock."),
    )
    needs_review = models.BooleanField(
        _("reviewed"), default=True, help_text=_("A supervisor says whether each such pause counts.")
    )

    class Meta:
        verbose_name = _("rule for pauses")
        verbose_name_plural = _("rules for pauses")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(name="pauserule_reason_known", condition=Q(reason__in=PauseReason.values)),
            models.CheckConstraint(
                name="pauserule_cap_positive", condition=Q(cap__isnull=True) | Q(cap__gt="00:00:00")
            ),
            models.CheckConstraint(
                name="pauserule_never_replies",
                condition=Q(milestones__contained_by=[one.value for one in MAY_PAUSE]),
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_reason_display())
