"""What those who lead look at: kept counts, attainment targets, why promises were broken, questions back."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from compensation.models import Grant
from config.common.bilingual import Bilingual
from feedback.models.clock import Clock
from feedback.models.org import Department


class CountOf(models.TextChoices):
    """What is counted of clocks: how those that run stand on record, and how those that are over ended."""

    RUNNING = "running", _("on time")
    WARNED = "warned", _("soon due")
    BREACHED = "breached", _("late")
    PAUSED = "paused", _("paused")
    MET = "met", _("met in time")
    MISSED = "missed", _("not met in time")


class BoardCount(models.Model):
    """Some clocks of a department and a channel, counted by triggers in the transaction of each change.

    Changes are added as rows of their own, so that nobody waits for anybody; what counts is the sum. A task
    folds them together (feedback.supervision.counts).
    """

    department = models.ForeignKey(  # no constraint: triggers write it, and departments stay
        Department, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    channel = models.CharField(max_length=16)
    day = models.DateField(null=True, help_text="When it was decided, in the site's zone; none: now.")
    what = models.CharField(max_length=8, choices=CountOf)
    n = models.IntegerField()

    class Meta:
        indexes = [  # supervision.counts
            models.Index(name="boardcount_day", fields=["day", "department"])
        ]

    def __str__(self) -> str:
        return f"{self.department_id} {self.channel} {self.day} {self.what} {self.n:+}"


COUNTED = f"""
    SELECT clock.department_id, coalesce(clock.facts->>'channel', '') AS channel, part.day, part.what,
        sum(clock.sign) AS n
    FROM (%s) AS clock, LATERAL (VALUES
        (NULL::date, CASE
            WHEN clock.met_at IS NOT NULL OR clock.stopped_at IS NOT NULL THEN NULL
            WHEN clock.breached_at IS NOT NULL THEN 'breached'
            WHEN clock.paused_at IS NOT NULL THEN 'paused'
            WHEN clock.rungs_fired > 0 THEN 'warned'
            ELSE 'running' END),
        ((coalesce(clock.breached_at, clock.met_at) AT TIME ZONE '{settings.TIME_ZONE}')::date, CASE
            WHEN clock.breached_at IS NOT NULL THEN 'missed'
            WHEN clock.met_at IS NOT NULL THEN 'met' END)
    ) AS part(day, what)
    WHERE part.what IS NOT NULL
    GROUP BY 1, 2, 3, 4
    HAVING sum(clock.sign) <> 0
"""  # noqa: S608 - the time zone is a setting
"""What clocks count for; %s is where they come from, with a column `sign`."""


def _counts(operation: pgtrigger.Operation, *, old: bool, new: bool) -> pgtrigger.Trigger:
    sources = [
        f"SELECT {sign} AS sign, * FROM {name}"  # noqa: S608 - names only
        for name, sign, wanted in (("old_clocks", -1, old), ("new_clocks", 1, new))
        if wanted
    ]
    insert = "INSERT INTO feedback_boardcount (department_id, channel, day, what, n)"
    return pgtrigger.Trigger(
        name=f"count_{str(operation).lower()}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(
            old="old_clocks" if old else None, new="new_clocks" if new else None
        ),
        func=f"{insert} {COUNTED % ' UNION ALL '.join(sources)}; RETURN NULL;",
    )


pgtrigger.register(
    _counts(pgtrigger.Insert, old=False, new=True),
    _counts(pgtrigger.Update, old=True, new=True),
    _counts(pgtrigger.Delete, old=True, new=False),
)(Clock)


class AttainmentTarget(models.Model):
    """How many of a department's clocks are to be met in time: the line that the board draws."""

    department = models.ForeignKey(
        Department,
        models.CASCADE,
        verbose_name=_("department"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("None: every department without a target of its own."),
    )
    percent = models.DecimalField(_("at least (%)"), max_digits=5, decimal_places=2)

    class Meta:
        verbose_name = _("attainment target")
        verbose_name_plural = _("attainment targets")
        constraints = [
            models.UniqueConstraint(
                name="attainmenttarget_once", fields=["department"], nulls_distinct=False
            ),
            models.CheckConstraint(
                name="attainmenttarget_share", condition=Q(percent__gt=0, percent__lte=100)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.department or '*'} ≥ {self.percent} %"


class Pace(models.Model):
    """How fast the people of a department meet its clocks: what the forecast goes by."""

    department = models.OneToOneField(Department, models.CASCADE, related_name="pace")
    per_hour = models.FloatField(help_text="Clocks met by one person in an hour with any.")
    late_share = models.FloatField(help_text="The share of them that were late already: 0 to 1.")
    n = models.PositiveIntegerField(help_text="How many clocks this is from.")
    arrivals = models.FloatField(default=0, help_text="Clocks that begin in an hour and are due within one.")
    lead = models.FloatField(default=0, help_text="How many minutes these have on average.")
    since = models.DateTimeField()
    measured_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="pace_makes_sense",
                condition=Q(
                    per_hour__gte=0, late_share__gte=0, late_share__lte=1, since__lt=F("measured_at")
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.department}: {self.per_hour:.1f}/h"


class BreachCause(Bilingual):
    """Why a promise was not kept: the list that leads choose from."""

    code = models.SlugField(_("code"), unique=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    is_active = models.BooleanField(_("to choose from"), default=True)

    class Meta:
        verbose_name = _("cause of breaches")
        verbose_name_plural = _("causes of breaches")
        ordering = ["position", "id"]


class BreachNote(models.Model):
    """What a lead found out about a breach."""

    clock = models.OneToOneField(Clock, models.CASCADE, verbose_name=_("clock"), related_name="breach_note")
    cause = models.ForeignKey(BreachCause, models.PROTECT, verbose_name=_("cause"), related_name="notes")
    remark = models.CharField(_("remark"), max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("by"), related_name="+")
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("breach note")
        verbose_name_plural = _("breach notes")
        permissions = [
            ("audit_breach", "Can say why a promise was broken"),
            ("review_pause", "Can accept or reject pauses"),
        ]

    def __str__(self) -> str:
        return f"{self.clock_id}: {self.cause}"


class ApprovalQuestion(models.Model):
    """What an approver wants to know from whoever asked, before deciding on a grant."""

    grant = models.ForeignKey(Grant, models.CASCADE, verbose_name=_("grant"), related_name="questions")
    question = models.CharField(_("question"), max_length=500)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("asked by"), related_name="+"
    )
    asked_at = models.DateTimeField(_("asked"))
    answer = models.CharField(_("answer"), max_length=500, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("answered by"), null=True, related_name="+"
    )
    answered_at = models.DateTimeField(_("answered"), null=True)

    class Meta:
        verbose_name = _("question about a grant")
        verbose_name_plural = _("questions about grants")
        ordering = ["asked_at", "id"]
        constraints = [
            models.UniqueConstraint(
                name="approvalquestion_one_open", fields=["grant"], condition=Q(answered_at=None)
            ),
            models.CheckConstraint(name="approvalquestion_says", condition=~Q(question="")),
            models.CheckConstraint(
                name="approvalquestion_answered",
                condition=Q(answered_at__isnull=True, answered_by__isnull=True, answer="")
                | (Q(answered_at__isnull=False, answered_by__isnull=False) & ~Q(answer="")),
            ),
        ]

    def __str__(self) -> str:
        return self.question
