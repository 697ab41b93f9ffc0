"""The ledger: double entry in whole units; a balance is a constraint, not a hope.

A member has an account of points and one of coupon value. What is given comes from the house's
accounts, which keep no balance of their own: nothing on the hot path is shared by all.
"""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from compensation.models.member import Member


class Unit(models.TextChoices):
    """What an account counts."""

    POINTS = "points", _("points")
    COUPON = "coupon", _("coupon value (fen)")


class AccountKind(models.TextChoices):
    """Whose account it is."""

    MEMBER = "member", _("member")
    ISSUED = "issued", _("given by the house")
    SPENT = "spent", _("spent by members")
    EXPIRED = "expired", _("expired")


class Account(models.Model):
    """Units that belong to one member, or one side of the house."""

    kind = models.CharField(_("kind"), max_length=8, choices=AccountKind)
    unit = models.CharField(_("unit"), max_length=8, choices=Unit)
    member = models.ForeignKey(
        Member, models.PROTECT, verbose_name=_("member"), null=True, blank=True, related_name="accounts"
    )
    balance = models.BigIntegerField(_("balance"), null=True)
    version = models.PositiveBigIntegerField(default=0, help_text="How many entries it has.")
    floor = models.BigIntegerField(_("lowest balance"), default=0)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.CheckConstraint(
                name="account_kind_known", condition=Q(kind__in=AccountKind.values, unit__in=Unit.values)
            ),
            models.CheckConstraint(
                name="account_member_has_balance",
                condition=Q(kind=AccountKind.MEMBER, member__isnull=False, balance__isnull=False)
                | (~Q(kind=AccountKind.MEMBER) & Q(member__isnull=True, balance__isnull=True)),
            ),
            models.CheckConstraint(
                name="account_above_floor", condition=Q(balance__isnull=True) | Q(balance__gte=F("floor"))
            ),
            models.UniqueConstraint(
                name="account_once", fields=["member", "unit"], condition=Q(kind=AccountKind.MEMBER)
            ),
            models.UniqueConstraint(
                name="account_house_once", fields=["kind", "unit"], condition=~Q(kind=AccountKind.MEMBER)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.member_id or ''} {self.unit}"


class Transaction(models.Model):
    """One movement of units: entries that sum to zero in each unit, once for one key."""

    key = models.CharField(max_length=200, unique=True)
    request_hash = models.CharField(max_length=64)
    kind = models.CharField(_("kind"), max_length=32)
    at = models.DateTimeField(_("at"))
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by", verbose_name=_("reverses")
    )

    class Meta:
        verbose_name = _("transaction")
        verbose_name_plural = _("transactions")
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Entry(models.Model):
    """Units into (positive) or out of (negative) one account."""

    transaction = models.ForeignKey(Transaction, models.PROTECT, related_name="entries")
    account = models.ForeignKey(Account, models.PROTECT, related_name="entries")
    amount = models.BigIntegerField(_("amount"))
    balance_after = models.BigIntegerField(_("balance after"), null=True)
    version = models.PositiveBigIntegerField(null=True, help_text="The entry's number in its account.")

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        constraints = [
            models.CheckConstraint(name="entry_not_zero", condition=~Q(amount=0)),
            models.UniqueConstraint(name="entry_gapless", fields=["account", "version"]),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="balances",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func="""
                IF EXISTS (
                    SELECT 1 FROM compensation_entry e JOIN compensation_account a ON a.id = e.account_id
                    WHERE e.transaction_id = NEW.transaction_id
                    GROUP BY a.unit HAVING sum(e.amount) <> 0
                ) THEN
                    RAISE EXCEPTION 'transaction % does not balance', NEW.transaction_id
                        USING ERRCODE = 'check_violation';
                END IF;
                RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.amount:+}"


class PointsRule(models.Model):
    """What points are worth: so many points stand for so many fen. There is one rule."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    points = models.PositiveIntegerField(_("points"), default=100)
    worth_fen = models.PositiveIntegerField(_("are worth (fen)"), default=100)

    class Meta:
        verbose_name = _("value of points")
        verbose_name_plural = _("value of points")
        constraints = [
            models.CheckConstraint(name="pointsrule_one", condition=Q(id=1)),
            models.CheckConstraint(name="pointsrule_positive", condition=Q(points__gt=0, worth_fen__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.points} = {self.worth_fen}"
