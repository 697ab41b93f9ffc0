"""Loyalty tiers and who was in which, when."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from config.common.bilingual import Bilingual


class Tier(Bilingual):
    """A level of loyalty, reached by spending."""

    code = models.SlugField(_("code"), unique=True)
    rank = models.PositiveSmallIntegerField(_("rank"), unique=True, help_text=_("0 is the lowest."))
    above_fen = models.BigIntegerField(
        _("spending above (fen)"),
        unique=True,
        help_text=_("Reached when spending is more; -1 for everybody."),
    )

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        ordering = ["rank"]


class TierReason(models.TextChoices):
    """Why a tier period began."""

    START = "start", _("joined")
    SPENDING = "spending", _("spending")
    REVIEW = "review", _("spending at the end of the period")
    MANUAL = "manual", _("set by hand")


class TierPeriod(models.Model):
    """A member in a tier from a moment until another; periods of one member never overlap."""

    member = models.ForeignKey("compensation.Member", models.CASCADE, related_name="tier_periods")
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="periods")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=16, choices=TierReason)
    note = models.CharField(_("note"), max_length=200, blank=True)
    review_at = models.DateTimeField(
        _("kept until"),
        null=True,
        blank=True,
        help_text=_("Then spending decides again. None: nothing to lose."),
    )
    noticed_at = models.DateTimeField(_("warned"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("tier period")
        verbose_name_plural = _("tier periods")
        constraints = [
            models.CheckConstraint(name="tierperiod_reason_known", condition=Q(reason__in=TierReason.values)),
            models.CheckConstraint(
                name="tierperiod_forward", condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at"))
            ),
            models.CheckConstraint(
                name="tierperiod_manual_says_why", condition=~Q(reason=TierReason.MANUAL) | ~Q(note="")
            ),
            models.CheckConstraint(
                name="tierperiod_reviewed_later",
                condition=Q(review_at__isnull=True) | Q(review_at__gt=F("starts_at")),
            ),
            ExclusionConstraint(
                name="tierperiod_no_overlap",
                expressions=[
                    # a range of one member, since equality needs an extension that we do without
                    (
                        Func(F("member"), F("member"), Value("[]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    ),
                    (Func(F("starts_at"), F("ends_at"), function="tstzrange"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [
            models.Index(name="tierperiod_start", fields=["starts_at"]),  # care: tier reached
            models.Index(  # tiers.reviewing
                name="tierperiod_review",
                fields=["review_at", "member"],
                condition=Q(ends_at__isnull=True, review_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.tier_id}"


class TierRule(models.Model):
    """How spending makes tiers. There is one rule."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    window_days = models.PositiveSmallIntegerField(
        _("spending of the last (days)"), default=365, help_text=_("Older orders no longer count.")
    )
    keep_days = models.PositiveSmallIntegerField(
        _("a tier is kept for (days)"), default=365, help_text=_("Then spending decides again.")
    )
    notice_days = models.PositiveSmallIntegerField(_("warned before (days)"), default=30)

    class Meta:
        verbose_name = _("rule of tiers")
        verbose_name_plural = _("rule of tiers")
        constraints = [
            models.CheckConstraint(name="tierrule_one", condition=Q(id=1)),
            models.CheckConstraint(
                name="tierrule_days", condition=Q(window_days__gt=0, keep_days__gt=F("notice_days"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.window_days} / {self.keep_days}"


class BenefitKind(models.TextChoices):
    """What a tier brings; other parts ask for it by this name."""

    FREE_SHIPPING = "free_shipping_from_fen", _("free shipping from (fen)")
    DEDICATED_AGENT = "dedicated_agent", _("an agent of their own")
    SHIP_WITHIN = "ship_within_hours", _("shipped within (hours)")
    BIRTHDAY_COUPON = "birthday_coupon", _("birthday coupon")
    EVENTS = "event_access", _("exclusive events")


MEASURED = [BenefitKind.FREE_SHIPPING, BenefitKind.SHIP_WITHIN]
"""The benefits that are an amount."""


class TierBenefit(models.Model):
    """One benefit of one tier, as data."""

    tier = models.ForeignKey(Tier, models.CASCADE, verbose_name=_("tier"), related_name="benefits")
    kind = models.CharField(_("benefit"), max_length=32, choices=BenefitKind)
    amount = models.PositiveIntegerField(
        _("amount"), null=True, blank=True, help_text=_("Fen or hours, where the benefit is an amount.")
    )
    coupon = models.ForeignKey(
        "compensation.CouponTemplate",
        models.PROTECT,
        verbose_name=_("coupon"),
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("benefit of a tier")
        verbose_name_plural = _("benefits of tiers")
        constraints = [
            models.UniqueConstraint(name="tierbenefit_once", fields=["tier", "kind"]),
            models.CheckConstraint(
                name="tierbenefit_content",
                condition=Q(kind__in=MEASURED, amount__isnull=False, coupon__isnull=True)
                | Q(kind=BenefitKind.BIRTHDAY_COUPON, amount__isnull=True, coupon__isnull=False)
                | Q(
                    kind__in=[BenefitKind.DEDICATED_AGENT, BenefitKind.EVENTS],
                    amount__isnull=True,
                    coupon__isnull=True,
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
