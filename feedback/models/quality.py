"""Quality checks: what a good conversation is, which are looked at, how they were judged, what came of it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.common.bilingual import Bilingual
from feedback.models.case import Case
from feedback.models.org import Agent, Department


class Scorecard(Bilingual):
    """The form that a conversation is judged by. A check keeps it as it was when the check was drawn."""

    code = models.SlugField(_("code"), unique=True)
    pass_percent = models.PositiveSmallIntegerField(_("passed from (%)"), default=80)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("scorecard")
        verbose_name_plural = _("scorecards")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="scorecard_passes", condition=Q(pass_percent__gte=1, pass_percent__lte=100)
            )
        ]


class ScorecardItem(Bilingual):
    """One thing that is judged. Without a critical one the whole conversation has failed."""

    scorecard = models.ForeignKey(
        Scorecard, models.CASCADE, verbose_name=_("scorecard"), related_name="items"
    )
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    hint = models.CharField(_("what to look for"), max_length=300, blank=True)
    hint_en = models.CharField(_("what to look for (English)"), max_length=300, blank=True)
    weight = models.PositiveSmallIntegerField(_("weight"), default=1)
    best = models.PositiveSmallIntegerField(
        _("best points"), default=2, help_text=_("Points go from 0 to this.")
    )
    is_critical = models.BooleanField(
        _("critical"), default=False, help_text=_("With 0 points the conversation has failed.")
    )

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(name="scorecarditem_weight", condition=Q(weight__gte=1)),
            models.CheckConstraint(name="scorecarditem_best", condition=Q(best__gte=1, best__lte=10)),
        ]


class SampleKind(models.TextChoices):
    """Which conversations a sampling rule takes."""

    RANDOM = "random", _("a share of all, by chance")
    PER_AGENT = "per_agent", _("some of each agent in a week, by chance")
    BAD_CSAT = "bad_csat", _("those whose member was not satisfied")
    BREACHED = "breached", _("those with a promise that was not kept")


class SamplingRule(Bilingual):
    """Which conversations are drawn to be checked. Chance goes by a hash of the case: it never changes."""

    kind = models.CharField(_("which"), max_length=16, choices=SampleKind)
    scorecard = models.ForeignKey(
        Scorecard, models.PROTECT, verbose_name=_("scorecard"), related_name="rules"
    )
    department = models.ForeignKey(
        Department,
        models.CASCADE,
        verbose_name=_("department"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("None: every department."),
    )
    percent = models.DecimalField(
        _("share (%)"), max_digits=5, decimal_places=2, default=100, help_text=_("Of those that fit.")
    )
    per_agent = models.PositiveSmallIntegerField(
        _("of each agent in a week"), null=True, blank=True, help_text=_("At most; none: as many as fit.")
    )
    is_calibration = models.BooleanField(
        _("calibration"), default=False, help_text=_("Two people score each, neither seeing the other's.")
    )
    is_active = models.BooleanField(_("in force"), default=True)

    class Meta:
        verbose_name = _("sampling rule")
        verbose_name_plural = _("sampling rules")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(name="samplingrule_kind_known", condition=Q(kind__in=SampleKind.values)),
            models.CheckConstraint(name="samplingrule_share", condition=Q(percent__gt=0, percent__lte=100)),
            models.CheckConstraint(
                name="samplingrule_per_agent",
                condition=Q(per_agent__isnull=False, per_agent__gte=1)
                | Q(per_agent__isnull=True) & ~Q(kind=SampleKind.PER_AGENT),
            ),
        ]


class CheckStatus(models.TextChoices):
    """How far a check has come."""

    WAITING = "waiting", _("to be scored")
    SCORED = "scored", _("scored")
    SKIPPED = "skipped", _("not to be scored")


class QualityCheck(models.Model):
    """A conversation of an agent that is checked: by one person, or for calibration by two."""

    case = models.ForeignKey(Case, models.CASCADE, verbose_name=_("case"), related_name="checks")
    agent = models.ForeignKey(  # qualitycheck_agent begins with it
        Agent, models.PROTECT, verbose_name=_("agent"), related_name="checks", db_index=False
    )
    department = models.ForeignKey(  # qualitycheck_waiting begins with it
        Department,
        models.PROTECT,
        verbose_name=_("department"),
        related_name="+",
        db_index=False,
        help_text=_("That had the case when it was drawn."),
    )
    scorecard = models.ForeignKey(
        Scorecard, models.PROTECT, verbose_name=_("scorecard"), related_name="checks"
    )
    rule = models.ForeignKey(
        SamplingRule, models.SET_NULL, verbose_name=_("drawn by"), null=True, blank=True, related_name="+"
    )
    form = models.JSONField(help_text="The scorecard as it was when the check was drawn.")
    scorers = models.PositiveSmallIntegerField(_("scored by how many"), default=1)
    status = models.CharField(_("status"), max_length=8, choices=CheckStatus, default=CheckStatus.WAITING)
    ended_at = models.DateTimeField(_("conversation ended"))
    drawn_at = models.DateTimeField(_("drawn"))
    scored_at = models.DateTimeField(_("scored"), null=True, blank=True)
    score = models.DecimalField(_("score (%)"), max_digits=5, decimal_places=2, null=True, blank=True)
    has_failed = models.BooleanField(
        _("failed"), default=False, help_text=_("A critical item, or too few points.")
    )
    seen_at = models.DateTimeField(_("seen by the agent"), null=True, blank=True)

    class Meta:
        verbose_name = _("quality check")
        verbose_name_plural = _("quality checks")
        permissions = [("review_quality", "Can score conversations of others")]
        constraints = [
            models.UniqueConstraint(name="qualitycheck_once", fields=["case", "agent", "scorecard"]),
            models.CheckConstraint(name="qualitycheck_scorers", condition=Q(scorers__in=[1, 2])),
            models.CheckConstraint(
                name="qualitycheck_scored",
                condition=Q(status=CheckStatus.SCORED, scored_at__isnull=False, score__isnull=False)
                | (Q(status__in=[CheckStatus.WAITING, CheckStatus.SKIPPED]) & Q(scored_at=None, score=None)),
            ),
            models.CheckConstraint(
                name="qualitycheck_score", condition=Q(score=None) | Q(score__gte=0, score__lte=100)
            ),
        ]
        indexes = [
            models.Index(  # quality.queries: what is to be scored, longest first
                name="qualitycheck_waiting",
                fields=["department", "drawn_at", "id"],
                condition=Q(status=CheckStatus.WAITING),
            ),
            models.Index(  # quality.queries: what was scored, newest first
                name="qualitycheck_scored",
                fields=["department", "-scored_at"],
                condition=Q(status=CheckStatus.SCORED),
            ),
            models.Index(name="qualitycheck_agent", fields=["agent", "-ended_at"]),  # sampling, my checks
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.agent}"


class QualityScore(models.Model):
    """What one person made of a conversation."""

    check_of = models.ForeignKey(
        QualityCheck, models.CASCADE, verbose_name=_("quality check"), related_name="scores"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("scored by"), related_name="+"
    )
    at = models.DateTimeField(_("scored"))
    points = models.JSONField(help_text="The points of each item by its key in the form.")
    remarks = models.JSONField(default=dict, help_text="What was said to items, by the same keys.")
    remark = models.TextField(_("remark"), blank=True)
    score = models.DecimalField(_("score (%)"), max_digits=5, decimal_places=2)
    has_failed = models.BooleanField(_("failed"), default=False)
    is_after_appeal = models.BooleanField(_("after an appeal"), default=False)

    class Meta:
        verbose_name = pgettext_lazy("quality", "score")
        verbose_name_plural = _("scores")
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(name="qualityscore_once", fields=["check_of", "by", "is_after_appeal"]),
            models.CheckConstraint(name="qualityscore_share", condition=Q(score__gte=0, score__lte=100)),
        ]

    def __str__(self) -> str:
        return f"{self.score} %"


class AppealStatus(models.TextChoices):
    """What became of an agent's word on a score."""

    COMMENT = "comment", _("comment")
    OPEN = "open", _("appeal, to be decided")
    KEPT = "kept", _("the score stands")
    CHANGED = "changed", _("scored anew")


