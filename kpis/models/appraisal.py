"""Appraisals: what somebody was scored for a month, by whose marks, and what came of an appeal."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback.models import Agent, Department
from kpis.models.deadline import Rung, Step
from kpis.models.scheme import Scheme, SchemeLine, SchemeVersion

WORDS = 2_000


class Subject(models.Model):
    """Who is judged for a month: an agent, or a department as one."""

    month = models.DateField(pgettext_lazy("appraisal", "month"))
    agent = models.ForeignKey(
        Agent, models.PROTECT, verbose_name=_("agent"), null=True, blank=True, related_name="+"
    )
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        verbose_name=_("department"),
        related_name="+",
        db_index=False,
        help_text=_("Of an agent the one they were in then."),
    )

    class Meta:
        abstract = True

    @property
    def who(self) -> Agent | Department:
        """The agent, or else the department."""
        return self.agent or self.department


class AppraisalMark(Subject):
    """What a person makes of somebody's month, of 100."""

    line = models.ForeignKey(SchemeLine, models.PROTECT, related_name="marks", db_index=False)
    points = models.PositiveSmallIntegerField(_("points of 100"))
    remark = models.CharField(_("remark"), max_length=500, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("by"), related_name="+", db_index=False
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = pgettext_lazy("appraisal", "mark")
        verbose_name_plural = pgettext_lazy("appraisal", "marks")
        constraints = [
            models.UniqueConstraint(  # reckoning: the marks of a month
                name="appraisalmark_agent", fields=["line", "month", "agent"], condition=~Q(agent=None)
            ),
            models.UniqueConstraint(
                name="appraisalmark_department",
                fields=["line", "month", "department"],
                condition=Q(agent=None),
            ),
            models.CheckConstraint(name="appraisalmark_points", condition=Q(points__lte=100)),
            models.CheckConstraint(name="appraisalmark_of_a_month", condition=Q(month__day=1)),
        ]
        indexes = [BrinIndex(name="appraisalmark_at", fields=["at"], autosummarize=True)]  # retention

    def __str__(self) -> str:
        return f"{self.points}"


class Appraisal(Subject):
    """Somebody's month by a scheme. What the score is, its newest score says; it changes by no other way."""

    scheme = models.ForeignKey(
        Scheme, models.PROTECT, verbose_name=_("scheme"), related_name="appraisals", db_index=False
    )

    class Meta:
        verbose_name = _("appraisal")
        verbose_name_plural = _("appraisals")
        permissions = [
            ("see_team_appraisals", "Can see appraisals of their departments"),
            ("mark_appraisals", "Can give marks in appraisals"),
            ("score_appraisals", "Can score a closed month"),
            ("decide_appraisals", "Can decide appeals against scores"),
            ("export_appraisals", "Can take appraisals out as files"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="appraisal_agent_once", fields=["scheme", "month", "agent"], condition=~Q(agent=None)
            ),
            models.UniqueConstraint(
                name="appraisal_department_once",
                fields=["scheme", "month", "department"],
                condition=Q(agent=None),
            ),
            models.CheckConstraint(name="appraisal_of_a_month", condition=Q(month__day=1)),
        ]
        indexes = [models.Index(name="appraisal_month", fields=["month", "department"])]  # queries.team

    def __str__(self) -> str:
        return f"{self.who} {self.month:%Y-%m}"


class ScoreKind(models.TextChoices):
    """How a score came to be."""

    FIRST = "first", pgettext_lazy("appraisal", "from the closed month")
    AGAIN = "again", pgettext_lazy("appraisal", "scored again")
    APPEAL = "appeal", pgettext_lazy("appraisal", "after an appeal")


class AppraisalScore(models.Model):
    """A score as it was reckoned; the newest counts, those before it stay."""

    appraisal = models.ForeignKey(Appraisal, models.CASCADE, related_name="scores", db_index=False)
    revision = models.PositiveSmallIntegerField(pgettext_lazy("appraisal", "revision"))
    kind = models.CharField(_("kind"), max_length=6, choices=ScoreKind)
    version = models.ForeignKey(SchemeVersion, models.PROTECT, related_name="+")
    score = models.DecimalField(
        pgettext_lazy("appraisal", "score"),
        max_digits=5,
        decimal_places=2,
        null=True,
        help_text=_("Of 100. None: nothing of one's own was measured."),
    )
    numbers = models.JSONField(
        encoder=DjangoJSONEncoder, help_text="Each line as it was reckoned, by kpis.appraisals.rules."
    )
    reason = models.TextField(pgettext_lazy("appraisal", "reason"), max_length=WORDS, blank=True)
    at = models.DateTimeField(pgettext_lazy("appraisal", "scored"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("by"),
        null=True,
        related_name="+",
        db_index=False,
    )

    class Meta:
        verbose_name = pgettext_lazy("appraisal", "score of an appraisal")
        verbose_name_plural = pgettext_lazy("appraisal", "scores of appraisals")
        ordering = ["revision"]
        constraints = [
            models.UniqueConstraint(name="appraisalscore_once", fields=["appraisal", "revision"]),
            models.CheckConstraint(
                name="appraisalscore_of_hundred", condition=Q(score=None) | Q(score__gte=0, score__lte=100)
            ),
            models.CheckConstraint(
                name="appraisalscore_first_is_first",
                condition=Q(kind=ScoreKind.FIRST, revision=1)
                | Q(kind__in=[ScoreKind.AGAIN, ScoreKind.APPEAL], revision__gt=1),
            ),
        ]
        indexes = [BrinIndex(name="appraisalscore_at", fields=["at"], autosummarize=True)]  # retention
        triggers = [
            pgtrigger.Protect(
                name="stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "appraisal", "revision", "kind", "version", "score", "numbers", "at", "by"
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.appraisal_id}/{self.revision}: {self.score}"


class AppealState(models.TextChoices):
    """What became of an appeal."""

    OPEN = "open", pgettext_lazy("appraisal", "to be decided")
    UPHELD = "upheld", pgettext_lazy("appraisal", "upheld: the score was changed")
    REFUSED = "refused", pgettext_lazy("appraisal", "refused: the score stands")


class AppraisalAppeal(models.Model):
    """A word against a score, once; somebody decides on it until a day."""

    score = models.OneToOneField(AppraisalScore, models.CASCADE, related_name="appeal")
    text = models.TextField(pgettext_lazy("appraisal", "text"), max_length=WORDS)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("by"), related_name="+", db_index=False
    )
    state = models.CharField(_("state"), max_length=7, choices=AppealState, default=AppealState.OPEN)
    due_on = models.DateField(pgettext_lazy("appraisal", "to be decided by"))
    warn_at = models.DateTimeField(null=True, editable=False, help_text="When its ladder is looked at.")
    answer = models.TextField(_("answer"), max_length=WORDS, blank=True)
    decided_at = models.DateTimeField(pgettext_lazy("appraisal", "decided"), null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=pgettext_lazy("appraisal", "decided by"),
        null=True,
        related_name="+",
        db_index=False,
    )

    class Meta:
        verbose_name = _("appeal against a score")
        verbose_name_plural = _("appeals against scores")
        constraints = [
            models.CheckConstraint(
                name="appraisalappeal_decided_whole",
                condition=Q(state=AppealState.OPEN, decided_at=None, decided_by=None)
                | Q(
                    state__in=[AppealState.UPHELD, AppealState.REFUSED],
                    decided_at__isnull=False,
                    decided_by__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="appraisalappeal_decided_by_another",
                condition=Q(decided_by=None) | ~Q(decided_by=models.F("by")),
            ),
        ]
        indexes = [
            models.Index(  # deadline.sweep
                name="appraisalappeal_warn", fields=["warn_at"], condition=Q(warn_at__isnull=False)
            ),
            models.Index(  # queries.to_decide, the menu's count
                name="appraisalappeal_open", fields=["due_on"], condition=Q(state="open")
            ),
            BrinIndex(name="appraisalappeal_at", fields=["at"], autosummarize=True),  # retention
        ]

    def __str__(self) -> str:
        return f"{self.score_id} {self.state}"


class AppraisalRung(Rung):
    """A rung of an appeal that was fired: each once."""

    appeal = models.ForeignKey(AppraisalAppeal, models.CASCADE, related_name="rungs", db_index=False)

    class Meta:
        verbose_name = _("rung of an appeal")
        verbose_name_plural = _("rungs of appeals")
        constraints = [
            models.CheckConstraint(name="appraisalrung_known", condition=Q(step__in=Step.values)),
            models.UniqueConstraint(name="appraisalrung_once", fields=["appeal", "due_on", "step"]),
        ]

    def __str__(self) -> str:
        return f"{self.appeal_id} {self.step}"
