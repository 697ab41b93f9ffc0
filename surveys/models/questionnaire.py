"""Questionnaires: what is asked, in versions that never change once they are published."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from config.common.bilingual import Bilingual
from config.common.models import User
from feedback.models import VoiceAspect
from surveys.models.need import Need


def in_language(own: str, english: str) -> str:
    """A text in the language of the moment; Chinese where there is no English."""
    return english if english and (get_language() or "").startswith("en") else own


class Survey(Bilingual):
    """A questionnaire under its name; what is asked are its versions."""

    code = models.SlugField(_("code"), unique=True)
    note = models.CharField(_("what it is for"), max_length=200, blank=True)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("questionnaire")
        verbose_name_plural = _("questionnaires")
        ordering = ["code"]
        permissions = [("publish_survey", "Can give questionnaires out")]


class Layout(models.TextChoices):
    """How a phone shows it."""

    ALL = "all", _("all questions on one page")
    ONE = "one", _("one question a page")


class SurveyVersion(models.Model):
    """One state of a questionnaire. A published one stays as it is; answers stay with theirs."""

    survey = models.ForeignKey(
        Survey, models.PROTECT, verbose_name=_("questionnaire"), related_name="versions", db_index=False
    )
    number = models.PositiveSmallIntegerField(_("version"))
    layout = models.CharField(_("layout"), max_length=4, choices=Layout, default=Layout.ALL)
    title = models.CharField(pgettext_lazy("survey", "title"), max_length=120)
    title_en = models.CharField(_("title in English"), max_length=120, blank=True)
    intro = models.TextField(_("before the questions"), max_length=1_000, blank=True)
    intro_en = models.TextField(_("before the questions, in English"), max_length=1_000, blank=True)
    thanks = models.TextField(_("thanks"), max_length=1_000, blank=True)
    thanks_en = models.TextField(_("thanks in English"), max_length=1_000, blank=True)
    thanks_promoters = models.TextField(
        _("thanks to promoters"),
        max_length=1_000,
        blank=True,
        help_text=_("Who gives one of the two best scores. Empty: the same thanks as everybody."),
    )
    thanks_promoters_en = models.TextField(_("thanks to promoters, in English"), max_length=1_000, blank=True)
    thanks_passives = models.TextField(
        _("thanks to passives"),
        max_length=1_000,
        blank=True,
        help_text=_("Who is neither delighted nor unhappy. Empty: the same thanks as everybody."),
    )
    thanks_passives_en = models.TextField(_("thanks to passives, in English"), max_length=1_000, blank=True)
    published_at = models.DateTimeField(_("published"), null=True, editable=False)
    published_by = models.ForeignKey(
        User, models.PROTECT, verbose_name=_("published by"), null=True, editable=False, related_name="+"
    )

    class Meta:
        verbose_name = _("version of a questionnaire")
        verbose_name_plural = _("versions of a questionnaire")
        ordering = ["survey", "-number"]
        constraints = [
            models.UniqueConstraint(name="surveyversion_once", fields=["survey", "number"]),
            models.UniqueConstraint(
                name="surveyversion_one_draft", fields=["survey"], condition=Q(published_at=None)
            ),
            models.CheckConstraint(
                name="surveyversion_known", condition=Q(layout__in=Layout.values, number__gt=0)
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="published_stays",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.published_at IS NOT NULL"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.survey} {self.number}"

    def heading(self) -> str:
        """The title in the language of the moment."""
        return in_language(self.title, self.title_en)


PUBLISHED = """
    IF EXISTS (
        SELECT FROM surveys_surveyversion version
        WHERE version.id IN ({rows}) AND version.published_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'pgtrigger: a published questionnaire stays as it is (%)', TG_TABLE_NAME;
    END IF;
    RETURN COALESCE(NEW, OLD);
"""


def of_a_draft(rows: str) -> pgtrigger.Trigger:
    """Refuse changes of what belongs to a published version; `rows` gives the versions in question."""
    return pgtrigger.Trigger(
        name="published_stays",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=PUBLISHED.format(rows=rows),
    )


class Section(models.Model):
    """Questions that belong together, shown or passed over together."""

    version = models.ForeignKey(SurveyVersion, models.CASCADE, related_name="sections", db_index=False)
    position = models.PositiveSmallIntegerField(_("position"))
    title = models.CharField(pgettext_lazy("survey", "title"), max_length=120)
    title_en = models.CharField(_("title in English"), max_length=120, blank=True)
    show_if = models.JSONField(_("only if"), default=dict, blank=True)

    class Meta:
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        ordering = ["version", "position"]
        constraints = [
            models.UniqueConstraint(
                name="section_position", fields=["version", "position"], deferrable=models.Deferrable.DEFERRED
            )
        ]
        triggers = [of_a_draft("NEW.version_id, OLD.version_id")]

    def __str__(self) -> str:
        return in_language(self.title, self.title_en)


class QuestionKind(models.TextChoices):
    """How a question is answered."""

    CSAT = "csat", _("satisfaction")
    CES = "ces", _("ease")
    NPS = "nps", _("recommendation, 0 to 10")
    STARS = "stars", pgettext_lazy("question", "stars")
    LIKERT = "likert", _("agreement")
    SINGLE = "single", _("one of several")
    MULTIPLE = "multiple", _("any of several")
    RANKING = "ranking", _("put in order")
    MATRIX = "matrix", _("several on one scale")
    KANO = "kano", _("Kano pair: if it were so, if it were not")
    NUMBER = "number", _("a number")
    DATE = "date", _("a date")
    SHORT = "short", _("a line of text")
    TEXT = "text", _("open text")
    PICTURE = "picture", _("pictures")
    VOICE = "voice", _("a voice recording")
    CONSENT = "consent", _("agree to something")


UNSCALED = [
    kind.value
    for kind in QuestionKind
    if kind
    not in {
        QuestionKind.CSAT,
        QuestionKind.CES,
        QuestionKind.LIKERT,
        QuestionKind.STARS,
        QuestionKind.MATRIX,
    }
]


class Question(models.Model):
    """One question of a version. Its code stays over the versions: so waves are compared."""

    version = models.ForeignKey(SurveyVersion, models.CASCADE, related_name="questions", db_index=False)
    section = models.ForeignKey(
        Section,
        models.CASCADE,
        verbose_name=_("section"),
        null=True,
        blank=True,
        related_name="questions",
    )
    position = models.PositiveSmallIntegerField(_("position"))
    code = models.SlugField(
        _("code"), help_text=_("Stays the same over all versions: so their figures are compared.")
    )
    kind = models.CharField(_("kind"), max_length=8, choices=QuestionKind)
    text = models.CharField(_("question"), max_length=200)
    text_en = models.CharField(_("question in English"), max_length=200, blank=True)
    help = models.CharField(_("explanation"), max_length=200, blank=True)
    help_en = models.CharField(_("explanation in English"), max_length=200, blank=True)
    low_end = models.CharField(
        _("what the lowest score means"), max_length=40, blank=True, help_text=_("Empty: in the usual words.")
    )
    low_end_en = models.CharField(_("what the lowest score means, in English"), max_length=40, blank=True)
    high_end = models.CharField(_("what the highest score means"), max_length=40, blank=True)
    high_end_en = models.CharField(_("what the highest score means, in English"), max_length=40, blank=True)
    is_required = models.BooleanField(_("required"), default=True)
    is_shuffled = models.BooleanField(
        _("choices in an order of its own for each member"),
        default=False,
        help_text=_("So that the first is not favoured. A choice that stays last stays there."),
    )
    scale = models.PositiveSmallIntegerField(
        _("scale up to"), null=True, blank=True, help_text=_("Of satisfaction, ease, agreement and matrix.")
    )
    lowest = models.DecimalField(_("at least"), max_digits=12, decimal_places=2, null=True, blank=True)
    highest = models.DecimalField(_("at most"), max_digits=12, decimal_places=2, null=True, blank=True)
    most = models.PositiveSmallIntegerField(
        _("choices or files at most"), null=True, blank=True, help_text=_("Empty: as many as there are.")
    )
    bad_up_to = models.PositiveSmallIntegerField(
        _("bad up to"),
        null=True,
        blank=True,
        help_text=_("A score of at most this opens a follow-up case. Empty: none does."),
    )
    show_if = models.JSONField(_("only if"), default=dict, blank=True)
    aspect = models.CharField(_("aspect"), max_length=16, choices=VoiceAspect, blank=True)
    need = models.ForeignKey(
        Need, models.PROTECT, verbose_name=_("need"), null=True, blank=True, related_name="questions"
    )

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["version", "position"]
        constraints = [
            models.UniqueConstraint(
                name="question_position",
                fields=["version", "position"],
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(name="question_code", fields=["version", "code"]),
            models.CheckConstraint(
                name="question_known",
                condition=Q(kind__in=QuestionKind.values) & (Q(aspect="") | Q(aspect__in=VoiceAspect.values)),
            ),
            models.CheckConstraint(
                name="question_scaled",
                condition=Q(kind=QuestionKind.CES, scale__in=[5, 7])
                | Q(kind__in=[QuestionKind.CSAT, QuestionKind.LIKERT, QuestionKind.MATRIX])
                & Q(scale__gte=3, scale__lte=10)
                | Q(kind=QuestionKind.STARS, scale=5)
                | Q(
                    kind__in=UNSCALED,
                    scale__isnull=True,
                ),
            ),
            models.CheckConstraint(
                name="question_from_to",
                condition=Q(lowest__isnull=True) | Q(highest__isnull=True) | Q(lowest__lte=F("highest")),
            ),
        ]
        triggers = [of_a_draft("NEW.version_id, OLD.version_id")]

    def __str__(self) -> str:
        return in_language(self.text, self.text_en)


class Choice(models.Model):
    """What can be chosen or ranked; of a matrix, one of its rows."""

    question = models.ForeignKey(Question, models.CASCADE, related_name="choices", db_index=False)
    position = models.PositiveSmallIntegerField(_("position"))
    code = models.SlugField(_("code"), max_length=30)
    text = models.CharField(_("choice"), max_length=120)
    text_en = models.CharField(_("choice in English"), max_length=120, blank=True)
    is_alone = models.BooleanField(
        _("excludes the others"), default=False, help_text=_("Such as: none of these.")
    )
    is_last = models.BooleanField(_("stays last"), default=False)
    takes_text = models.BooleanField(
        _("with a line of text"), default=False, help_text=_("Such as: something else, namely")
    )

    class Meta:
        verbose_name = _("choice")
        verbose_name_plural = _("choices")
        ordering = ["question", "position"]
        constraints = [
            models.UniqueConstraint(
                name="choice_position", fields=["question", "position"], deferrable=models.Deferrable.DEFERRED
            ),
            models.UniqueConstraint(name="choice_code", fields=["question", "code"]),
        ]
        triggers = [
            of_a_draft(
                "SELECT question.version_id FROM surveys_question question"
                " WHERE question.id IN (NEW.question_id, OLD.question_id)"
            )
        ]

    def __str__(self) -> str:
        return in_language(self.text, self.text_en)
