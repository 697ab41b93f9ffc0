"""Playbooks: what to do about a kind of problem, what to say, what to give; and how each use of one ended."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import CouponTemplate
from config.common.bilingual import Bilingual
from feedback.models.case import Case
from feedback.models.choices import CaseKind
from feedback.models.gap import Aspect
from feedback.models.knowledge import Language
from feedback.models.remedy import Remedy

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


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


class Playbook(Bilingual):
    """What to do about a kind of problem. What a use runs by is a published version."""

    code = models.SlugField(_("code"), unique=True)
    problem = models.CharField(_("problem"), max_length=16, choices=Problem)
    position = models.PositiveIntegerField(_("position"), default=100, help_text=_("Lower comes first."))
    is_active = models.BooleanField(_("in force"), default=True)
    kinds = ArrayField(
        models.CharField(max_length=16, choices=CaseKind),
        verbose_name=_("kinds of case"),
        default=list,
        blank=True,
        help_text=_("None chosen: any."),
    )
    aspects = ArrayField(
        models.CharField(max_length=16, choices=Aspect),
        verbose_name=_("gaps"),
        default=list,
        blank=True,
        help_text=_("Suggested when the order has a gap like these."),
    )
    categories = ArrayField(
        models.CharField(max_length=80),
        verbose_name=_("product categories"),
        default=list,
        blank=True,
        help_text=_("Separated by commas; none: any."),
    )
    words = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("words"),
        default=list,
        blank=True,
        help_text=_("Suggested when the case speaks of one of these; separated by commas."),
    )
    template_code = models.SlugField(
        _("reply template"), blank=True, help_text=_("Its code; the language is the member's.")
    )

    class Meta:
        verbose_name = _("playbook")
        verbose_name_plural = _("playbooks")
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(name="playbook_problem_known", condition=Q(problem__in=Problem.values))
        ]


class PlaybookStep(models.Model):
    """One thing to do, to be ticked off."""

    playbook = models.ForeignKey(Playbook, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    text = models.CharField(_("step"), max_length=200)
    text_en = models.CharField(_("in English"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.text


class RemedyKind(models.TextChoices):
    """What a playbook gives or asks for."""

    COUPON = "coupon", _("coupon")
    POINTS = "points", _("points")
    REFUND = "refund", _("refund")
    RESHIP = "reship", _("send again")
    PRICE_DIFFERENCE = "difference", _("price difference")


GIVEN_HERE = (RemedyKind.COUPON, RemedyKind.POINTS)
"""What is given at once or after approval; for the rest finance or the warehouse is asked."""


class PlaybookRemedy(models.Model):
    """One thing that a playbook gives, or asks others to carry out."""

    playbook = models.ForeignKey(Playbook, models.CASCADE, related_name="remedies")
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    kind = models.CharField(_("kind"), max_length=16, choices=RemedyKind)
    coupon = models.ForeignKey(
        CouponTemplate, models.PROTECT, verbose_name=_("coupon"), null=True, blank=True, related_name="+"
    )
    points = models.PositiveIntegerField(_("points"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("remedy")
        verbose_name_plural = _("remedies")
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                name="playbookremedy_has_content",
                condition=Q(kind=RemedyKind.COUPON, coupon__isnull=False, points__isnull=True)
                | Q(kind=RemedyKind.POINTS, coupon__isnull=True, points__isnull=False, points__gt=0)
                | Q(
                    kind__in=[RemedyKind.REFUND, RemedyKind.RESHIP, RemedyKind.PRICE_DIFFERENCE],
                    coupon__isnull=True,
                    points__isnull=True,
                ),
            )
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class PlaybookVersion(models.Model):
    """What a playbook said from a publication on."""

    playbook = models.ForeignKey(Playbook, models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField(_("version"))
    content = models.JSONField()
    published_at = models.DateTimeField(_("published"))

    class Meta:
        verbose_name = _("playbook version")
        verbose_name_plural = _("playbook versions")
        constraints = [models.UniqueConstraint(name="playbookversion_once", fields=["playbook", "number"])]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.playbook} v{self.number}"


class PlaybookUse(models.Model):
    """A playbook that was applied to a case: once each."""

    playbook = models.ForeignKey(
        Playbook, models.PROTECT, verbose_name=_("playbook"), related_name="uses", db_index=False
    )
    version = models.ForeignKey(PlaybookVersion, models.PROTECT, related_name="uses")
    case = models.ForeignKey(Case, models.CASCADE, verbose_name=_("case"), related_name="playbook_uses")
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("applied by"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Nobody: a ladder."),
    )
    applied_at = models.DateTimeField(_("applied"))
    refusals = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        editable=False,
        help_text="Why a remedy was not given, the last time, by its place in the version.",
    )

    class Meta:
        verbose_name = _("use of a playbook")
        verbose_name_plural = _("uses of playbooks")
        constraints = [models.UniqueConstraint(name="playbookuse_once", fields=["playbook", "case"])]
        indexes = [models.Index(name="playbookuse_applied", fields=["applied_at"])]  # playbooks.report

    def __str__(self) -> str:
        return f"{self.playbook_id} · {self.case_id}"


class StepDone(models.Model):
    """A step of a use that was ticked off."""

    use = models.ForeignKey(PlaybookUse, models.CASCADE, related_name="steps_done", db_index=False)
    number = models.PositiveSmallIntegerField(help_text="The place of the step in the version, from 1.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="stepdone_once", fields=["use", "number"])]

    def __str__(self) -> str:
        return f"{self.use_id}:{self.number}"


class RequestStatus(models.TextChoices):
    """How far a request has come."""

    OPEN = "open", pgettext_lazy("request", "asked for")
    DONE = "done", pgettext_lazy("request", "carried out")
    REFUSED = "refused", pgettext_lazy("request", "refused")


class RemedyRequest(models.Model):
    """A refund, a parcel or a price difference that somebody outside the case has to carry out.

    Huiyin moves neither money nor goods here: the request is on record until finance or the warehouse says
    that it was done.
    """

    case = models.ForeignKey(Case, models.PROTECT, verbose_name=_("case"), related_name="remedy_requests")
    use = models.ForeignKey(
        PlaybookUse, models.PROTECT, null=True, blank=True, related_name="requests", db_index=False
    )
    place = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Of the remedy in the version.")
    kind = models.CharField(_("kind"), max_length=16, choices=RemedyKind)
    amount_fen = models.PositiveBigIntegerField(
        _("amount (fen)"), null=True, blank=True, help_text=_("None: whoever carries it out says how much.")
    )
    note = models.CharField(_("note"), max_length=500, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=RequestStatus, default=RequestStatus.OPEN)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("asked by"),
        null=True,
        blank=True,
        related_name="+",
    )
    asked_at = models.DateTimeField(_("asked"))
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("ended by"),
        null=True,
        blank=True,
        related_name="+",
    )
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    outcome = models.CharField(
        _("outcome"), max_length=500, blank=True, help_text=_("Such as the payment's number.")
    )

    class Meta:
        verbose_name = _("request for a remedy")
        verbose_name_plural = _("requests for remedies")
        permissions = [("end_remedyrequest", "Can say that a requested remedy was carried out")]
        constraints = [
            models.CheckConstraint(
                name="remedyrequest_kind_fits",
                condition=Q(kind__in=[RemedyKind.REFUND, RemedyKind.RESHIP, RemedyKind.PRICE_DIFFERENCE]),
            ),
            models.CheckConstraint(
                name="remedyrequest_ended_has_time",
                condition=Q(status=RequestStatus.OPEN, ended_at__isnull=True, ended_by__isnull=True)
                | (
                    Q(status__in=[RequestStatus.DONE, RequestStatus.REFUSED])
                    & Q(ended_at__isnull=False, ended_by__isnull=False)
                    & ~Q(outcome="")
                ),
            ),
            models.UniqueConstraint(name="remedyrequest_once", fields=["use", "place"]),
        ]
        indexes = [
            models.Index(  # the list of what is to be carried out
                name="remedyrequest_open", fields=["asked_at"], condition=Q(status=RequestStatus.OPEN)
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.case_id}"


class PlaybookGiven(models.Model):
    """Which remedy of a use came to which grant."""

    use = models.ForeignKey(PlaybookUse, models.CASCADE, related_name="given", db_index=False)
    place = models.PositiveSmallIntegerField(help_text="Of the remedy in the version, from 1.")
    remedy = models.OneToOneField(Remedy, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(name="playbookgiven_once", fields=["use", "place"])]

    def __str__(self) -> str:
        return f"{self.use_id}:{self.place}"
