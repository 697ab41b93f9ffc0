"""The words we use: templates of replies, and the rules of tone that they and all replies follow."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback.models.choices import CaseKind
from feedback.models.knowledge import Language


class Problem(models.TextChoices):
    """What is wrong, as templates and playbooks sort it."""

    DAMAGED = "damaged", _("damaged")
    WRONG_ITEM = "wrong_item", _("wrong or missing item")
    LATE = "late", pgettext_lazy("problem", "late")
    LOST = "lost", _("parcel lost or stuck")
    DIFFERENT = "different", _("not as described")
    PRICE = "price", _("price or discount")
    REFUND = "refund", _("return or refund")
    APP = "app", _("app or account")
    SERVICE = "service", _("our service")
    REVIEW = "review", _("bad review")
    OTHER = "other", pgettext_lazy("problem", "other")


class Tone(models.TextChoices):
    """How a template sounds."""

    APOLOGY = "apology", _("apologetic")
    WARM = "warm", _("warm")
    FORMAL = "formal", _("formal")


class Template(models.Model):
    """A reply that is ready but for names and times; one row a language."""

    code = models.SlugField(_("code"), help_text=_("The same for a template in each language."))
    language = models.CharField(_("language"), max_length=16, choices=Language, default=Language.CHINESE)
    problem = models.CharField(_("problem"), max_length=16, choices=Problem)
    tone = models.CharField(_("tone"), max_length=8, choices=Tone, default=Tone.WARM)
    name = models.CharField(_("name"), max_length=80)
    body = models.TextField(_("text"), max_length=5000)
    position = models.PositiveIntegerField(_("position"), default=100, help_text=_("Lower comes first."))
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("reply template")
        verbose_name_plural = _("reply templates")
        ordering = ["problem", "position", "id"]
        constraints = [
            models.UniqueConstraint(name="template_once", fields=["code", "language"]),
            models.CheckConstraint(name="template_problem_known", condition=Q(problem__in=Problem.values)),
            models.CheckConstraint(name="template_tone_known", condition=Q(tone__in=Tone.values)),
            models.CheckConstraint(name="template_language_known", condition=Q(language__in=Language.values)),
        ]

    def __str__(self) -> str:
        return self.name


class ToneRuleKind(models.TextChoices):
    """What a rule of tone looks for."""

    OPENING = "opening", _("a polite opening has to be there")
    APOLOGY = "apology", _("an apology has to be there")
    FORBIDDEN = "forbidden", _("must not be said")


class ToneSeverity(models.TextChoices):
    """How much it matters."""

    HINT = "hint", _("hint")
    WARNING = "warning", _("warning")
    BLOCK = "block", _("is not sent")


class ToneRule(models.Model):
    """What a reply must hold, or must not, and what to say instead."""

    code = models.SlugField(_("code"), unique=True)
    kind = models.CharField(_("kind"), max_length=16, choices=ToneRuleKind)
    language = models.CharField(
        _("language"),
        max_length=16,
        choices=Language,
        blank=True,
        help_text=_("Of the replies that it is for; none: any."),
    )
    kinds = ArrayField(
        models.CharField(max_length=16, choices=CaseKind),
        verbose_name=_("kinds of case"),
        default=list,
        blank=True,
        help_text=_("None chosen: any."),
    )
    phrases = ArrayField(
        models.CharField(max_length=80),
        verbose_name=_("phrases"),
        help_text=_("Any one of them; separated by commas."),
    )
    allowed = ArrayField(
        models.CharField(max_length=80),
        verbose_name=_("but not inside"),
        default=list,
        blank=True,
        help_text=_("Longer phrases that are harmless, separated by commas."),
    )
    severity = models.CharField(
        _("severity"), max_length=8, choices=ToneSeverity, default=ToneSeverity.WARNING
    )
    advice = models.CharField(_("advice"), max_length=200)
    better = models.CharField(_("better wording"), max_length=200, blank=True)
    is_active = models.BooleanField(_("in force"), default=True)

    class Meta:
        verbose_name = _("tone rule")
        verbose_name_plural = _("tone rules")
        ordering = ["kind", "code"]
        constraints = [
            models.CheckConstraint(name="tonerule_kind_known", condition=Q(kind__in=ToneRuleKind.values)),
            models.CheckConstraint(
                name="tonerule_severity_known", condition=Q(severity__in=ToneSeverity.values)
            ),
            models.CheckConstraint(name="tonerule_has_phrases", condition=Q(phrases__len__gt=0)),
        ]

    def __str__(self) -> str:
        return self.code
