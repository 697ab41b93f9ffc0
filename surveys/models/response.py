"""What came back: whole responses only, each with its answers."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import Product, Tier
from feedback.models import Agent, Case, Department
from surveys.models.campaign import Stratum
from surveys.models.invitation import Invitation
from surveys.models.questionnaire import Question, SurveyVersion
from surveys.models.wave import Wave


class Response(models.Model):
    """What was answered to one invitation, sent off by whoever answered.

    An anonymous one has neither invitation nor moment, only the week. Its number and those of its answers are
    drawn, so that their order tells nothing.
    """

    wave = models.ForeignKey(
        Wave, models.PROTECT, verbose_name=_("wave"), related_name="responses", db_index=False
    )
    version = models.ForeignKey(
        SurveyVersion, models.PROTECT, verbose_name=_("version"), related_name="responses"
    )
    invitation = models.OneToOneField(
        Invitation, models.PROTECT, verbose_name=_("invitation"), null=True, related_name="response"
    )
    at = models.DateTimeField(_("answered at"), null=True)
    week = models.DateField(_("week"), help_text="Its Monday.")
    is_anonymous = models.BooleanField(_("anonymous"), default=False)
    stratum = models.ForeignKey(
        Stratum, models.PROTECT, verbose_name=_("stratum"), null=True, related_name="+"
    )
    channel = models.CharField(pgettext_lazy("invitation", "asked by"), max_length=12, blank=True)
    tier = models.ForeignKey(Tier, models.PROTECT, verbose_name=_("tier"), null=True, related_name="+")
    segments = ArrayField(
        models.CharField(max_length=50),
        verbose_name=_("segments"),
        default=list,
        help_text="Codes of those that the member was in when asked.",
    )
    agent = models.ForeignKey(Agent, models.PROTECT, verbose_name=_("agent"), null=True, related_name="+")
    department = models.ForeignKey(
        Department, models.PROTECT, verbose_name=_("department"), null=True, related_name="+"
    )
    product = models.ForeignKey(
        Product, models.PROTECT, verbose_name=_("product"), null=True, related_name="+"
    )
    follow_up = models.ForeignKey(
        Case,
        models.PROTECT,
        verbose_name=_("follow-up case"),
        null=True,
        blank=True,
        related_name="followed_responses",
        help_text="Several of one member may lead to the same.",
    )

    class Meta:
        verbose_name = _("response")
        verbose_name_plural = _("responses")
        constraints = [
            models.CheckConstraint(
                name="response_anonymous",
                condition=Q(is_anonymous=False, invitation__isnull=False, at__isnull=False)
                | Q(
                    is_anonymous=True,
                    invitation__isnull=True,
                    at__isnull=True,
                    follow_up__isnull=True,
                    tier__isnull=True,
                    segments=[],
                    agent__isnull=True,
                    department__isnull=True,
                    product__isnull=True,
                ),
            ),
            models.CheckConstraint(name="response_on_monday", condition=Q(week__iso_week_day=1)),
        ]
        indexes = [
            models.Index(name="response_at", fields=["at"]),  # figures by day
            models.Index(name="response_wave", fields=["wave", "week"]),  # results of a wave, exports
            BrinIndex(name="response_week", fields=["week"], autosummarize=True),  # retention
            models.Index(  # an agent's own
                name="response_agent", fields=["agent", "-at"], condition=Q(agent__isnull=False)
            ),
            models.Index(  # a lead's own
                name="response_department",
                fields=["department", "-at"],
                condition=Q(department__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wave_id}" if self.is_anonymous else f"#{self.pk}"


class Answer(models.Model):
    """The answer to one question; of a matrix, to one of its rows."""

    response = models.ForeignKey(Response, models.CASCADE, related_name="answers", db_index=False)
    question = models.ForeignKey(Question, models.PROTECT, verbose_name=_("question"), related_name="answers")
    row = models.CharField(_("row"), max_length=30, blank=True)
    score = models.SmallIntegerField(
        _("score"), null=True, blank=True, help_text="Of a Kano pair: if it were so. Of consent: 1."
    )
    second = models.SmallIntegerField(null=True, blank=True, help_text="Of a Kano pair: if it were not so.")
    picked = ArrayField(
        models.CharField(max_length=30),
        verbose_name=pgettext_lazy("answer", "chosen"),
        null=True,
        blank=True,
        help_text="Codes of choices; of a ranking in its order.",
    )
    number = models.DecimalField(
        pgettext_lazy("answer", "number"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    day = models.DateField(_("date"), null=True, blank=True)
    text = models.TextField(_("text"), blank=True)

    class Meta:
        verbose_name = _("survey answer")
        verbose_name_plural = _("survey answers")
        constraints = [
            models.UniqueConstraint(name="answer_once", fields=["response", "question", "row"]),
            models.CheckConstraint(
                name="answer_score_range", condition=Q(score__isnull=True) | Q(score__gte=0, score__lte=10)
            ),
            models.CheckConstraint(
                name="answer_second",
                condition=Q(second__isnull=True)
                | Q(second__gte=1, second__lte=5, score__gte=1, score__lte=5),
            ),
        ]

    def __str__(self) -> str:
        return str(self.score) if self.score is not None else self.text[:60]


def path_of(file: "AnswerFile", _name: str) -> str:
    """Where a file of an answer is kept: under its response, by what it holds."""
    return f"answers/{file.answer.response_id}/{file.sha256}"


class AnswerFile(models.Model):
    """A picture or recording that was sent as an answer."""

    answer = models.ForeignKey(Answer, models.CASCADE, related_name="files")
    file = models.FileField(_("file"), upload_to=path_of, max_length=200)
    name = models.CharField(_("name"), max_length=120, blank=True, help_text="Empty: anonymous.")
    content_type = models.CharField(_("type"), max_length=80)
    size = models.PositiveIntegerField(_("size (bytes)"))
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("file of an answer")
        verbose_name_plural = _("files of answers")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_picture(self) -> bool:
        """Whether it can be looked at; else it can be listened to."""
        return self.content_type.startswith("image/")