class Appeal(models.Model):
    """The agent's word on a score, once: a comment, or an appeal that somebody else decides."""

    check_of = models.OneToOneField(
        QualityCheck, models.CASCADE, verbose_name=_("quality check"), related_name="appeal"
    )
    text = models.TextField(_("text"))
    status = models.CharField(_("status"), max_length=8, choices=AppealStatus)
    at = models.DateTimeField(_("at"))
    answer = models.TextField(_("answer"), blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("answered by"), null=True, related_name="+"
    )
    answered_at = models.DateTimeField(_("answered"), null=True)

    class Meta:
        verbose_name = _("appeal")
        verbose_name_plural = _("appeals")
        constraints = [
            models.CheckConstraint(name="appeal_status_known", condition=Q(status__in=AppealStatus.values)),
            models.CheckConstraint(
                name="appeal_answered",
                condition=Q(
                    status__in=[AppealStatus.COMMENT, AppealStatus.OPEN],
                    answered_at__isnull=True,
                    answered_by__isnull=True,
                )
                | Q(
                    status__in=[AppealStatus.KEPT, AppealStatus.CHANGED],
                    answered_at__isnull=False,
                    answered_by__isnull=False,
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class CoachingNote(models.Model):
    """What was agreed with an agent, and what came of it."""

    agent = models.ForeignKey(Agent, models.PROTECT, verbose_name=_("agent"), related_name="coaching")
    check_of = models.ForeignKey(
        QualityCheck,
        models.SET_NULL,
        verbose_name=_("quality check"),
        null=True,
        blank=True,
        related_name="coaching",
    )
    text = models.TextField(_("what was agreed"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("by"), related_name="+")
    at = models.DateTimeField(_("at"))
    follow_up_on = models.DateField(_("look again on"), null=True, blank=True)
    outcome = models.TextField(_("what came of it"), blank=True)
    followed_up_at = models.DateTimeField(_("looked again"), null=True, blank=True)

    class Meta:
        verbose_name = _("coaching note")
        verbose_name_plural = _("coaching notes")
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(name="coaching_says", condition=~Q(text="")),
            models.CheckConstraint(
                name="coaching_followed",
                condition=Q(followed_up_at__isnull=True, outcome="")
                | (Q(followed_up_at__isnull=False, followed_up_at__gte=F("at")) & ~Q(outcome="")),
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]
