"""Knowledge: what we know the answer to, as articles in both languages, and what became of showing them.

An article is written in `ArticleText`, one row a language, and published as a numbered version that is never
changed. `words` holds the words of the published version alone: what is not in force is not found.
"""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import Member
from config.common.bilingual import Bilingual
from feedback.models.case import Case
from feedback.models.choices import Channel

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class Language(models.TextChoices):
    """What articles and templates are written in; each names itself, as everywhere."""

    CHINESE = "zh-hans", "简体中文"
    ENGLISH = "en", "English"


class Topic(Bilingual):
    """What articles are sorted by."""

    code = models.SlugField(_("code"), unique=True)
    position = models.PositiveIntegerField(_("position"), default=100, help_text=_("Lower comes first."))

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["position", "id"]


class Audience(models.TextChoices):
    """Who may read an article."""

    MEMBER = "member", _("members and staff")
    AGENT = "agent", _("staff alone")


class ArticleStatus(models.TextChoices):
    """Whether an article is in force."""

    DRAFT = "draft", pgettext_lazy("article", "draft")
    PUBLISHED = "published", pgettext_lazy("article", "published")
    RETIRED = "retired", pgettext_lazy("article", "retired")


class Article(models.Model):
    """A question that we know the answer to. Its status changes only through knowledge.commands."""

    code = models.SlugField(_("code"), unique=True, help_text=_("Stands in its address in the help centre."))
    topic = models.ForeignKey(Topic, models.PROTECT, verbose_name=_("topic"), related_name="articles")
    audience = models.CharField(_("who may read it"), max_length=8, choices=Audience, default=Audience.MEMBER)
    status = models.CharField(
        _("status"), max_length=16, choices=ArticleStatus, default=ArticleStatus.DRAFT, editable=False
    )
    position = models.PositiveIntegerField(_("position"), default=100, help_text=_("Lower comes first."))
    may_answer = models.BooleanField(
        _("may answer by itself"),
        default=True,
        help_text=_("In chat and before a member sends a form, when we are sure enough that it fits."),
    )

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        ordering = ["topic", "position", "id"]
        constraints = [
            models.CheckConstraint(name="article_audience_known", condition=Q(audience__in=Audience.values)),
            models.CheckConstraint(name="article_status_known", condition=Q(status__in=ArticleStatus.values)),
        ]

    def __str__(self) -> str:
        return self.code


class ArticleVersion(models.Model):
    """What an article said in a language from a publication on."""

    article = models.ForeignKey(
        Article, models.PROTECT, verbose_name=_("article"), related_name="versions", db_index=False
    )
    language = models.CharField(_("language"), max_length=16, choices=Language)
    number = models.PositiveIntegerField(_("version"))
    title = models.CharField(_("title"), max_length=200)
    questions = models.TextField(_("ways of asking"), blank=True)
    body = models.TextField(_("text"))
    published_at = models.DateTimeField(_("published"))
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("published by"),
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("article version")
        verbose_name_plural = _("article versions")
        constraints = [
            models.UniqueConstraint(name="articleversion_once", fields=["article", "language", "number"]),
            models.CheckConstraint(
                name="articleversion_language_known", condition=Q(language__in=Language.values)
            ),
        ]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.title} v{self.number}"


class ArticleText(models.Model):
    """An article in one language as it is being written, and which version of it is in force."""

    article = models.ForeignKey(
        Article, models.CASCADE, verbose_name=_("article"), related_name="texts", db_index=False
    )
    language = models.CharField(_("language"), max_length=16, choices=Language)
    title = models.CharField(_("title"), max_length=200)
    questions = models.TextField(
        _("ways of asking"),
        blank=True,
        help_text=_("How people ask it in their own words, one a line: the search goes by them."),
    )
    body = models.TextField(
        _("text"),
        help_text=_("Paragraphs with a blank line between; lines that begin with “- ”, “1. ” or “## ”."),
    )
    in_force = models.OneToOneField(
        ArticleVersion,
        models.PROTECT,
        verbose_name=_("version in force"),
        null=True,
        blank=True,
        editable=False,
        related_name="text",
    )
    words = SearchVectorField(null=True, editable=False)

    class Meta:
        verbose_name = _("article text")
        verbose_name_plural = _("article texts")
        ordering = ["-language"]
        constraints = [
            models.UniqueConstraint(name="articletext_once", fields=["article", "language"]),
            models.CheckConstraint(
                name="articletext_language_known", condition=Q(language__in=Language.values)
            ),
            models.CheckConstraint(
                name="articletext_found_in_force",
                condition=Q(words__isnull=True) | Q(in_force__isnull=False),
            ),
        ]
        indexes = [GinIndex(name="articletext_words", fields=["words"])]  # knowledge.queries.find

    def __str__(self) -> str:
        return self.title


