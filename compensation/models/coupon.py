"""Coupons: what they are worth, and the codes that members hold."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from compensation.models.member import Member
from config.common.bilingual import Bilingual


class CouponTemplate(Bilingual):
    """A kind of coupon that can be given."""

    code = models.SlugField(_("code"), unique=True)
    value_fen = models.PositiveBigIntegerField(_("value (fen)"))
    min_spend_fen = models.PositiveBigIntegerField(_("from a spending of (fen)"), default=0)
    valid_days = models.PositiveSmallIntegerField(_("valid for (days)"), default=30)
    is_active = models.BooleanField(_("can be given"), default=True)

    class Meta:
        verbose_name = _("coupon template")
        verbose_name_plural = _("coupon templates")
        ordering = ["value_fen"]
        constraints = [
            models.CheckConstraint(
                name="coupontemplate_worth", condition=Q(value_fen__gt=0, valid_days__gt=0)
            )
        ]


class CouponStatus(models.TextChoices):
    """Where a coupon stands."""

    ISSUED = "issued", _("usable")
    REDEEMED = "redeemed", _("used")
    EXPIRED = "expired", _("expired")
    REVOKED = "revoked", _("taken back")


class Coupon(models.Model):
    """One coupon of one member."""

    template = models.ForeignKey(
        CouponTemplate, models.PROTECT, verbose_name=_("kind"), related_name="coupons"
    )
    member = models.ForeignKey(Member, models.PROTECT, verbose_name=_("member"), related_name="coupons")
    grant = models.OneToOneField(
        "compensation.Grant",
        models.PROTECT,
        verbose_name=_("grant"),
        null=True,
        blank=True,
        related_name="coupon",
    )
    code = models.CharField(_("code"), max_length=32, unique=True)
    value_fen = models.PositiveBigIntegerField(_("value (fen)"))
    min_spend_fen = models.PositiveBigIntegerField(_("from a spending of (fen)"), default=0)
    status = models.CharField(_("status"), max_length=8, choices=CouponStatus, default=CouponStatus.ISSUED)
    issued_at = models.DateTimeField(_("given"))
    expires_at = models.DateTimeField(_("expires"))
    redeemed_at = models.DateTimeField(_("used"), null=True, blank=True)
    redeemed_for = models.CharField(_("used for order"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        permissions = [("see_coupon_code", "Can see whole coupon codes")]
        constraints = [
            models.CheckConstraint(name="coupon_status_known", condition=Q(status__in=CouponStatus.values)),
            models.CheckConstraint(name="coupon_forward", condition=Q(expires_at__gt=F("issued_at"))),
            models.CheckConstraint(
                name="coupon_redeemed_has_time",
                condition=Q(status=CouponStatus.REDEEMED, redeemed_at__isnull=False)
                | (~Q(status=CouponStatus.REDEEMED) & Q(redeemed_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(name="coupon_member", fields=["member", "-issued_at"]),  # wallet
            models.Index(  # coupons.commands.expire_due
                name="coupon_expiring", fields=["expires_at"], condition=Q(status=CouponStatus.ISSUED)
            ),
        ]

    def __str__(self) -> str:
        return f"…{self.code[-4:]}"  # the whole code is as good as money
