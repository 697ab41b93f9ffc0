"""Replies to reviews as the house sets them up: the rules of who writes them, and their templates."""

from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.common.bilingual import Bilingual
from feedback.models.knowledge import Language
from feedback.models.review import BEST
from feedback.models.voice import Feeling, VoiceAspect

FOLLOW_UP = 0
"""What stands for a follow-up among stars: it has none."""
UNSURE = "unsure"
"""What stands among feelings for a text that triage leaves to people."""
FEELINGS = [*Feeling.choices, (UNSURE, _("not sure"))]


class ReplyWay(models.TextChoices):
    """Who writes a reply."""

    AUTOMATIC = "automatic", _("automatic")
    DRAFTED = "drafted", _("drafted for an agent")
    BY_HAND = "by_hand", _("by hand")


class LeftBecause(models.TextChoices):
    """Why a reply is not written by itself, whatever the rules say."""

    UNSURE = "unsure", _("triage is not sure how it is meant")
    FEW_STARS = "few_stars", _("few stars")
    PROBLEM = "problem", _("it speaks of a problem")
    HOSTILE = "hostile", _("abusive words")
    SIGNALS = "signals", _("moderation has found something")
    NO_TEXT = "no_text", _("there is no text")
    NO_PRAISE = "no_praise", _("it does not say what was good")
    NO_TEMPLATE = "no_template", _("no template fits that was not the last one")
    NO_RULE = "no_rule", _("no rule fits")
    CHANGED = "changed", _("the review is another since it was answered")


class ReplyRule(Bilingual):
    """Which reviews are answered by themselves, which with a draft, which by hand: the first that fits."""

    code = models.SlugField(_("code"), unique=True)
    position = models.PositiveIntegerField(_("position"), default=100, help_text=_("Lower comes first."))
    is_active = models.BooleanField(_("in force"), default=True)
    way = models.CharField(_("who writes"), max_length=9, choices=ReplyWay, default=ReplyWay.DRAFTED)
    stars = ArrayField(
        models.PositiveSmallIntegerField(),
        verbose_name=_("stars"),
        default=list,
        blank=True,
        help_text=_("None chosen: any."),
    )
    feelings = ArrayField(
        models.CharField(max_length=8, choices=FEELINGS),
        verbose_name=_("feelings"),
        default=list,
        blank=True,
        help_text=_("As triage reads it; none chosen: any."),
    )
    sure_from = models.DecimalField(
        _("how sure at least"),
        max_digits=3,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("The distance of the sentiment from the middle, from 0 to 1."),
    )
    aspects = ArrayField(
        models.CharField(max_length=16, choices=VoiceAspect),
        verbose_name=_("about"),
        default=list,
        blank=True,
        help_text=_("It speaks of one of these; none chosen: of anything."),
    )
    least_length = models.PositiveIntegerField(_("characters at least"), null=True, blank=True)
    most_length = models.PositiveIntegerField(_("characters at most"), null=True, blank=True)
    categories = ArrayField(
        models.CharField(max_length=80),
        verbose_name=_("product categories"),
        default=list,
        blank=True,
        help_text=_("Separated by commas; none: any."),
    )
    sources = ArrayField(
        models.CharField(max_length=50),
        verbose_name=_("written at"),
        default=list,
        blank=True,
        help_text=_("“portal”, or codes of marketplaces, separated by commas; none: anywhere."),
    )
    needs_approval = models.BooleanField(
        _("somebody else approves"),
        default=False,
        help_text=_("Who has the right to approve, and is not who wrote it. What is automatic needs nobody."),
    )
    approvers = models.ManyToManyField(
        Group,
        verbose_name=_("approved by"),
        blank=True,
        related_name="+",
        help_text=_("None: whoever has the right to approve."),
    )

    class Meta:
        verbose_name = _("rule of replies")
        verbose_name_plural = _("rules of replies")
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(name="replyrule_way_known", condition=Q(way__in=ReplyWay.values)),
            models.CheckConstraint(
                name="replyrule_stars", condition=Q(stars__contained_by=list(range(BEST + 1)))
            ),
            models.CheckConstraint(
                name="replyrule_feelings_known",
                condition=Q(feelings__contained_by=[value for value, _label in FEELINGS]),
            ),
            models.CheckConstraint(
                name="replyrule_aspects_known", condition=Q(aspects__contained_by=VoiceAspect.values)
            ),
            models.CheckConstraint(
                name="replyrule_sure_from", condition=Q(sure_from__gte=0, sure_from__lte=1)
            ),
            models.CheckConstraint(
                name="replyrule_lengths",
                condition=Q(least_length__isnull=True)
                | Q(most_length__isnull=True)
                | Q(least_length__lte=models.F("most_length")),
                violation_error_message=_("The least length is longer than the most."),
            ),
            models.CheckConstraint(
                name="replyrule_automatic_is_plain",
                condition=~Q(way=ReplyWay.AUTOMATIC)
                | (Q(needs_approval=False) & Q(stars__len__gt=0) & Q(stars__contained_by=[0, 4, 5])),
                violation_error_message=_(
                    "Only four and five stars, and follow-ups, are answered automatically;"
                    " nobody approves that."
                ),
            ),
        ]


class ReplyTemplate(models.Model):
    """A reply that is ready but for what the member spoke of; one row a language."""

    code = models.SlugField(_("code"), help_text=_("The same for a template in each language."))
    language = models.CharField(_("language"), max_length=16, choices=Language, default=Language.CHINESE)
    feeling = models.CharField(
        _("for reviews that are"), max_length=8, choices=Feeling, help_text=_("How the review is meant.")
    )
    aspect = models.CharField(
        _("about"), max_length=16, choices=VoiceAspect, blank=True, help_text=_("None: anything.")
    )
    text = models.TextField(_("text"), max_length=2_000)
    position = models.PositiveIntegerField(_("position"), default=100, help_text=_("Lower comes first."))
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("template of replies to reviews")
        verbose_name_plural = _("templates of replies to reviews")
        ordering = ["feeling", "aspect", "position", "id"]
        constraints = [
            models.UniqueConstraint(name="replytemplate_once", fields=["code", "language"]),
            models.CheckConstraint(
                name="replytemplate_language_known", condition=Q(language__in=Language.values)
            ),
            models.CheckConstraint(
                name="replytemplate_feeling_known", condition=Q(feeling__in=Feeling.values)
            ),
            models.CheckConstraint(
                name="replytemplate_aspect_known", condition=Q(aspect="") | Q(aspect__in=VoiceAspect.values)
            ),
            models.CheckConstraint(name="replytemplate_says_something", condition=~Q(text="")),
        ]

    def __str__(self) -> str:
        return f"{self.code} ({self.get_language_display()})"
