"""Interviews: key members whom somebody talks to, and what was heard."""

import uuid

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import Member, Segment
from config.common.bilingual import Bilingual
from config.common.models import User


class InterviewGuide(Bilingual):
    """What is asked in an interview, and in which order."""

    code = models.SlugField(_("code"), unique=True)
    questions = models.TextField(_("questions"), max_length=4_000)
    questions_en = models.TextField(_("questions in English"), max_length=4_000, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("interview guide")
        verbose_name_plural = _("interview guides")
        ordering = ["code"]


class InterviewTerms(models.Model):
    """How many are proposed a month, and by what weights. There is one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    fewest = models.PositiveSmallIntegerField(_("members a month, at least"), default=10)
    most = models.PositiveSmallIntegerField(_("members a month, at most"), default=20)
    detractor = models.PositiveSmallIntegerField(_("weight: answered badly"), default=3)
    spending = models.PositiveSmallIntegerField(_("weight: spends much"), default=2)
    complaints = models.PositiveSmallIntegerField(_("weight: complained"), default=2)
    rest_days = models.PositiveSmallIntegerField(_("not again within (days)"), default=365)
    look_back_days = models.PositiveSmallIntegerField(
        _("by what happened in the last (days)"), default=90, help_text=_("Answers and complaints.")
    )
    top_percent = models.PositiveSmallIntegerField(_("spends much: among the best (per cent)"), default=10)
    notice_hours = models.PositiveSmallIntegerField(
        _("a time can be chosen until (hours before)"), default=12
    )

    class Meta:
        verbose_name = _("terms of interviews")
        verbose_name_plural = _("terms of interviews")
        constraints = [
            models.CheckConstraint(name="interviewterms_one", condition=Q(id=1)),
            models.CheckConstraint(
                name="interviewterms_sense", condition=Q(fewest__gt=0, fewest__lte=F("most"), most__lte=100)
            ),
            models.CheckConstraint(
                name="interviewterms_look",
                condition=Q(look_back_days__gt=0, top_percent__gte=1, top_percent__lte=100),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fewest}-{self.most}"


class InterviewQuota(models.Model):
    """How many of a month's interviews a segment has at most. A member counts in the first that fits."""

    position = models.PositiveSmallIntegerField(_("position"), unique=True)
    segment = models.ForeignKey(
        Segment,
        models.PROTECT,
        verbose_name=_("segment"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("None: everyone else."),
    )
    most = models.PositiveSmallIntegerField(_("members a month, at most"))

    class Meta:
        verbose_name = _("share of a segment in interviews")
        verbose_name_plural = _("shares of segments in interviews")
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(name="interviewquota_some", condition=Q(most__gt=0)),
            models.UniqueConstraint(name="interviewquota_once", fields=["segment"], nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"{self.segment or _('everyone else')}: {self.most}"


class InterviewState(models.TextChoices):
    """Where an interview stands."""

    PROPOSED = "proposed", pgettext_lazy("interview", "proposed")
    INVITED = "invited", pgettext_lazy("interview", "invited")
    ARRANGED = "arranged", pgettext_lazy("interview", "arranged")
    HELD = "held", pgettext_lazy("interview", "held")
    DECLINED = "declined", pgettext_lazy("interview", "declined")
    MISSED = "missed", pgettext_lazy("interview", "did not take place")
    DROPPED = "dropped", pgettext_lazy("interview", "dropped")


class Interview(models.Model):
    """One member whom somebody wants to talk to in a month, and what came of it."""

    month = models.DateField(pgettext_lazy("interview", "month"), help_text="Its first day.")
    member = models.ForeignKey(
        Member, models.PROTECT, verbose_name=_("member"), related_name="interviews", db_index=False
    )
    state = models.CharField(
        _("state"), max_length=8, choices=InterviewState, default=InterviewState.PROPOSED
    )
    reasons = models.JSONField(
        _("why this member"), default=dict, help_text="By rule, its figure and points."
    )
    points = models.PositiveSmallIntegerField(pgettext_lazy("interview", "points"), default=0)
    segment = models.CharField(_("segment"), max_length=50, blank=True)
    guide = models.ForeignKey(
        InterviewGuide, models.PROTECT, verbose_name=_("guide"), null=True, blank=True, related_name="+"
    )
    interviewer = models.ForeignKey(
        User, models.PROTECT, verbose_name=_("interviewer"), null=True, blank=True, related_name="interviews"
    )
    rest = models.DateField(help_text="Not asked again before this day.")
    invited_at = models.DateTimeField(_("invited"), null=True)
    consented_at = models.DateTimeField(_("agreed to the recording"), null=True)
    held_at = models.DateTimeField(pgettext_lazy("interview moment", "held"), null=True)
    nonce = models.UUIDField(default=uuid.uuid4, editable=False)
    recording = models.URLField(_("link to the recording"), max_length=300, blank=True)
    notes = models.TextField(_("notes"), max_length=20_000, blank=True)
    notes_version = models.PositiveIntegerField(default=0, editable=False)
    declined_because = models.CharField(_("why not"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("interview")
        verbose_name_plural = _("interviews")
        ordering = ["-month", "-points", "id"]
        permissions = [("hold_interview", "Can propose, arrange and hold interviews")]
        indexes = [
            BrinIndex(name="interview_month", fields=["month"], autosummarize=True),  # retention
            models.Index(name="interview_member", fields=["member"]),  # the member's page, export
        ]
        constraints = [
            models.UniqueConstraint(name="interview_once_a_month", fields=["month", "member"]),
            models.CheckConstraint(
                name="interview_known",
                condition=Q(state__in=InterviewState.values, month__day=1),
            ),
            models.CheckConstraint(
                name="interview_recorded_with_consent",
                condition=Q(recording="") | Q(consented_at__isnull=False),
            ),
            models.CheckConstraint(
                name="interview_held",
                condition=~Q(state=InterviewState.HELD) | Q(held_at__isnull=False, interviewer__isnull=False),
            ),
            models.CheckConstraint(
                name="interview_asked_by",
                condition=~Q(state__in=[InterviewState.INVITED, InterviewState.ARRANGED])
                | Q(interviewer__isnull=False, invited_at__isnull=False),
            ),
            ExclusionConstraint(
                name="interview_none_twice",
                expressions=[
                    (
                        models.Func(F("member_id"), F("member_id"), models.Value("[]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    ),
                    (models.Func(F("month"), F("rest"), function="daterange"), RangeOperators.OVERLAPS),
                ],
                condition=~Q(state=InterviewState.DROPPED),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.month:%Y-%m}"


class InterviewSlot(models.Model):
    """A time at which an interviewer is free; one interview takes it."""

    interviewer = models.ForeignKey(
        User, models.CASCADE, verbose_name=_("interviewer"), related_name="interview_slots", db_index=False
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    place = models.CharField(
        pgettext_lazy("interview", "where"),
        max_length=200,
        blank=True,
        help_text=_("A telephone, a link, a room."),
    )
    interview = models.OneToOneField(
        Interview, models.SET_NULL, verbose_name=_("interview"), null=True, blank=True, related_name="slot"
    )
    reminded_at = models.DateTimeField(_("reminded"), null=True, editable=False)

    class Meta:
        verbose_name = _("time for an interview")
        verbose_name_plural = _("times for interviews")
        ordering = ["starts_at", "id"]
        constraints = [
            models.CheckConstraint(name="interviewslot_forward", condition=Q(ends_at__gt=F("starts_at"))),
            ExclusionConstraint(
                name="interviewslot_one_at_a_time",
                expressions=[
                    (
                        models.Func(
                            F("interviewer_id"), F("interviewer_id"), models.Value("[]"), function="int8range"
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                    (
                        models.Func(F("starts_at"), F("ends_at"), function="tstzrange"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%F %R}"


class Theme(Bilingual):
    """What passages of interviews are about: the code book."""

    code = models.SlugField(_("code"), unique=True)
    about = models.CharField(_("when to use it"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("theme")
        verbose_name_plural = _("themes")
        ordering = ["code"]


class Passage(models.Model):
    """Something that was said in an interview, with its themes. The needs that it speaks of: see Evidence."""

    interview = models.ForeignKey(Interview, models.CASCADE, related_name="passages")
    text = models.TextField(_("what was said"), max_length=2_000)
    themes = models.ManyToManyField(Theme, verbose_name=_("themes"), related_name="passages", blank=True)

    class Meta:
        verbose_name = _("passage")
        verbose_name_plural = _("passages")
        ordering = ["interview", "id"]

    def __str__(self) -> str:
        return self.text[:60]
