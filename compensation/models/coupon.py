"""Coupons: on what terms they are given, the codes that members hold, and the orders they are used for."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from compensation.models.ledger import Transaction
from compensation.models.member import Member
from config.common.bilingual import Bilingual


class CouponKind(models.TextChoices):
    """What a coupon takes off."""

    AMOUNT = "amount", _("an amount off")
    PERCENT = "percent", _("a percentage off")
    SHIPPING = "shipping", _("free shipping")


class Stacking(models.TextChoices):
    """With which others a coupon may be used for one order."""

    OTHERS = "others", _("together with others")
    GROUP = "group", _("one of its group for an order")
    ALONE = "alone", _("alone")


class CouponContent(Bilingual):
    """What a coupon is besides its value: what is frozen when it is given."""

    description = models.CharField(
        _("description"), max_length=200, blank=True, default="", db_default="", help_text=_("For members.")
    )
    description_en = models.CharField(
        _("English description"), max_length=200, blank=True, default="", db_default=""
    )
    kind = models.CharField(
        _("takes off"), max_length=8, choices=CouponKind, default=CouponKind.AMOUNT, db_default="amount"
    )
    percent_off = models.PositiveSmallIntegerField(
        _("per cent off"), null=True, blank=True, help_text=_("20 takes a fifth off.")
    )
    categories = ArrayField(
        models.CharField(max_length=80),
        verbose_name=_("product categories"),
        default=list,
        db_default=[],
        blank=True,
        help_text=_("Which goods it is for, as the shop names their categories; empty: all."),
    )
    stacking = models.CharField(
        pgettext_lazy("stacking", "used"),
        max_length=8,
        choices=Stacking,
        default=Stacking.OTHERS,
        db_default="others",
    )
    stacking_group = models.SlugField(
        _("group"), max_length=40, blank=True, default="", db_default="", db_index=False
    )

    class Meta:
        abstract = True

    @property
    def told(self) -> str:
        """The description in the reader's language."""
        english = (get_language() or "").startswith("en")
        return self.description_en if self.description_en and english else self.description


CONTENT = (
    "name", "name_en", "description", "description_en", "kind", "percent_off", "categories", "stacking",
    "stacking_group",
)  # fmt: skip
"""The columns of `CouponContent`."""


def _content(prefix: str) -> list[models.CheckConstraint]:
    """What must hold of a content, wherever it stands."""
    return [
        models.CheckConstraint(
            name=f"{prefix}_kind",
            condition=Q(kind=CouponKind.PERCENT, percent_off__isnull=False, percent_off__range=(1, 100))
            | Q(kind__in=[CouponKind.AMOUNT, CouponKind.SHIPPING], percent_off__isnull=True),
        ),
        models.CheckConstraint(
            name=f"{prefix}_stacking",
            condition=Q(stacking=Stacking.GROUP) & ~Q(stacking_group="")
            | Q(stacking__in=[Stacking.OTHERS, Stacking.ALONE], stacking_group=""),
        ),
    ]


class CouponTemplate(CouponContent):
    """A kind of coupon that can be given."""

    code = models.SlugField(_("code"), unique=True)
    value_fen = models.PositiveBigIntegerField(
        _("value (fen)"), help_text=_("What it takes off, or the most that it takes off.")
    )
    min_spend_fen = models.PositiveBigIntegerField(_("from a spending of (fen)"), default=0)
    valid_days = models.PositiveSmallIntegerField(_("valid for (days)"), default=30)
    starts_after_days = models.PositiveSmallIntegerField(
        _("valid after (days)"), default=0, db_default=0, help_text=_("0: from the moment it is given.")
    )
    valid_from = models.DateTimeField(_("valid from"), null=True, blank=True)
    valid_until = models.DateTimeField(
        _("valid until"),
        null=True,
        blank=True,
        help_text=_("The same for all; empty: so many days for each from when it is given."),
    )
    member_limit = models.PositiveIntegerField(
        _("at most for each member"), null=True, blank=True, help_text=_("Empty: any number.")
    )
    total_limit = models.PositiveIntegerField(
        _("at most in all"), null=True, blank=True, help_text=_("Empty: any number.")
    )
    is_active = models.BooleanField(_("can be given"), default=True)

    class Meta:
        verbose_name = _("coupon template")
        verbose_name_plural = _("coupon templates")
        ordering = ["value_fen"]
        constraints = [
            models.CheckConstraint(
                name="coupontemplate_worth", condition=Q(value_fen__gt=0, valid_days__gt=0)
            ),
            models.CheckConstraint(
                name="coupontemplate_valid",
                condition=Q(valid_from__isnull=True, valid_until__isnull=True)
                | Q(valid_from__isnull=False, valid_until__isnull=False, starts_after_days=0)
                & Q(valid_until__gt=F("valid_from")),
            ),
            *_content("coupontemplate"),
        ]


