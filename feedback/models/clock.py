"""Clocks: one running target on one case, handoff or review, with the policy frozen in it."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from feedback.models.case import Case
from feedback.models.choices import MAY_PAUSE, Milestone, PauseReason, Verdict
from feedback.models.handoff import Handoff
from feedback.models.ladder import LadderVersion
from feedback.models.org import Department
from feedback.models.review import Review
from feedback.models.sop import CalendarVersion, PolicyVersion

OF_HANDOFFS = [Milestone.HANDOFF, Milestone.ACCEPT]


class Clock(models.Model):
    """A promise of ours to answer in time.

    `due_at` is a pure function of the calendar version, `work` and the pauses. The clock is breached when
    its milestone is not met at `due_at`, whenever anybody looks.
    """

    case = models.ForeignKey(
        Case, models.CASCADE, verbose_name=_("case"), null=True, blank=True, related_name="clocks"
    )
    review = models.ForeignKey(  # clock_of_review begins with it
        Review,
        models.CASCADE,
        verbose_name=_("review"),
        null=True,
        blank=True,
        related_name="clocks",
        db_index=False,
        help_text="Of a review that has no case: its public answer.",
    )
    handoff = models.ForeignKey(  # clock_of_handoff begins with it
        Handoff,
        models.CASCADE,
        verbose_name=_("handoff"),
        null=True,
        blank=True,
        related_name="clocks",
        db_index=False,
    )
    milestone = models.CharField(_("milestone"), max_length=16, choices=Milestone)
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        verbose_name=_("department"),
        related_name="clocks",
        db_index=False,  # clock_started begins with it
        help_text=_("Who has to keep it."),
    )
    # No index on the versions: they are never deleted, and every change of a clock would pay for it.
    policy_version = models.ForeignKey(
        PolicyVersion, models.PROTECT, verbose_name=_("policy"), related_name="clocks", db_index=False
    )
    calendar_version = models.ForeignKey(
        CalendarVersion,
        models.PROTECT,
        verbose_name=_("working calendar"),
        related_name="clocks",
        db_index=False,
    )
    ladder_version = models.ForeignKey(
        LadderVersion,
        models.PROTECT,
        verbose_name=_("ladder"),
        null=True,
        blank=True,
        related_name="clocks",
        db_index=False,
    )
    facts = models.JSONField(
        default=dict, help_text="What the policy was chosen by: see feedback.sops.rules.Facts."
    )
    work = models.DurationField(_("within"), help_text=_("In working time."))
    started_at = models.DateTimeField(_("started"))
    due_at = models.DateTimeField(_("due"))
    paused_at = models.DateTimeField(_("paused since"), null=True, blank=True)
    met_at = models.DateTimeField(_("met"), null=True, blank=True)
    stopped_at = models.DateTimeField(
        _("stopped"), null=True, blank=True, help_text=_("It no longer mattered: neither met nor to be met.")
    )
    breached_at = models.DateTimeField(_("breached"), null=True, blank=True)
    rungs_fired = models.PositiveSmallIntegerField(default=0)
    next_fire_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the sweep has something to do: the next rung, the breach, the end of a pause.",
    )

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        constraints = [
            models.CheckConstraint(name="clock_milestone_known", condition=Q(milestone__in=Milestone.values)),
            models.CheckConstraint(
                name="clock_handoff_fits",
                condition=Q(milestone__in=OF_HANDOFFS, handoff__isnull=False)
                | (~Q(milestone__in=OF_HANDOFFS) & Q(handoff__isnull=True)),
            ),
            models.CheckConstraint(
                name="clock_of_one",
                condition=Q(case__isnull=False, review__isnull=True)
                | Q(case__isnull=True, review__isnull=False, milestone=Milestone.REVIEW_REPLY),
            ),
            models.UniqueConstraint(name="clock_of_review", fields=["review"], condition=~Q(review=None)),
            models.UniqueConstraint(
                name="clock_of_handoff", fields=["handoff", "milestone"], condition=~Q(handoff=None)
            ),
            models.CheckConstraint(
                name="clock_ends_once", condition=Q(met_at__isnull=True) | Q(stopped_at__isnull=True)
            ),
            models.CheckConstraint(
                name="clock_ended_is_quiet",
                condition=Q(met_at__isnull=True, stopped_at__isnull=True)
                | Q(next_fire_at__isnull=True, paused_at__isnull=True),
            ),
            models.CheckConstraint(  # no breach is missed: what warns comes before it, the rest after
                name="clock_looked_at_when_due",
                condition=Q(met_at__isnull=False)
                | Q(stopped_at__isnull=False)
                | Q(paused_at__isnull=False)
                | Q(breached_at__isnull=False)
                | Q(next_fire_at__isnull=False, next_fire_at__lte=F("due_at")),
            ),
            models.CheckConstraint(
                name="clock_may_pause",
                condition=Q(paused_at__isnull=True)
                | Q(milestone__in=MAY_PAUSE) & (Q(next_fire_at=None) | Q(next_fire_at__gte=F("paused_at"))),
            ),
            models.CheckConstraint(
                name="clock_late_is_breached",
                condition=Q(met_at__isnull=True) | Q(met_at__lte=F("due_at")) | Q(breached_at__isnull=False),
            ),
            models.CheckConstraint(
                name="clock_breached_when_due",
                condition=Q(breached_at__isnull=True) | Q(breached_at=F("due_at")),
            ),
            models.UniqueConstraint(
                name="clock_one_running",
                fields=["case", "milestone"],
                condition=Q(handoff=None, met_at=None, stopped_at=None),
            ),
        ]
        indexes = [
            models.Index(
                name="clock_fire", fields=["next_fire_at"], condition=~Q(next_fire_at=None)
            ),  # the sweep
            models.Index(  # the board: running clocks of a department by due time
                name="clock_running",
                fields=["department", "due_at"],
                condition=Q(met_at=None, stopped_at=None),
            ),
            models.Index(  # breach list
                name="clock_breaches", fields=["department", "-breached_at"], condition=~Q(breached_at=None)
            ),
            models.Index(
                name="clock_started", fields=["department", "milestone", "due_at"]
            ),  # attainment by day
            models.Index(  # reviews.queries: those to be answered
                name="clock_reviews",
                fields=["due_at"],
                condition=Q(milestone=Milestone.REVIEW_REPLY, met_at=None, stopped_at=None),
            ),
            models.Index(  # what was decided in a time: board, figures
                F("department"), Coalesce("breached_at", "met_at").desc(), name="clock_decided"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_milestone_display()} {self.due_at:%F %T}"

    @property
    def about(self) -> Case | Review:
        """What was promised to be done in time: a case, or a review that has none."""
        about = self.case or self.review
        assert about is not None  # noqa: S101 - clock_of_one
        return about


class Pause(models.Model):
    """A time in which a clock stood still."""

    clock = models.ForeignKey(Clock, models.CASCADE, related_name="pauses")
    reason = models.CharField(_("reason"), max_length=16, choices=PauseReason)
    from_at = models.DateTimeField(_("from"))
    to_at = models.DateTimeField(_("until"), null=True, blank=True)
    ends_by = models.DateTimeField(
        _("at the latest"), null=True, blank=True, help_text="Its cap, worked out as it began."
    )
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("paused by"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    needs_review = models.BooleanField(default=False, help_text="As its rule said when it began.")
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("reviewed by"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    reviewed_at = models.DateTimeField(_("reviewed"), null=True, blank=True)
    remark = models.TextField(_("remark"), blank=True)

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        ordering = ["from_at"]
        indexes = [
            models.Index(  # clocks.pauses: what supervisors have to look at
                name="pause_to_review", fields=["from_at", "id"], condition=Q(needs_review=True, verdict="")
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="pause_forward", condition=Q(to_at__isnull=True) | Q(to_at__gte=F("from_at"))
            ),
            models.CheckConstraint(
                name="pause_within_its_cap",
                condition=Q(ends_by__isnull=True)
                | Q(ends_by__gt=F("from_at")) & (Q(to_at__isnull=True) | Q(to_at__lte=F("ends_by"))),
            ),
            models.CheckConstraint(
                name="pause_verdict_has_judge",
                condition=Q(verdict="", reviewed_by__isnull=True, reviewed_at__isnull=True)
                | Q(verdict__in=Verdict.values, reviewed_by__isnull=False, reviewed_at__isnull=False),
            ),
            models.UniqueConstraint(name="pause_one_open", fields=["clock"], condition=Q(to_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.from_at:%F %T}–"


class Firing(models.Model):
    """A rung of a clock's ladder that fired; each fires once."""

    clock = models.ForeignKey(  # firing_once begins with it
        Clock, models.CASCADE, related_name="firings", db_index=False
    )
    rung = models.PositiveSmallIntegerField(_("rung"), help_text="Its place in the ladder version, from 0.")
    action = models.CharField(_("action"), max_length=16)
    due_at = models.DateTimeField(_("was to fire"))
    fired_at = models.DateTimeField(_("fired"))
    outcome = models.JSONField(
        default=dict, help_text="What came of it: who was told, who has the case now, where it went."
    )

    class Meta:
        verbose_name = _("escalation")
        verbose_name_plural = _("escalations")
        ordering = ["clock", "rung"]
        constraints = [models.UniqueConstraint(name="firing_once", fields=["clock", "rung"])]

    def __str__(self) -> str:
        return f"{self.clock_id} #{self.rung} {self.action}"


