"""Grants: one noun for everything of value that is given, and who may give how much."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from compensation.models.coupon import CouponTemplate
from compensation.models.member import Member


class GrantKind(models.TextChoices):
    """What is given."""

    COUPON = "coupon", _("coupon")
    POINTS = "points", _("points")


class GrantStatus(models.TextChoices):
    """How far a grant has come."""

    REQUESTED = "requested", _("waiting for approval")
    REFUSED = "refused", _("refused")
    EXECUTED = "executed", _("given")
    REVERSED = "reversed", _("taken back")


class Grant(models.Model):
    """One thing of value given to a member for one cause.

    It knows only its key and its cause; what it makes good is linked to it from above. Approval and
    execution are one moment for coupons and points, so there is no state between them.
    """

    key = models.CharField(max_length=200, unique=True)
    cause = models.CharField(
        _("cause"), max_length=120, help_text=_('What it is for, such as "gap:12"; one live grant each.')
    )
    member = models.ForeignKey(Member, models.PROTECT, verbose_name=_("member"), related_name="grants")
    kind = models.CharField(_("kind"), max_length=8, choices=GrantKind)
    template = models.ForeignKey(
        CouponTemplate, models.PROTECT, verbose_name=_("coupon"), null=True, blank=True, related_name="grants"
    )
    points = models.PositiveIntegerField(_("points"), null=True, blank=True)
    cost_fen = models.PositiveBigIntegerField(_("cost (fen)"), help_text=_("What counts against authority."))
    reason = models.CharField(_("reason"), max_length=500)
    status = models.CharField(_("status"), max_length=16, choices=GrantStatus, default=GrantStatus.REQUESTED)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("requested by"),
        null=True,
        blank=True,
        related_name="requested_grants",
        help_text=_("Nobody: a rule."),
    )
    requested_at = models.DateTimeField(_("requested"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        related_name="decided_grants",
        help_text=_("Nobody: within authority, or a rule."),
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decision_note = models.CharField(_("decision"), max_length=500, blank=True)
    executed_at = models.DateTimeField(_("given"), null=True, blank=True)
    reversed_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        permissions = [("approve_grant", "Can approve grants")]
        constraints = [
            models.CheckConstraint(name="grant_status_known", condition=Q(status__in=GrantStatus.values)),
            models.CheckConstraint(
                name="grant_has_content",
                condition=Q(kind=GrantKind.COUPON, template__isnull=False, points__isnull=True)
                | Q(kind=GrantKind.POINTS, template__isnull=True, points__isnull=False, points__gt=0),
            ),
            models.CheckConstraint(
                name="grant_not_own_approval",
                condition=Q(requested_by__isnull=True)
                | Q(decided_by__isnull=True)
                | ~Q(decided_by=F("requested_by")),
            ),
            models.CheckConstraint(
                name="grant_times_fit_status",
                condition=Q(status=GrantStatus.REQUESTED, decided_at__isnull=True, executed_at__isnull=True)
                | Q(status=GrantStatus.REFUSED, decided_at__isnull=False, executed_at__isnull=True)
                | Q(status=GrantStatus.EXECUTED, decided_at__isnull=False, executed_at__isnull=False)
                | Q(status=GrantStatus.REVERSED, executed_at__isnull=False, reversed_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="grant_one_live_a_cause",
                fields=["cause"],
                condition=Q(status__in=[GrantStatus.REQUESTED, GrantStatus.EXECUTED]),
            ),
        ]
        indexes = [
            models.Index(  # approvals
                name="grant_waiting", fields=["requested_at"], condition=Q(status=GrantStatus.REQUESTED)
            ),
            models.Index(name="grant_member", fields=["member", "-requested_at"]),  # case page, wallet
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.cause}"


class Authority(models.Model):
    """How much a role may give for one cause without asking, and approve for others."""

    group = models.OneToOneField(Group, models.CASCADE, verbose_name=_("role"), related_name="authority")
    limit_fen = models.PositiveBigIntegerField(_("limit (fen)"), help_text=_("For each grant."))

    class Meta:
        verbose_name = _("authority")
        verbose_name_plural = _("authorities")

    def __str__(self) -> str:
        return f"{self.group}: {self.limit_fen}"
