"""Grants: one noun for everything of value that is given, and the rounds in which it is approved."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models.coupon import CouponTemplate
from compensation.models.member import Member
from compensation.models.order import Order, OrderLine
from compensation.models.rule import RuleVersion


class GrantKind(models.TextChoices):
    """What is given."""

    COUPON = "coupon", _("coupon")
    POINTS = "points", _("points")
    REFUND = "refund", _("refund")
    PRICE_DIFFERENCE = "price_difference", _("price difference")
    RESHIPMENT = "reshipment", _("reshipment")
    GIFT = "gift", _("gift")


class GrantStatus(models.TextChoices):
    """How far a grant has come."""

    REQUESTED = "requested", _("waiting for approval")
    APPROVED = "approved", _("approved, on its way")
    EXECUTED = "executed", _("carried out")
    CONFIRMED = "confirmed", _("given")
    REFUSED = "refused", _("refused")
    FAILED = "failed", _("failed")
    REVERSED = "reversed", _("taken back")
    WITHDRAWN = "withdrawn", pgettext_lazy("grant", "withdrawn")


LIVE = (GrantStatus.REQUESTED, GrantStatus.APPROVED, GrantStatus.EXECUTED, GrantStatus.CONFIRMED)
"""What counts: there is one of them for a cause, and limits are taken over their sum."""
GIVEN = (GrantStatus.EXECUTED, GrantStatus.CONFIRMED)
"""What has left the house."""


class Grant(models.Model):
    """One thing of value given to a member for one cause.

    It knows only its key and its cause; what it makes good is linked to it from above. Coupons and points
    are approved, carried out and confirmed in one moment; what the shop has to send is carried out when the
    shop has taken the order, and confirmed when the shop says so.
    """

    key = models.CharField(max_length=200, unique=True)
    cause = models.CharField(
        _("cause"), max_length=120, help_text=_('What it is for, such as "gap:12"; one live grant each.')
    )
    problem = models.CharField(
        _("problem"),
        max_length=120,
        db_default="",
        help_text=_('What its sum is taken over beside member and order, such as "case:12".'),
    )
    member = models.ForeignKey(Member, models.PROTECT, verbose_name=_("member"), related_name="grants")
    order = models.ForeignKey(
        Order, models.PROTECT, verbose_name=_("order"), null=True, blank=True, related_name="grants"
    )
    kind = models.CharField(_("kind"), max_length=16, choices=GrantKind)
    template = models.ForeignKey(
        CouponTemplate, models.PROTECT, verbose_name=_("coupon"), null=True, blank=True, related_name="grants"
    )
    terms_digest = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        editable=False,
        help_text="Of the coupon's terms when it was asked for; empty: asked for before they were bound.",
    )
    points = models.PositiveIntegerField(_("points"), null=True, blank=True)
    amount_fen = models.PositiveBigIntegerField(
        _("amount (fen)"),
        null=True,
        blank=True,
        help_text=_("Of a refund or price difference; what a parcel or gift is worth."),
    )
    gift = models.CharField(_("gift"), max_length=200, blank=True, db_default="")
    cost_fen = models.PositiveBigIntegerField(_("cost (fen)"), help_text=_("What counts against authority."))
    evidence = models.PositiveSmallIntegerField(
        _("pictures"),
        db_default=0,
        default=0,
        help_text=_("How many pictures proved it when it was asked for."),
    )
    reason = models.CharField(_("reason"), max_length=500)
    reason_code = models.CharField(_("kind of reason"), max_length=40, blank=True, db_default="")
    department = models.CharField(_("department"), max_length=40, blank=True, db_default="")
    rule = models.ForeignKey(
        RuleVersion,
        models.PROTECT,
        verbose_name=_("by rule"),
        null=True,
        blank=True,
        related_name="grants",
        help_text=_("The version of the rule; the cause says for what."),
    )
    content_hash = models.CharField(
        max_length=64, editable=False, db_default="", help_text="Of all that an approver decides on."
    )
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
    executed_at = models.DateTimeField(_("carried out"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("given"), null=True, blank=True)
    reversed_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    ended_at = models.DateTimeField(
        _("ended"), null=True, blank=True, help_text=_("When it failed or was withdrawn.")
    )
    outcome = models.CharField(
        pgettext_lazy("grant", "outcome"),
        max_length=200,
        blank=True,
        db_default="",
        help_text=_("The number that it was carried out under, or why it failed."),
    )

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        permissions = [
            ("approve_grant", "Can approve grants"),
            ("settle_grant", "Can settle refunds and parcels that are on their way"),
        ]
        constraints = [
            models.CheckConstraint(name="grant_status_known", condition=Q(status__in=GrantStatus.values)),
            models.CheckConstraint(
                name="grant_has_content",
                condition=Q(kind=GrantKind.COUPON, template__isnull=False)
                & Q(points__isnull=True, amount_fen__isnull=True, gift="")
                | Q(kind=GrantKind.POINTS, points__isnull=False, points__gt=0)
                & Q(template__isnull=True, amount_fen__isnull=True, gift="")
                | Q(kind=GrantKind.GIFT, points__isnull=True, template__isnull=True)
                & Q(amount_fen__isnull=False)
                & ~Q(gift="")
                | Q(
                    kind__in=[GrantKind.REFUND, GrantKind.PRICE_DIFFERENCE, GrantKind.RESHIPMENT],
                    order__isnull=False,
                    amount_fen__isnull=False,
                )
                & Q(points__isnull=True, template__isnull=True, gift=""),
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
                | Q(status=GrantStatus.WITHDRAWN, ended_at__isnull=False, executed_at__isnull=True)
                | Q(status=GrantStatus.APPROVED, decided_at__isnull=False, executed_at__isnull=True)
                | Q(status=GrantStatus.EXECUTED, decided_at__isnull=False, executed_at__isnull=False)
                & Q(confirmed_at__isnull=True)
                | Q(status=GrantStatus.CONFIRMED, decided_at__isnull=False, executed_at__isnull=False)
                & Q(confirmed_at__isnull=False)
                | Q(status=GrantStatus.FAILED, decided_at__isnull=False, ended_at__isnull=False)
                & Q(confirmed_at__isnull=True)
                | Q(status=GrantStatus.REVERSED, executed_at__isnull=False, reversed_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="grant_one_live_a_cause", fields=["cause"], condition=Q(status__in=LIVE)
            ),
        ]
        indexes = [
            models.Index(  # approvals
                name="grant_waiting", fields=["requested_at"], condition=Q(status=GrantStatus.REQUESTED)
            ),
            models.Index(name="grant_member", fields=["member", "-requested_at"]),  # case page, wallet, sums
            models.Index(name="grant_problem", fields=["problem"], condition=Q(status__in=LIVE)),  # sums
            models.Index(  # finance: what members wait for
                name="grant_promised",
                fields=["status"],
                condition=Q(status__in=[GrantStatus.REQUESTED, GrantStatus.APPROVED, GrantStatus.EXECUTED]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def what(self) -> str:
        """What is given, for people."""
        if self.kind == GrantKind.COUPON:
            return str(self.template)
        if self.kind == GrantKind.POINTS:
            return str(_("%(points)s points") % {"points": self.points})
        return self.gift or self.get_kind_display()

    @property
    def rule_code(self) -> str:
        """The rule that gave it; nothing where a person did."""
        return self.rule.code if self.rule else ""

    @property
    def is_given(self) -> bool:
        """Whether it has left the house."""
        return self.status in GIVEN


class GrantLine(models.Model):
    """How many of an order line are refunded or sent again, and what that comes to."""

    grant = models.ForeignKey(Grant, models.CASCADE, related_name="lines", db_index=False)  # grantline_once
    order_line = models.ForeignKey(
        OrderLine, models.PROTECT, verbose_name=_("order line"), related_name="grant_lines"
    )
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    amount_fen = models.PositiveBigIntegerField(_("amount (fen)"), default=0)

    class Meta:
        verbose_name = _("line of a grant")
        verbose_name_plural = _("lines of a grant")
        constraints = [
            models.UniqueConstraint(name="grantline_once", fields=["grant", "order_line"]),
            models.CheckConstraint(name="grantline_some", condition=Q(quantity__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.order_line_id} × {self.quantity}"


class Decision(models.TextChoices):
    """How a round ended."""

    APPROVED = "approved", _("approved")
    REFUSED = "refused", pgettext_lazy("approval", "refused")
    VOID = "void", _("void: it was changed")
    WITHDRAWN = "withdrawn", pgettext_lazy("grant", "withdrawn")


class Because(models.TextChoices):
    """Why something is asked for that was not given at once."""

    AUTHORITY = "", _("beyond authority")
    BUDGET = "budget", _("budget used up")
    CAP = "cap", _("cap reached")
    SIGNALS = "signals", _("unusual for a member")


class ApprovalRound(models.Model):
    """One asking for approval of one exact content. A change of the content ends it and begins another."""

    grant = models.ForeignKey(Grant, models.CASCADE, verbose_name=_("grant"), related_name="rounds")
    content_hash = models.CharField(max_length=64, editable=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    grant_fen = models.PositiveBigIntegerField(_("amount (fen)"))
    problem_fen = models.PositiveBigIntegerField(_("for the problem (fen)"))
    order_fen = models.PositiveBigIntegerField(_("for the order (fen)"))
    member_day_fen = models.PositiveBigIntegerField(_("for the member in a day (fen)"))
    role = models.ForeignKey(
        Group,
        models.SET_NULL,
        verbose_name=_("level"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("The role that it waits for; none: no role may give that much."),
    )
    because = models.CharField(
        _("why it is asked"), max_length=8, choices=Because, blank=True, default="", db_default=""
    )
    details = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField()), blank=True, editable=False
    )
    asked_at = models.DateTimeField(_("asked"))
    due_at = models.DateTimeField(_("due"))
    raised = models.PositiveSmallIntegerField(
        _("raised"), default=0, help_text=_("How often it went a level up because nobody decided in time.")
    )
    decision = models.CharField(_("decision"), max_length=12, choices=Decision, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        related_name="+",
    )
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("on behalf of"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Whose authority was used, where it was delegated."),
    )
    note = models.CharField(_("remark"), max_length=500, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("approval round")
        verbose_name_plural = _("approval rounds")
        constraints = [
            models.UniqueConstraint(
                name="approvalround_one_open", fields=["grant"], condition=Q(decision="")
            ),
            models.CheckConstraint(
                name="approvalround_decision_known", condition=Q(decision__in=["", *Decision.values])
            ),
            models.CheckConstraint(
                name="approvalround_because_known", condition=Q(because__in=Because.values)
            ),
            models.CheckConstraint(
                name="approvalround_decided_has_time",
                condition=Q(decision="", decided_at__isnull=True)
                | ~Q(decision="") & Q(decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="approvalround_not_own",
                condition=~Q(decision__in=[Decision.APPROVED, Decision.REFUSED])
                | Q(requested_by__isnull=True)
                | Q(decided_by__isnull=False)
                & ~Q(decided_by=F("requested_by"))
                & (Q(on_behalf_of__isnull=True) | ~Q(on_behalf_of=F("requested_by"))),
            ),
        ]
        indexes = [
            models.Index(name="approvalround_due", fields=["due_at"], condition=Q(decision="")),  # raise_due
        ]

    def __str__(self) -> str:
        return f"{self.grant_id}: {self.decision or self.due_at}"
