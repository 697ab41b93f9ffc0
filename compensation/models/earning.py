"""What points are worth, by which rules they are earned, and what was earned by them."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from compensation.models.member import Member
from config.common.bilingual import Bilingual


class PointsRule(models.Model):
    """What points are worth: so many points stand for so many fen. There is one rule."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    points = models.PositiveIntegerField(_("points"), default=100)
    worth_fen = models.PositiveIntegerField(_("are worth (fen)"), default=100)
    notice_days = models.PositiveSmallIntegerField(
        _("warned before they expire (days)"),
        default=30,
        db_default=30,
        help_text=_("Once for all points that end in one month; 0: no warning."),
    )
    granted_valid_days = models.PositiveSmallIntegerField(
        _("points that we give are valid for (days)"),
        null=True,
        blank=True,
        default=365,
        db_default=365,
        help_text=_("As a remedy, by a rule, in a batch or as care. Empty: they never expire."),
    )

    class Meta:
        verbose_name = _("value of points")
        verbose_name_plural = _("value of points")
        constraints = [
            models.CheckConstraint(name="pointsrule_one", condition=Q(id=1)),
            models.CheckConstraint(name="pointsrule_positive", condition=Q(points__gt=0, worth_fen__gt=0)),
            models.CheckConstraint(
                name="pointsrule_granted_last",
                condition=Q(granted_valid_days__isnull=True) | Q(granted_valid_days__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.points} = {self.worth_fen}"


class EarningRule(Bilingual):
    """Something that earns points, known to other parts by its code. How many stands in its versions."""

    code = models.SlugField(_("code"), unique=True)
    is_active = models.BooleanField(_("in force"), default=True)
    starts_at = models.DateTimeField(
        _("from"), help_text=_("What happened before, such as an order that was placed, earns nothing.")
    )

    class Meta:
        verbose_name = _("rule for earning points")
        verbose_name_plural = _("rules for earning points")
        ordering = ["pk"]


class EarningVersion(models.Model):
    """What a rule said from a moment on. What was earned by a version keeps it, so none ever changes."""

    rule = models.ForeignKey(EarningRule, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    points = models.PositiveIntegerField(_("points each time"), null=True, blank=True)
    per_yuan = models.DecimalField(
        _("points for each yuan"), max_digits=9, decimal_places=4, null=True, blank=True
    )
    day_limit = models.PositiveIntegerField(
        _("at most in a day"), null=True, blank=True, help_text=_("Points of one member; empty: no limit.")
    )
    period_limit = models.PositiveIntegerField(_("at most in a period"), null=True, blank=True)
    period_days = models.PositiveSmallIntegerField(_("the period (days)"), null=True, blank=True)
    pending_days = models.PositiveSmallIntegerField(
        _("usable after (days)"), default=0, help_text=_("Such as the time in which orders may be returned.")
    )
    valid_days = models.PositiveSmallIntegerField(
        _("valid for (days)"), null=True, blank=True, help_text=_("Empty: they never expire.")
    )
    made_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("version of a rule")
        verbose_name_plural = _("versions of rules")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(name="earningversion_once", fields=["rule", "number"]),
            models.CheckConstraint(
                name="earningversion_one_measure",
                condition=Q(points__isnull=False, points__gt=0, per_yuan__isnull=True)
                | Q(points__isnull=True, per_yuan__isnull=False, per_yuan__gt=0),
            ),
            models.CheckConstraint(
                name="earningversion_period",
                condition=Q(period_limit__isnull=True, period_days__isnull=True)
                | Q(period_limit__isnull=False, period_days__isnull=False, period_days__gt=0),
            ),
            models.CheckConstraint(
                name="earningversion_lasts",
                condition=Q(valid_days__isnull=True) | Q(valid_days__gt=F("pending_days")),
            ),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.rule_id} v{self.number}"


class Earning(models.Model):
    """What one occurrence earned a member, once. Of an order also what was refunded and so taken back."""

    rule = models.ForeignKey(
        EarningRule, models.PROTECT, verbose_name=_("rule"), related_name="earnings", db_index=False
    )
    version = models.ForeignKey(EarningVersion, models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, verbose_name=_("member"), db_index=False)
    occurrence = models.CharField(_("for"), max_length=100)
    order = models.ForeignKey(
        "compensation.Order", models.PROTECT, verbose_name=_("order"), null=True, related_name="earnings"
    )
    at = models.DateTimeField(
        _("at"), null=True, help_text=_("None: refunded before the order was received.")
    )
    day = models.DateField(_("day"), null=True, help_text="The same in the shop's time zone.")
    base_fen = models.BigIntegerField(
        _("amount (fen)"), null=True, help_text=_("Of the order as it was received.")
    )
    refunded_fen = models.BigIntegerField(_("refunded (fen)"), default=0)
    points = models.PositiveIntegerField(_("points"), default=0)
    taken_back = models.PositiveIntegerField(_("taken back"), default=0)

    is_gone = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Taken back because the shop said that the order went back; it may say otherwise again.",
    )

    class Meta:
        verbose_name = _("points earned")
        verbose_name_plural = _("points earned")
        constraints = [
            models.UniqueConstraint(name="earning_once", fields=["rule", "occurrence"]),
            models.CheckConstraint(
                name="earning_no_more_back", condition=Q(taken_back__lte=F("points"), refunded_fen__gte=0)
            ),
            models.CheckConstraint(
                name="earning_at_day",
                condition=Q(at__isnull=True, day__isnull=True, points=0)
                | Q(at__isnull=False, day__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="earning_member", fields=["member", "rule", "day"]),  # limits, referrals
            models.Index(name="earning_rule", fields=["rule", "at"]),  # budgets.effect, lists by rule
        ]

    def __str__(self) -> str:
        return f"{self.occurrence}: {self.points}"


class ReferralCode(models.Model):
    """What a member hands to friends so that they say who sent them."""

    member = models.OneToOneField(Member, models.CASCADE, related_name="referral_code")
    code = models.CharField(_("code"), max_length=16, unique=True)

    class Meta:
        verbose_name = _("referral code")
        verbose_name_plural = _("referral codes")

    def __str__(self) -> str:
        return self.code
