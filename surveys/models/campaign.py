"""Campaigns: what is asked of whom, and after what."""

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from compensation.models import Segment
from config.common.bilingual import Bilingual
from feedback.models import Priority


class Trigger(models.TextChoices):
    """What makes a campaign ask."""

    CASE_CLOSED = "case_closed", _("a case was closed")


class Campaign(Bilingual):
    """A set of questions asked on an occasion."""

    code = models.SlugField(_("code"), unique=True)
    trigger = models.CharField(_("asked when"), max_length=16, choices=Trigger)
    segment = models.ForeignKey(
        Segment,
        models.PROTECT,
        verbose_name=_("segment"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Only its members are asked; none: all."),
    )
    is_active = models.BooleanField(_("asking"), default=True)
    within_days = models.PositiveSmallIntegerField(
        _("only what happened in the last (days)"),
        default=7,
        help_text=_("So that a new campaign does not ask about old matters."),
    )
    valid_days = models.PositiveSmallIntegerField(_("answerable for (days)"), default=14)
    bad_score = models.PositiveSmallIntegerField(
        _("bad up to"), default=2, help_text=_("A score of at most this opens a follow-up case.")
    )
    follow_up_priority = models.PositiveSmallIntegerField(
        _("priority of a follow-up"), choices=Priority, default=Priority.HIGH
    )

    class Meta:
        verbose_name = _("survey campaign")
        verbose_name_plural = _("survey campaigns")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(name="campaign_trigger_known", condition=Q(trigger__in=Trigger.values)),
            models.CheckConstraint(
                name="campaign_bad_score", condition=Q(bad_score__lte=5, valid_days__gt=0, within_days__gt=0)
            ),
        ]


class QuestionKind(models.TextChoices):
    """How a question is answered."""

    CSAT = "csat", _("satisfaction, 1 to 5")
    CES = "ces", _("ease, 1 to 5")
    TEXT = "text", _("open text")


class Question(models.Model):
    """One question of a campaign, asked in the invitations between `added_at` and `retired_at`.

    A question that was answered is never changed: it is retired, and another takes its place.
    """

    campaign = models.ForeignKey(
        Campaign, models.CASCADE, verbose_name=_("campaign"), related_name="questions"
    )
    position = models.PositiveSmallIntegerField(_("position"))
    kind = models.CharField(_("kind"), max_length=8, choices=QuestionKind)
    text = models.CharField(_("question"), max_length=200)
    text_en = models.CharField(_("question in English"), max_length=200, blank=True)
    is_required = models.BooleanField(_("required"), default=True)
    added_at = models.DateTimeField(_("added"), editable=False)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["campaign", "position"]
        constraints = [
            models.CheckConstraint(name="question_kind_known", condition=Q(kind__in=QuestionKind.values)),
            models.UniqueConstraint(
                name="question_position", fields=["campaign", "position"], condition=Q(retired_at=None)
            ),
        ]

    def __str__(self) -> str:
        return self.text_en if self.text_en and (get_language() or "").startswith("en") else self.text