class KnownWord(models.Model):
    """In how many published texts of a language a word stands: the rarer, the more it tells."""

    language = models.CharField(max_length=16)
    word = models.CharField(max_length=200)
    texts = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(name="knownword_once", fields=["language", "word"])]

    def __str__(self) -> str:
        return f"{self.word}: {self.texts}"


class ArticleUse(models.Model):
    """An article that was suggested for a case, and whether its text went into a reply."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="uses", db_index=False)
    case = models.ForeignKey(Case, models.CASCADE, related_name="+")
    shown_at = models.DateTimeField()
    inserted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="articleuse_once", fields=["article", "case"])]

    def __str__(self) -> str:
        return f"{self.article_id} · {self.case_id}"


class ArticleVote(models.Model):
    """Whether an article helped a member; the last word counts."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="votes", db_index=False)
    member = models.ForeignKey(Member, models.CASCADE, related_name="+")
    helped = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="articlevote_once", fields=["article", "member"])]

    def __str__(self) -> str:
        return f"{self.article_id} {'+' if self.helped else '-'}"


class AnsweringRule(models.Model):
    """One row: when we are sure enough to answer without a person."""

    is_active = models.BooleanField(_("answers by itself"), default=True)
    confidence = models.DecimalField(
        _("from a confidence of"),
        max_digits=3,
        decimal_places=2,
        help_text=_("From 0 to 1; 1 is a question in the very words of the article."),
    )
    margin = models.DecimalField(
        _("ahead of the next article by"),
        max_digits=3,
        decimal_places=2,
        help_text=_("When two articles fit nearly as well, a person answers."),
    )

    class Meta:
        verbose_name = _("rule of automatic answers")
        verbose_name_plural = _("rule of automatic answers")
        constraints = [
            models.CheckConstraint(name="answeringrule_one_row", condition=Q(id=1)),
            models.CheckConstraint(
                name="answeringrule_shares",
                condition=Q(confidence__gt=0, confidence__lte=1, margin__gte=0, margin__lte=1),
            ),
        ]

    def __str__(self) -> str:
        return str(_("rule of automatic answers"))


class AnswerOutcome(models.TextChoices):
    """What the member said to an automatic answer."""

    HELPED = "helped", _("it helped")
    PERSON = "person", _("wanted a person")


class AnswerGiven(models.Model):
    """An answer that was given without a person, and what the member said to it."""

    version = models.ForeignKey(ArticleVersion, models.PROTECT, verbose_name=_("article"), related_name="+")
    member = models.ForeignKey(
        Member, models.CASCADE, verbose_name=_("member"), null=True, blank=True, related_name="+"
    )
    case = models.ForeignKey(
        Case, models.CASCADE, verbose_name=_("case"), null=True, blank=True, related_name="answers_given"
    )
    channel = models.CharField(_("channel"), max_length=16, choices=Channel)
    question = models.CharField(_("question"), max_length=500)
    confidence = models.DecimalField(_("confidence"), max_digits=4, decimal_places=3)
    given_at = models.DateTimeField(_("given"))
    outcome = models.CharField(_("outcome"), max_length=8, choices=AnswerOutcome, blank=True)
    outcome_at = models.DateTimeField(_("said"), null=True, blank=True)

    class Meta:
        verbose_name = _("automatic answer")
        verbose_name_plural = _("automatic answers")
        constraints = [
            models.CheckConstraint(name="answergiven_channel_known", condition=Q(channel__in=Channel.values)),
            models.CheckConstraint(
                name="answergiven_outcome_has_time",
                condition=Q(outcome="", outcome_at__isnull=True)
                | Q(outcome__in=AnswerOutcome.values, outcome_at__isnull=False),
            ),
        ]
        indexes = [models.Index(name="answergiven_given", fields=["-given_at"])]  # the figures

    def __str__(self) -> str:
        return self.question
