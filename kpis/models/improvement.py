"""Improvements: what is done about what falls short, whose it is, until when, and what came of it."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Mod
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import Member
from config.common.models import User
from feedback.models import Aspect, Department, SpotBy
from kpis.models.alert import FigureAlert
from kpis.models.deadline import Rung, Step
from kpis.models.metric import KEY, Dimension, MetricCode
from surveys.models import Need


class ImprovementKind(models.TextChoices):
    """What is changed: an immediate fix, or something for good."""

    FIX = "fix", _("immediate fix")
    FACTS = "facts", pgettext_lazy("improvement", "product facts")
    PROCESS = "process", _("service process")
    MARKETING = "marketing", _("marketing promise")
    SUPPLIER = "supplier", _("supplier")
    TECHNOLOGY = "technology", _("technology")


class ImprovementStatus(models.TextChoices):
    """How far an improvement is."""

    PROPOSED = "proposed", pgettext_lazy("improvement", "proposed")
    ACCEPTED = "accepted", pgettext_lazy("improvement", "accepted")
    UNDER_WAY = "under_way", pgettext_lazy("improvement", "under way")
    CARRIED_OUT = "carried_out", pgettext_lazy("improvement", "carried out")
    CHECKED = "checked", pgettext_lazy("improvement", "checked")
    CLOSED = "closed", pgettext_lazy("improvement", "closed")
    DROPPED = "dropped", pgettext_lazy("improvement", "dropped")
    REOPENED = "reopened", pgettext_lazy("improvement", "reopened")


class Verdict(models.TextChoices):
    """What a check says."""

    PROVED = "proved", pgettext_lazy("improvement", "proved")
    NO_EFFECT = "no_effect", pgettext_lazy("improvement", "no effect")
    TOO_EARLY = "too_early", pgettext_lazy("improvement", "too early")


NAMED = 120
WORDS = 2_000
PLANNED = (
    ImprovementStatus.ACCEPTED, ImprovementStatus.UNDER_WAY, ImprovementStatus.CARRIED_OUT,
    ImprovementStatus.CHECKED, ImprovementStatus.CLOSED, ImprovementStatus.REOPENED,
)  # fmt: skip
"""Somebody has taken it on: it has an owner, a day and a figure that it is to change."""
WORKED = (ImprovementStatus.ACCEPTED, ImprovementStatus.UNDER_WAY, ImprovementStatus.REOPENED)
"""Its clock runs."""
DONE = (ImprovementStatus.CARRIED_OUT, ImprovementStatus.CHECKED, ImprovementStatus.CLOSED)


class Improvement(models.Model):
    """A corrective action. It changes only through kpis.improvements.

    Days are those of Asia/Shanghai. The figure is compared between `window` days before the day on which the
    work began and as many or more after the day on which it was carried out.
    """

    title = models.CharField(_("title"), max_length=NAMED)
    problem = models.TextField(_("what falls short"), max_length=WORDS, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=ImprovementKind)
    department = models.ForeignKey(
        Department, models.PROTECT, verbose_name=_("department"), related_name="+", db_index=False
    )
    owner = models.ForeignKey(
        User,
        models.PROTECT,
        verbose_name=pgettext_lazy("improvement", "owner"),
        null=True,
        blank=True,
        related_name="improvements",
    )
    status = models.CharField(
        _("state"), max_length=11, choices=ImprovementStatus, default=ImprovementStatus.PROPOSED
    )
    verdict = models.CharField(
        pgettext_lazy("improvement", "verdict"), max_length=9, choices=Verdict, blank=True
    )
    round = models.PositiveSmallIntegerField(default=1, help_text="How often it was begun, reopened or not.")

    spot_aspect = models.CharField(max_length=16, choices=Aspect, blank=True)
    spot_by = models.CharField(max_length=12, choices=SpotBy, blank=True)
    spot_value = models.CharField(max_length=KEY, blank=True)
    need = models.ForeignKey(
        Need, models.PROTECT, verbose_name=_("need"), null=True, blank=True, related_name="improvements"
    )
    alert = models.ForeignKey(
        FigureAlert,
        models.PROTECT,
        verbose_name=pgettext_lazy("improvement", "alert"),
        null=True,
        blank=True,
        related_name="+",
    )

    metric = models.CharField(_("figure"), max_length=32, choices=MetricCode, blank=True)
    dimension = models.CharField(_("told apart by"), max_length=10, choices=Dimension, blank=True)
    key = models.CharField(_("of"), max_length=KEY, blank=True)
    control_key = models.CharField(
        _("compared with"),
        max_length=KEY,
        blank=True,
        help_text=_("One of the same kind where nothing is changed, such as another region."),
    )
    expected = models.DecimalField(
        _("better by"),
        max_digits=12,
        decimal_places=3,
        null=True,
        blank=True,
        help_text=_("In the figure's own unit: percentage points, stars, points; of times seconds."),
    )
    window = models.PositiveSmallIntegerField(
        _("compared over (days)"), default=28, help_text=_("Whole weeks, so that weekdays are alike.")
    )

    proposed_at = models.DateTimeField(_("proposed"))
    accepted_at = models.DateTimeField(pgettext_lazy("improvement", "accepted"), null=True, blank=True)
    due_on = models.DateField(pgettext_lazy("improvement", "due"), null=True, blank=True)
    started_at = models.DateTimeField(_("begun"), null=True, blank=True)
    carried_out_at = models.DateTimeField(pgettext_lazy("improvement", "carried out"), null=True, blank=True)
    check_on = models.DateField(_("to be checked"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    warn_at = models.DateTimeField(null=True, editable=False, help_text="When its ladder is looked at.")

    said_title = models.CharField(_("heading to members"), max_length=NAMED, blank=True)
    said = models.TextField(_("what members are told"), max_length=WORDS, blank=True)
    said_title_en = models.CharField(_("heading to members (English)"), max_length=NAMED, blank=True)
    said_en = models.TextField(_("what members are told (English)"), max_length=WORDS, blank=True)
    telling_at = models.DateTimeField(null=True, editable=False, help_text="Members are being told since.")
    told_upto = models.BigIntegerField(default=0, editable=False, help_text="The last member looked at.")

    class Meta:
        verbose_name = _("improvement")
        verbose_name_plural = _("improvements")
        permissions = [("see_all_improvements", "Can see improvements of all departments")]
        constraints = [
            models.CheckConstraint(
                name="improvement_known",
                condition=Q(
                    kind__in=ImprovementKind.values,
                    status__in=ImprovementStatus.values,
                    verdict__in=["", Verdict.PROVED, Verdict.NO_EFFECT],
                    metric__in=["", *MetricCode.values],
                    dimension__in=Dimension.values,
                ),
            ),
            models.CheckConstraint(
                name="improvement_planned_is_whole",
                condition=~Q(status__in=PLANNED)
                | ~Q(metric="")
                & Q(
                    owner__isnull=False,
                    due_on__isnull=False,
                    expected__isnull=False,
                    accepted_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="improvement_done_has_times",
                condition=~Q(status__in=DONE)
                | Q(started_at__isnull=False, carried_out_at__gte=F("started_at"), check_on__isnull=False),
            ),
            models.CheckConstraint(
                name="improvement_under_way_has_begun",
                condition=~Q(status=ImprovementStatus.UNDER_WAY)
                | Q(started_at__isnull=False, carried_out_at__isnull=True),
            ),
            models.CheckConstraint(
                name="improvement_checked_has_verdict",
                condition=Q(status__in=["checked", "closed", "reopened"]) & ~Q(verdict="")
                | ~Q(status__in=["checked", "closed", "reopened"]) & Q(verdict=""),
            ),
            models.CheckConstraint(
                name="improvement_ended_has_time",
                condition=Q(status__in=["closed", "dropped"], ended_at__isnull=False)
                | ~Q(status__in=["closed", "dropped"]) & Q(ended_at__isnull=True),
            ),
            models.CheckConstraint(
                name="improvement_key_fits",
                condition=Q(dimension="", key="", control_key="")
                | ~Q(dimension="") & ~Q(key="") & ~Q(metric="") & ~Q(control_key=F("key")),
            ),
            models.CheckConstraint(
                name="improvement_expects_something", condition=Q(expected=None) | Q(expected__gt=0)
            ),
            models.CheckConstraint(
                name="improvement_whole_weeks",
                condition=Q(window__gte=7, window__lte=91) & Q(window=F("window") - Mod(F("window"), 7)),
            ),
            models.CheckConstraint(name="improvement_rounds", condition=Q(round__gte=1)),
            models.CheckConstraint(
                name="improvement_one_source",
                condition=Q(spot_aspect="", spot_by="", spot_value="") & (Q(need=None) | Q(alert=None))
                | Q(need=None, alert=None, spot_aspect__in=Aspect.values, spot_by__in=SpotBy.values),
            ),
            models.CheckConstraint(
                name="improvement_told_of_what_was_done",
                condition=Q(telling_at=None) | ~Q(said_title="") & ~Q(said=""),
            ),
        ]
        indexes = [
            models.Index(name="improvement_list", fields=["department", "status"]),  # queries.listed
            models.Index(  # ladder.sweep
                name="improvement_warn", fields=["warn_at"], condition=Q(warn_at__isnull=False)
            ),
            models.Index(  # telling.go_on
                name="improvement_telling", fields=["id"], condition=Q(telling_at__isnull=False)
            ),
            BrinIndex(name="improvement_ended", fields=["ended_at"], autosummarize=True),  # retention
            models.Index(  # returning: what was proved may come back
                name="improvement_proved", fields=["id"], condition=Q(verdict=Verdict.PROVED)
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ImprovementTask(models.Model):
    """One thing that has to be done for an improvement."""

    improvement = models.ForeignKey(Improvement, models.CASCADE, related_name="tasks")
    text = models.CharField(_("task"), max_length=400)
    owner = models.ForeignKey(
        User,
        models.PROTECT,
        verbose_name=pgettext_lazy("improvement", "whose"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    due_on = models.DateField(pgettext_lazy("improvement", "due"), null=True, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("task of an improvement")
        verbose_name_plural = _("tasks of improvements")
        constraints = [
            models.CheckConstraint(
                name="improvementtask_done_by_somebody",
                condition=Q(done_at=None, done_by=None) | Q(done_at__isnull=False, done_by__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.text


class ImprovementCheck(models.Model):
    """One look at what an improvement changed, as it was reckoned then."""

    improvement = models.ForeignKey(Improvement, models.CASCADE, related_name="checks")
    round = models.PositiveSmallIntegerField()
    at = models.DateTimeField(_("checked"))
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    verdict = models.CharField(pgettext_lazy("improvement", "verdict"), max_length=9, choices=Verdict)
    numbers = models.JSONField(help_text="Windows, counts, change and interval, by kpis.improvements.rules.")

    class Meta:
        verbose_name = _("check of an improvement")
        verbose_name_plural = _("checks of improvements")
        constraints = [
            models.CheckConstraint(name="improvementcheck_known", condition=Q(verdict__in=Verdict.values)),
            models.UniqueConstraint(  # judged once a round; looked at too early as often as one likes
                name="improvementcheck_once",
                fields=["improvement", "round"],
                condition=~Q(verdict=Verdict.TOO_EARLY),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.improvement_id} {self.verdict}"


class ImprovementRung(Rung):
    """A rung that was fired: each once for a round and a due day."""

    improvement = models.ForeignKey(Improvement, models.CASCADE, related_name="rungs", db_index=False)
    round = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = _("rung of an improvement")
        verbose_name_plural = _("rungs of improvements")
        constraints = [
            models.CheckConstraint(name="improvementrung_known", condition=Q(step__in=Step.values)),
            models.UniqueConstraint(
                name="improvementrung_once", fields=["improvement", "round", "due_on", "step"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.improvement_id} {self.step}"


class ImprovementTold(models.Model):
    """A member who was told what became of what they said: once for an improvement."""

    improvement = models.ForeignKey(Improvement, models.CASCADE, related_name="told", db_index=False)
    member = models.ForeignKey(Member, models.CASCADE, related_name="+")
    at = models.DateTimeField(pgettext_lazy("improvement", "told"))

    class Meta:
        verbose_name = _("member told of an improvement")
        verbose_name_plural = _("members told of improvements")
        constraints = [models.UniqueConstraint(name="improvementtold_once", fields=["improvement", "member"])]
        indexes = [BrinIndex(name="improvementtold_at", fields=["at"], autosummarize=True)]  # retention

    def __str__(self) -> str:
        return f"{self.improvement_id} {self.member_id}"
