"""Budgets and caps: how much may be given for a department and reason, and to or by one in a time."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Concat
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models.grant import Grant, GrantKind

_LINE = Func(
    Concat(F("department"), Value("/"), F("reason_code")),
    Value(0),
    function="hashtextextended",
    output_field=models.BigIntegerField(),
)
"""A number for a department and a reason: text has no ranges, and equality needs an extension."""


class Budget(models.Model):
    """What may be given for a department and a reason in a period. A grant takes from the narrowest one.

    Reserved when a grant is approved, spent when it has left the house; at every moment both are the sums of
    its uses.
    """

    department = models.CharField(
        _("department"), max_length=40, blank=True, help_text=_("Its code; empty: all departments.")
    )
    reason_code = models.CharField(
        _("kind of reason"), max_length=40, blank=True, help_text=_("Its code; empty: all reasons.")
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), help_text=_("Not included."))
    amount_fen = models.PositiveBigIntegerField(_("amount (fen)"))
    reserved_fen = models.PositiveBigIntegerField(_("reserved (fen)"), default=0, editable=False)
    spent_fen = models.PositiveBigIntegerField(_("spent (fen)"), default=0, editable=False)
    low_percent = models.PositiveSmallIntegerField(
        _("low from (percent left)"), default=20, help_text=_("Then its owners are told, once.")
    )
    owners = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owners"),
        blank=True,
        related_name="budgets",
        help_text=_("Who is told when it is low or empty; nobody: whoever may change budgets."),
    )
    low_told_at = models.DateTimeField(null=True, blank=True, editable=False)
    empty_told_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")
        ordering = ["-starts_at", "department", "reason_code"]
        constraints = [
            models.CheckConstraint(name="budget_forward", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(
                name="budget_enough", condition=Q(amount_fen__gte=F("reserved_fen") + F("spent_fen"))
            ),
            models.CheckConstraint(name="budget_low_is_percent", condition=Q(low_percent__lte=100)),
            ExclusionConstraint(
                name="budget_no_overlap",
                expressions=[
                    (Func(_LINE, _LINE, Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    (Func(F("starts_at"), F("ends_at"), function="tstzrange"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [models.Index(name="budget_period", fields=["ends_at", "starts_at"])]  # budgets.queries

    def __str__(self) -> str:
        return f"{self.department or '*'} / {self.reason_code or '*'} {localtime(self.starts_at):%F}"

    @property
    def left_fen(self) -> int:
        """What can still be given."""
        return self.amount_fen - self.reserved_fen - self.spent_fen

    @property
    def is_low(self) -> bool:
        """Whether no more is left than its owners want to be told of."""
        return self.left_fen * 100 <= self.amount_fen * self.low_percent


class BudgetUseState(models.TextChoices):
    """Where the money of a use is."""

    RESERVED = "reserved", pgettext_lazy("budget", "reserved")
    SPENT = "spent", pgettext_lazy("budget", "spent")
    RELEASED = "released", pgettext_lazy("budget", "released")


class BudgetUse(models.Model):
    """What one grant takes of a budget, or what a batch holds for grants that are still to come."""

    budget = models.ForeignKey(Budget, models.PROTECT, verbose_name=_("budget"), related_name="uses")
    grant = models.OneToOneField(
        Grant, models.PROTECT, verbose_name=_("grant"), null=True, blank=True, related_name="budget_use"
    )
    holder = models.CharField(
        max_length=120,
        null=True,
        blank=True,
        unique=True,
        help_text='What holds it for grants to come, such as "batch:3".',
    )
    fen = models.PositiveBigIntegerField(_("amount (fen)"))
    state = models.CharField(
        _("state"), max_length=8, choices=BudgetUseState, default=BudgetUseState.RESERVED
    )
    reserved_at = models.DateTimeField(pgettext_lazy("budget", "reserved"))
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("use of a budget")
        verbose_name_plural = _("uses of budgets")
        constraints = [
            models.CheckConstraint(
                name="budgetuse_state_known", condition=Q(state__in=BudgetUseState.values)
            ),
            models.CheckConstraint(
                name="budgetuse_of_one",
                condition=Q(grant__isnull=False, holder__isnull=True)
                | Q(grant__isnull=True, holder__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.budget_id}: {self.fen} {self.state}"


class CapScope(models.TextChoices):
    """Whom a cap holds for."""

    MEMBER = "member", _("each member")
    AGENT = "agent", _("each agent")
    RULE = "rule", _("each rule")


class CapPeriod(models.TextChoices):
    """How long a cap counts before it begins anew, in the calendar of the house."""

    DAY = "day", _("day")
    WEEK = "week", _("week")
    MONTH = "month", _("month")
    DAYS = "days", _("so many days")


class Cap(models.Model):
    """The most that each member gets, or each agent or rule gives, in a time: an amount, a number."""

    scope = models.CharField(_("holds for"), max_length=8, choices=CapScope)
    rule_code = models.SlugField(
        _("only the rule"), blank=True, help_text=_("Its code; empty: each rule by itself.")
    )
    kind = models.CharField(
        _("only what is given as"), max_length=16, choices=GrantKind, blank=True, help_text=_("Empty: all.")
    )
    period = models.CharField(_("in a"), max_length=8, choices=CapPeriod, default=CapPeriod.MONTH)
    days = models.PositiveSmallIntegerField(_("days"), null=True, blank=True)
    limit_fen = models.PositiveBigIntegerField(_("at most (fen)"), null=True, blank=True)
    limit_count = models.PositiveIntegerField(_("at most (times)"), null=True, blank=True)
    is_active = models.BooleanField(_("in force"), default=True)

    class Meta:
        verbose_name = _("cap")
        verbose_name_plural = _("caps")
        ordering = ["scope", "pk"]
        constraints = [
            models.CheckConstraint(
                name="cap_known", condition=Q(scope__in=CapScope.values, period__in=CapPeriod.values)
            ),
            models.CheckConstraint(
                name="cap_limits", condition=Q(limit_fen__isnull=False) | Q(limit_count__isnull=False)
            ),
            models.CheckConstraint(
                name="cap_days",
                condition=Q(period=CapPeriod.DAYS, days__isnull=False, days__gt=0)
                | ~Q(period=CapPeriod.DAYS) & Q(days__isnull=True),
            ),
            models.CheckConstraint(
                name="cap_rule_of_rules", condition=Q(scope=CapScope.RULE) | Q(rule_code="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_scope_display()} · {self.get_period_display()}"


class CapCount(models.Model):
    """How much of a cap one member, agent or rule has used in one period; the sums of its uses."""

    cap = models.ForeignKey(Cap, models.CASCADE, related_name="counts")
    whose = models.CharField(max_length=80, help_text='Such as "member:7".')
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    limit_fen = models.PositiveBigIntegerField(null=True, help_text="Of the cap, or what was used before.")
    limit_count = models.PositiveIntegerField(null=True)
    used_fen = models.PositiveBigIntegerField(default=0)
    used_count = models.PositiveIntegerField(default=0)
    passed_fen = models.PositiveBigIntegerField(default=0, help_text="Approved beyond the cap.")
    passed_count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="capcount_once", fields=["cap", "whose", "starts_at"]),
            models.CheckConstraint(
                name="capcount_within",
                condition=(Q(limit_fen__isnull=True) | Q(used_fen__lte=F("limit_fen")))
                & (Q(limit_count__isnull=True) | Q(used_count__lte=F("limit_count"))),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.whose}: {self.used_fen}"


class CapUse(models.Model):
    """What one grant takes of one count."""

    count = models.ForeignKey(CapCount, models.PROTECT, related_name="uses")
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="cap_uses", db_index=False)  # capuse_once
    fen = models.PositiveBigIntegerField()
    is_beyond = models.BooleanField(default=False, help_text="An approver gave it beyond the cap.")
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="capuse_once", fields=["grant", "count"])]

    def __str__(self) -> str:
        return f"{self.count_id}: {self.fen}"
