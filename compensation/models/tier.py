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
    MANUAL = "manual", _("set by hand")


class TierPeriod(models.Model):
    """A member in a tier from a moment until another; periods of one member never overlap."""

    member = models.ForeignKey("compensation.Member", models.CASCADE, related_name="tier_periods")
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="periods")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=16, choices=TierReason)
    note = models.CharField(_("note"), max_length=200, blank=True)

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

    def __str__(self) -> str:
        return f"{self.member_id} {self.tier_id}"