# An alert rings its colleague's page at once (config.common.live).
RING = """
    SELECT string_agg(DISTINCT 'user:' || user_id, ' ') INTO topics FROM fresh;
    IF topics IS NOT NULL THEN
        PERFORM pg_notify('live', CASE WHEN octet_length(topics) > 7000 THEN '*' ELSE topics END);
    END IF;
    RETURN NULL;
"""


class Alert(models.Model):
    """Something a member of staff has to know, shown on the desk and sent out through the outbox."""

    key = models.CharField(max_length=200, unique=True)
    user = models.ForeignKey(  # read by alert_unread only
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="alerts", db_index=False
    )
    case = models.ForeignKey(Case, models.CASCADE, null=True, blank=True, related_name="alerts")
    review = models.ForeignKey(  # alert_of_review begins with it
        Review, models.CASCADE, null=True, blank=True, related_name="alerts", db_index=False
    )
    jump = models.ForeignKey(
        "feedback.WatchJump", models.CASCADE, null=True, blank=True, related_name="alerts"
    )
    kind = models.CharField(_("kind"), max_length=32)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(_("at"))
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        indexes = [
            models.Index(
                name="alert_unread", fields=["user", "-at"], condition=Q(read_at=None)
            ),  # the desk's bell
            models.Index(name="alert_of_review", fields=["review"], condition=~Q(review=None)),  # its reply
            BrinIndex(name="alert_at", fields=["at"], autosummarize=True),  # retention
        ]
        constraints = [
            models.CheckConstraint(
                name="alert_of_one",
                condition=Q(case__isnull=False, review__isnull=True, jump__isnull=True)
                | Q(case__isnull=True, review__isnull=False, jump__isnull=True)
                | Q(case__isnull=True, review__isnull=True, jump__isnull=False),
            )
        ]
        triggers = [
            pgtrigger.Trigger(
                name="ring",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="fresh"),
                declare=[("topics", "text")],
                func=RING,
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.case_id or self.review_id or self.jump_id}"
