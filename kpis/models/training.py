"""Trainings: what is learned, by whom, when, and which figure it is to move."""

from datetime import timedelta

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback.models import Agent, Department
from kpis.models.appraisal import Appraisal
from kpis.models.metric import MetricCode
from kpis.models.presence import Presence

NAMED, WORDS, ADDRESS, CODE, NEED = 120, 2_000, 500, 80, 200
SHORTEST, LONGEST, MOST_WEEKS = 5, 600, 26


class NeedKind(models.TextChoices):
    """What shows that somebody has to learn something."""

    QUALITY = "quality", pgettext_lazy("training", "item of quality checks")
    BREACH = "breach", pgettext_lazy("training", "cause of broken promises")


class TrainingState(models.TextChoices):
    """What became of a training."""

    PLANNED = "planned", pgettext_lazy("training", "planned")
    HELD = "held", pgettext_lazy("training", "held")
    CANCELLED = "cancelled", pgettext_lazy("training", "cancelled")


def _is_address(name: str) -> Q:
    return (
        Q(**{name: ""}) | Q(**{f"{name}__startswith": "http://"}) | Q(**{f"{name}__startswith": "https://"})
    )


class Training(models.Model):
    """Something that agents of a department learn together. It changes through kpis.training alone."""

    title = models.CharField(pgettext_lazy("training", "subject"), max_length=NAMED)
    department = models.ForeignKey(
        Department, models.PROTECT, verbose_name=_("department"), related_name="+", db_index=False
    )
    need_kind = models.CharField(
        pgettext_lazy("training", "what shows the need"), max_length=7, choices=NeedKind, blank=True
    )
    need_code = models.CharField(
        max_length=CODE, blank=True, help_text="As kpis.appraisals.lacking names it."
    )
    need_name = models.CharField(
        pgettext_lazy("training", "need"), max_length=NEED, blank=True, help_text="As it was called then."
    )
    metric = models.CharField(
        pgettext_lazy("training", "figure that it is to move"), max_length=32, choices=MetricCode
    )
    trainer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=pgettext_lazy("training", "trainer"),
        related_name="trainings_given",
        help_text=_("If somebody from outside teaches: who looks after them here."),
    )
    starts_at = models.DateTimeField(pgettext_lazy("training", "begins"))
    minutes = models.PositiveSmallIntegerField(pgettext_lazy("training", "minutes"), default=60)
    place = models.CharField(pgettext_lazy("training", "place"), max_length=NAMED, blank=True)
    link = models.URLField(pgettext_lazy("training", "link to take part"), max_length=ADDRESS, blank=True)
    notes = models.TextField(pgettext_lazy("training", "notes"), max_length=WORDS, blank=True)
    material = models.URLField(pgettext_lazy("training", "link to material"), max_length=ADDRESS, blank=True)
    weeks = models.PositiveSmallIntegerField(
        pgettext_lazy("training", "compared over (weeks)"),
        default=4,
        help_text=_("So many weeks before its day and after it."),
    )
    state = models.CharField(_("state"), max_length=9, choices=TrainingState, default=TrainingState.PLANNED)
    changes = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="How often it was changed."
    )
    others = ArrayField(
        models.BigIntegerField(),
        default=list,
        editable=False,
        help_text="The agents of the department who did not take part, as it stood when it was held.",
    )
    ended_at = models.DateTimeField(
        null=True, editable=False, help_text="When its attendance was noted, or it was cancelled."
    )
    reason = models.CharField(
        pgettext_lazy("training", "why it was cancelled"), max_length=WORDS, blank=True, editable=False
    )

    class Meta:
        verbose_name = _("training")
        verbose_name_plural = _("trainings")
        permissions = [("plan_training", "Can plan trainings of their departments and see what came of them")]
        constraints = [
            models.CheckConstraint(
                name="training_ended_has_time",
                condition=Q(state=TrainingState.PLANNED, ended_at=None)
                | Q(state__in=[TrainingState.HELD, TrainingState.CANCELLED], ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="training_held_from_its_day_on",
                condition=~Q(state=TrainingState.HELD) | Q(ended_at__gt=F("starts_at") - timedelta(days=1)),
            ),
            models.CheckConstraint(
                name="training_need_is_whole",
                condition=Q(need_kind="", need_code="", need_name="")
                | (Q(need_kind__in=NeedKind.values) & ~Q(need_code="") & ~Q(need_name="")),
            ),
            models.CheckConstraint(name="training_metric_known", condition=Q(metric__in=MetricCode.values)),
            models.CheckConstraint(name="training_is_somewhere", condition=~Q(place="", link="")),
            models.CheckConstraint(name="training_link", condition=_is_address("link")),
            models.CheckConstraint(name="training_material", condition=_is_address("material")),
            models.CheckConstraint(
                name="training_times",
                condition=Q(minutes__range=(SHORTEST, LONGEST), weeks__range=(1, MOST_WEEKS)),
            ),
        ]
        indexes = [
            models.Index(name="training_day", fields=["starts_at"]),  # queries.listed, retention
            models.Index(  # queries.to_note, the menu's count
                name="training_planned", fields=["starts_at"], condition=Q(state="planned")
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="held_is_noted",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("state"),
                timing=pgtrigger.Deferred,
                func="""
                IF EXISTS (SELECT FROM kpis_training WHERE id = NEW.id AND state = 'held') AND EXISTS
                    (SELECT FROM kpis_trainingplace WHERE training_id = NEW.id AND presence = 'expected') THEN
                    RAISE EXCEPTION 'of a training that was held it is known who was there'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'training_held_is_noted';
                END IF;
                RETURN NULL;
                """,
            )
        ]

    def __str__(self) -> str:
        return self.title


class TrainingPlace(models.Model):
    """Somebody in a training: why, whether they were there, and how a test went."""

    training = models.ForeignKey(Training, models.CASCADE, related_name="places", db_index=False)
    agent = models.ForeignKey(
        Agent, models.PROTECT, verbose_name=_("agent"), related_name="training_places"
    )  # its index: queries.records
    appraisal = models.ForeignKey(
        Appraisal,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="The month that showed the need; none: put in by hand.",
    )
    presence = models.CharField(
        pgettext_lazy("training", "presence"), max_length=8, choices=Presence, default=Presence.EXPECTED
    )
    score = models.PositiveSmallIntegerField(pgettext_lazy("training", "test, points of 100"), null=True)

    class Meta:
        verbose_name = _("place in a training")
        verbose_name_plural = _("places in trainings")
        constraints = [
            models.UniqueConstraint(name="trainingplace_once", fields=["training", "agent"]),
            models.CheckConstraint(name="trainingplace_presence", condition=Q(presence__in=Presence.values)),
            models.CheckConstraint(
                name="trainingplace_score",
                condition=Q(score=None) | Q(score__lte=100, presence=Presence.PRESENT),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="goes_with_the_state",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                declare=[("now_is", "text")],
                func="""
                SELECT state INTO now_is FROM kpis_training
                WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.training_id ELSE NEW.training_id END;
                IF TG_OP <> 'UPDATE' AND now_is <> 'planned' THEN
                    RAISE EXCEPTION 'who was in a training that has ended stays'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'trainingplace_stays';
                ELSIF TG_OP <> 'DELETE' AND (NEW.presence = 'expected') = (now_is = 'held') THEN
                    RAISE EXCEPTION 'who was there is known of what was held, and of nothing else'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'trainingplace_noted';
                END IF;
                RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.training_id} {self.agent_id}"
