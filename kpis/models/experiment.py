"""Experiments: two variants of one setting, which member had which, and what came of it."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import Member
from config.common.variants import Kind
from feedback.models import Department

TITLE, WORDS, SETTING, OUTCOME = 120, 2_000, 160, 32
APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update)


class Tested(models.TextChoices):
    """What is under test."""

    COMPENSATION = Kind.COMPENSATION.value, _("compensation ratio")
    REPLY = Kind.REPLY.value, _("reply template")
    WORDING = Kind.WORDING.value, _("survey wording")
    TARGET = Kind.TARGET.value, _("policy target")


class ExperimentStatus(models.TextChoices):
    """How far an experiment is."""

    DRAFT = "draft", pgettext_lazy("experiment", "draft")
    RUNNING = "running", pgettext_lazy("experiment", "running")
    ENDED = "ended", pgettext_lazy("experiment", "ended")
    DECIDED = "decided", pgettext_lazy("experiment", "decided")


class Finding(models.TextChoices):
    """What an experiment found."""

    BETTER = "better", pgettext_lazy("experiment", "B is better")
    WORSE = "worse", pgettext_lazy("experiment", "B is worse")
    NO_DIFFERENCE = "no_difference", pgettext_lazy("experiment", "no difference shown")
    HARM = "harm", pgettext_lazy("experiment", "B does harm")
    BROKEN = "broken", pgettext_lazy("experiment", "the split is broken")
    STOPPED = "stopped", pgettext_lazy("experiment", "stopped early: no verdict")


class ArmCode(models.TextChoices):
    """The two variants; A is the setting as it stood when it was planned."""

    A = "a", "A"
    B = "b", "B"


BEGUN = (ExperimentStatus.RUNNING, ExperimentStatus.ENDED, ExperimentStatus.DECIDED)
OVER = (ExperimentStatus.ENDED, ExperimentStatus.DECIDED)


class Experiment(models.Model):
    """One setting under test. It changes only through kpis.experiments.commands.

    `effect` is the smallest difference worth having, in the outcome's unit, and `baseline` what the outcome
    was when it was planned; `size` is how many members of each arm have to be measured. Days are those of
    Asia/Shanghai.
    """

    title = models.CharField(_("title"), max_length=TITLE)
    hypothesis = models.TextField(_("what is expected, and why"), max_length=WORDS, blank=True)
    department = models.ForeignKey(
        Department, models.PROTECT, verbose_name=_("department"), related_name="+", db_index=False
    )
    kind = models.CharField(_("what is under test"), max_length=12, choices=Tested)
    key = models.CharField(_("setting"), max_length=SETTING)
    named = models.CharField(max_length=SETTING, help_text="What the setting was called.")
    outcome = models.CharField(_("judged by"), max_length=OUTCOME)
    baseline = models.FloatField(_("was before"))
    effect = models.DecimalField(_("smallest difference worth having"), max_digits=12, decimal_places=3)
    power = models.DecimalField(_("power"), max_digits=3, decimal_places=2)
    size = models.PositiveIntegerField(_("members measured in each arm"))
    window = models.PositiveSmallIntegerField(
        _("measured for (days)"), help_text=_("After a member was first exposed.")
    )
    days = models.PositiveSmallIntegerField(_("runs for (days)"))
    salt = models.CharField(max_length=32, unique=True, editable=False)
    status = models.CharField(
        _("state"), max_length=7, choices=ExperimentStatus, default=ExperimentStatus.DRAFT
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=pgettext_lazy("experiment", "planned by"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    made_at = models.DateTimeField(pgettext_lazy("experiment", "planned"))
    started_at = models.DateTimeField(pgettext_lazy("experiment", "begun"), null=True, blank=True)
    ends_on = models.DateField(_("planned end"), null=True, blank=True)
    ended_at = models.DateTimeField(pgettext_lazy("experiment", "ended"), null=True, blank=True)
    stop_reason = models.TextField(_("why it was stopped early"), max_length=WORDS, blank=True)
    finding = models.CharField(
        pgettext_lazy("experiment", "finding"), max_length=13, choices=Finding, blank=True
    )
    split_told_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When somebody was told that the split is broken."
    )
    decided_at = models.DateTimeField(pgettext_lazy("experiment", "decided"), null=True, blank=True)
    kept = models.CharField(pgettext_lazy("experiment", "kept"), max_length=1, choices=ArmCode, blank=True)
    reason = models.TextField(pgettext_lazy("experiment", "reason"), max_length=WORDS, blank=True)
    written = models.CharField(
        _("version"), max_length=SETTING, blank=True, help_text="Of the setting, once decided."
    )

    class Meta:
        verbose_name = _("experiment")
        verbose_name_plural = _("experiments")
        permissions = [
            ("run_experiment", "Can start, stop, end and decide experiments"),
            ("see_all_experiments", "Can see experiments of all departments"),
        ]
        constraints = [
            models.CheckConstraint(
                name="experiment_known",
                condition=Q(kind__in=Tested.values, status__in=ExperimentStatus.values)
                & (Q(finding="") | Q(finding__in=Finding.values))
                & (Q(kept="") | Q(kept__in=ArmCode.values)),
            ),
            models.CheckConstraint(
                name="experiment_plan",
                condition=Q(effect__gt=0, size__gt=1, window__gt=0, days__gt=0, power__gt=0, power__lt=1),
            ),
            models.CheckConstraint(
                name="experiment_begun_has_time",
                condition=Q(status=ExperimentStatus.DRAFT, started_at__isnull=True, ends_on__isnull=True)
                | Q(status__in=BEGUN, started_at__isnull=False, ends_on__isnull=False),
            ),
            models.CheckConstraint(
                name="experiment_ended_has_finding",
                condition=Q(status__in=OVER, ended_at__isnull=False) & ~Q(finding="")
                | ~Q(status__in=OVER) & Q(ended_at__isnull=True, finding=""),
            ),
            models.CheckConstraint(
                name="experiment_decided_keeps_one",
                condition=Q(status=ExperimentStatus.DECIDED, decided_at__isnull=False) & ~Q(kept="")
                | ~Q(status=ExperimentStatus.DECIDED) & Q(decided_at__isnull=True, kept=""),
            ),
            models.CheckConstraint(
                name="experiment_ships_what_was_judged",
                condition=~Q(kept=ArmCode.B) | ~Q(finding__in=[Finding.STOPPED, Finding.BROKEN]),
            ),
            models.UniqueConstraint(  # what runs of a setting: read at every use
                name="experiment_one_running",
                fields=["kind", "key"],
                condition=Q(status=ExperimentStatus.RUNNING),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="plan_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__status__in=[one.value for one in BEGUN]),
                func="""
                IF TG_OP = 'UPDATE' AND
                    (OLD.kind, OLD.key, OLD.outcome, OLD.baseline, OLD.effect, OLD.power, OLD.size,
                     OLD.window, OLD.days, OLD.salt, OLD.started_at, OLD.department_id)
                    IS NOT DISTINCT FROM
                    (NEW.kind, NEW.key, NEW.outcome, NEW.baseline, NEW.effect, NEW.power, NEW.size,
                     NEW.window, NEW.days, NEW.salt, NEW.started_at, NEW.department_id) THEN
                    RETURN NEW;
                END IF;
                RAISE EXCEPTION 'the plan of an experiment that has begun stays'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'experiment_plan_stays';
                """,
            )
        ]

    def __str__(self) -> str:
        return self.title


class ExperimentArm(models.Model):
    """A variant: what it says instead of the setting, and how many of a hundred members get it."""

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="arms", db_index=False)
    code = models.CharField(max_length=1, choices=ArmCode)
    weight = models.PositiveSmallIntegerField(pgettext_lazy("experiment", "share"))
    content = models.JSONField()

    class Meta:
        verbose_name = _("variant of an experiment")
        verbose_name_plural = _("variants of experiments")
        ordering = ["experiment", "code"]
        constraints = [
            models.UniqueConstraint(name="experimentarm_once", fields=["experiment", "code"]),
            models.CheckConstraint(
                name="experimentarm_share", condition=Q(weight__gt=0, weight__lt=100, code__in=ArmCode.values)
            ),
        ]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.experiment_id} {self.code}"


class ExperimentGuard(models.Model):
    """What must not become worse by more than a margin."""

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="guards", db_index=False)
    outcome = models.CharField(_("guard"), max_length=OUTCOME)
    margin = models.DecimalField(_("worse by at most"), max_digits=12, decimal_places=3)
    harmed_at = models.DateTimeField(_("harm found"), null=True, blank=True, help_text="And told, once.")

    class Meta:
        verbose_name = _("guard of an experiment")
        verbose_name_plural = _("guards of experiments")
        constraints = [
            models.UniqueConstraint(name="experimentguard_once", fields=["experiment", "outcome"]),
            models.CheckConstraint(name="experimentguard_margin", condition=Q(margin__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.experiment_id} {self.outcome}"


class Exposure(models.Model):
    """A member who got a variant, from the first time on: once for an experiment."""

    experiment = models.ForeignKey(Experiment, models.PROTECT, related_name="exposures", db_index=False)
    arm = models.ForeignKey(ExperimentArm, models.PROTECT, related_name="exposures", db_index=False)
    member = models.ForeignKey(Member, models.CASCADE, related_name="+")
    at = models.DateTimeField(pgettext_lazy("experiment", "exposed"))

    class Meta:
        verbose_name = _("exposure")
        verbose_name_plural = _("exposures")
        constraints = [models.UniqueConstraint(name="exposure_once", fields=["experiment", "member"])]
        indexes = [BrinIndex(name="exposure_at", fields=["at"], autosummarize=True)]  # retention
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.experiment_id} {self.member_id}"


class ExperimentResult(models.Model):
    """What came out, as it was reckoned when the experiment ended."""

    experiment = models.OneToOneField(Experiment, models.PROTECT, related_name="result")
    at = models.DateTimeField(_("reckoned"))
    numbers = models.JSONField(help_text="See kpis.experiments.judging.")

    class Meta:
        verbose_name = _("result of an experiment")
        verbose_name_plural = _("results of experiments")
        constraints = [
            models.CheckConstraint(name="experimentresult_has_numbers", condition=~Q(numbers={})),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.experiment_id} {self.at:%F}"
