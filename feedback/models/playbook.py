"""Playbooks: what to do about a kind of problem, and what to give."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compensation.models import CouponTemplate
from config.common.bilingual import Bilingual
from feedback.models.choices import Cared, CaseKind
from feedback.models.gap import Aspect
from feedback.models.wording import Problem

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


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
    cares = ArrayField(
        models.CharField(max_length=8, choices=Cared),
        verbose_name=_("members who care most about"),
        default=list,
        blank=True,
        db_default=models.Value([], output_field=ArrayField(models.CharField(max_length=8))),
        help_text=_("None chosen: any. Of whom we are not sure, none."),
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
    GIFT = "gift", _("gift")


MONEY = (RemedyKind.REFUND, RemedyKind.PRICE_DIFFERENCE)
"""What may come with an amount; a refund without one is of all that is left."""


class PlaybookRemedy(models.Model):
    """One thing that a playbook gives, within the authority of whoever applies it, else after approval."""

    playbook = models.ForeignKey(Playbook, models.CASCADE, related_name="remedies")
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    kind = models.CharField(_("kind"), max_length=16, choices=RemedyKind)
    coupon = models.ForeignKey(
        CouponTemplate, models.PROTECT, verbose_name=_("coupon"), null=True, blank=True, related_name="+"
    )
    points = models.PositiveIntegerField(_("points"), null=True, blank=True)
    amount_fen = models.PositiveBigIntegerField(
        _("amount (fen)"),
        null=True,
        blank=True,
        help_text=_(
            "Of a refund (empty: all that is left of the order), of a price difference (empty: whoever gives"
            " it says how much); what a gift is worth."
        ),
    )
    gift = models.CharField(_("gift"), max_length=200, blank=True, default="", db_default="")
    by_itself = models.BooleanField(
        _("with a click of its own"),
        default=False,
        db_default=False,
        help_text=_("Such as what the member chooses. Else it is given when the playbook is applied."),
    )
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
                    kind__in=[
                        RemedyKind.REFUND,
                        RemedyKind.RESHIP,
                        RemedyKind.PRICE_DIFFERENCE,
                        RemedyKind.GIFT,
                    ],
                    coupon__isnull=True,
                    points__isnull=True,
                ),
            ),
            models.CheckConstraint(
                name="playbookremedy_amount",
                condition=Q(kind=RemedyKind.GIFT, amount_fen__isnull=False, amount_fen__gt=0) & ~Q(gift="")
                | Q(kind__in=MONEY, gift="") & (Q(amount_fen__isnull=True) | Q(amount_fen__gt=0))
                | ~Q(kind__in=[*MONEY, RemedyKind.GIFT]) & Q(amount_fen__isnull=True, gift=""),
            ),
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