class CouponTerms(CouponContent):
    """The content of a kind of coupon as it was when coupons were given; a later edit makes other terms."""

    template = models.ForeignKey(
        CouponTemplate, models.PROTECT, verbose_name=_("kind"), related_name="terms", db_index=False
    )  # couponterms_once
    digest = models.CharField(max_length=64, editable=False)

    class Meta:
        verbose_name = _("coupon terms")
        verbose_name_plural = _("coupon terms")
        constraints = [
            models.UniqueConstraint(name="couponterms_once", fields=["template", "digest"]),
            *_content("couponterms"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class CouponCount(models.Model):
    """How many of a limited kind were given, to a member or (without one) in all; those taken back apart.

    There while the kind has a limit. Whoever gives one holds the row.
    """

    template = models.ForeignKey(CouponTemplate, models.CASCADE, related_name="counts", db_index=False)
    member = models.ForeignKey(Member, models.CASCADE, null=True, related_name="+")
    issued = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="couponcount_once", fields=["template", "member"], nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.template_id}: {self.issued}"


class CouponStatus(models.TextChoices):
    """Where a coupon stands."""

    ISSUED = "issued", _("usable")
    RESERVED = "reserved", _("reserved for an order")
    REDEEMED = "redeemed", _("used")
    EXPIRED = "expired", _("expired")
    REVOKED = "revoked", _("taken back")


class Coupon(models.Model):
    """One coupon of one member. Its value is on the member's account until it is used or ends."""

    template = models.ForeignKey(
        CouponTemplate, models.PROTECT, verbose_name=_("kind"), related_name="coupons", db_index=False
    )  # coupon_template
    terms = models.ForeignKey(CouponTerms, models.PROTECT, related_name="coupons", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, verbose_name=_("member"), related_name="coupons")
    grant = models.OneToOneField(
        "compensation.Grant",
        models.PROTECT,
        verbose_name=_("grant"),
        null=True,
        blank=True,
        related_name="coupon",
    )
    key = models.CharField(max_length=200, blank=True, default="", db_default="", editable=False)
    code = models.CharField(_("code"), max_length=32, unique=True)
    value_fen = models.PositiveBigIntegerField(_("value (fen)"))
    min_spend_fen = models.PositiveBigIntegerField(_("from a spending of (fen)"), default=0)
    status = models.CharField(_("status"), max_length=8, choices=CouponStatus, default=CouponStatus.ISSUED)
    issued_at = models.DateTimeField(_("given"))
    valid_from = models.DateTimeField(
        _("valid from"), null=True, blank=True, help_text=_("Empty: from when it was given.")
    )
    expires_at = models.DateTimeField(_("expires"))
    redeemed_at = models.DateTimeField(_("used"), null=True, blank=True)
    redeemed_for = models.CharField(_("used for order"), max_length=64, blank=True)
    note = models.CharField(_("why it was taken back"), max_length=200, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        permissions = [
            ("see_coupon_code", "Can see whole coupon codes"),
            ("revoke_coupon", "Can take coupons back"),
        ]
        constraints = [
            models.UniqueConstraint(name="coupon_key_once", fields=["key"], condition=~Q(key="")),
            models.CheckConstraint(name="coupon_status_known", condition=Q(status__in=CouponStatus.values)),
            models.CheckConstraint(name="coupon_worth", condition=Q(value_fen__gt=0)),
            models.CheckConstraint(name="coupon_forward", condition=Q(expires_at__gt=F("issued_at"))),
            models.CheckConstraint(
                name="coupon_valid",
                condition=Q(valid_from__isnull=True) | Q(expires_at__gt=F("valid_from")),
            ),
            models.CheckConstraint(
                name="coupon_redeemed_has_time",
                condition=Q(status=CouponStatus.REDEEMED, redeemed_at__isnull=False)
                | (~Q(status=CouponStatus.REDEEMED) & Q(redeemed_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(name="coupon_template", fields=["template", "status"]),  # counts of a kind
            models.Index(name="coupon_member", fields=["member", "-issued_at"]),  # wallet
            models.Index(  # coupons.ending.expire_due
                name="coupon_expiring", fields=["expires_at"], condition=Q(status=CouponStatus.ISSUED)
            ),
        ]

    def __str__(self) -> str:
        return f"…{self.code[-4:]}"  # the whole code is as good as money


class UseState(models.TextChoices):
    """How far the use of a coupon for an order has come."""

    RESERVED = "reserved", pgettext_lazy("coupon", "reserved")
    REDEEMED = "redeemed", _("used")
    RELEASED = "released", pgettext_lazy("coupon", "released")
    LAPSED = "lapsed", _("not used in time")
    REVERSED = "reversed", _("undone")


LIVE_USE = (UseState.RESERVED, UseState.REDEEMED)
"""The uses of which a coupon has at most one."""


class CouponUse(models.Model):
    """A coupon reserved or used for an order of the shop, and what it takes off there."""

    coupon = models.ForeignKey(Coupon, models.PROTECT, verbose_name=_("coupon"), related_name="uses")
    order_ref = models.CharField(_("order number"), max_length=64)
    state = models.CharField(_("state"), max_length=8, choices=UseState)
    taken_fen = models.PositiveBigIntegerField(_("taken off (fen)"))
    reserved_at = models.DateTimeField(_("reserved"), null=True, blank=True)
    reserved_until = models.DateTimeField(_("reserved until"), null=True, blank=True)
    redeemed_at = models.DateTimeField(_("used"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    posted = models.OneToOneField(
        Transaction, models.PROTECT, null=True, blank=True, related_name="coupon_use"
    )

    class Meta:
        verbose_name = _("use of a coupon")
        verbose_name_plural = _("uses of coupons")
        constraints = [
            models.UniqueConstraint(
                name="couponuse_one_live", fields=["coupon"], condition=Q(state__in=LIVE_USE)
            ),
            models.CheckConstraint(name="couponuse_state_known", condition=Q(state__in=UseState.values)),
            models.CheckConstraint(
                name="couponuse_times",
                condition=Q(
                    state=UseState.RESERVED,
                    reserved_at__isnull=False,
                    reserved_until__isnull=False,
                    reserved_until__gt=F("reserved_at"),
                    redeemed_at__isnull=True,
                    ended_at__isnull=True,
                )
                | Q(state=UseState.REDEEMED, redeemed_at__isnull=False, ended_at__isnull=True)
                | Q(
                    state__in=[UseState.RELEASED, UseState.LAPSED],
                    redeemed_at__isnull=True,
                    ended_at__isnull=False,
                )
                | Q(state=UseState.REVERSED, redeemed_at__isnull=False, ended_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(  # coupons.using: what stands on an order already
                name="couponuse_order", fields=["order_ref"], condition=Q(state__in=LIVE_USE)
            ),
            models.Index(  # coupons.ending.lapse_due
                name="couponuse_lapsing", fields=["reserved_until"], condition=Q(state=UseState.RESERVED)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_ref}: {self.state}"
