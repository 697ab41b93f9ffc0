"""The ledger: double entry in whole units; a balance is a constraint, not a hope.

A member has an account of each unit. What is given comes from the house's accounts, which keep no balance
of their own: nothing on the hot path is shared by all. Points are held in lots, each with its own end.
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
    MONEY = "money", _("money (fen)")


class AccountKind(models.TextChoices):
    """Whose account it is."""

    MEMBER = "member", _("member")
    OWED = "owed", _("owed by the member")
    ISSUED = "issued", _("given by the house")
    SPENT = "spent", _("spent by members")
    EXPIRED = "expired", _("expired")
    PAID = "paid", _("paid out by the house")


OWNED = [AccountKind.MEMBER, AccountKind.OWED]
"""The accounts that belong to a member and keep a balance; the others are sides of the house."""

LOTTED = frozenset({Unit.POINTS})
"""The units that members hold in lots."""


class Account(models.Model):
    """Units that belong to one member, or one side of the house.

    What a member owes (points taken back that were spent already) stands on an account of its own, as a
    balance below zero: the member's own never falls below its floor, and nothing is forgotten.
    """

    kind = models.CharField(_("kind"), max_length=8, choices=AccountKind)
    unit = models.CharField(_("unit"), max_length=8, choices=Unit)
    member = models.ForeignKey(
        Member, models.PROTECT, verbose_name=_("member"), null=True, blank=True, related_name="accounts"
    )
    balance = models.BigIntegerField(_("balance"), null=True)
    version = models.PositiveBigIntegerField(default=0, help_text="How many entries it has.")
    floor = models.BigIntegerField(_("lowest balance"), default=0, null=True)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.CheckConstraint(
                name="account_kind_known", condition=Q(kind__in=AccountKind.values, unit__in=Unit.values)
            ),
            models.CheckConstraint(
                name="account_member_has_balance",
                condition=Q(kind__in=OWNED, member__isnull=False, balance__isnull=False)
                | (~Q(kind__in=OWNED) & Q(member__isnull=True, balance__isnull=True)),
            ),
            models.CheckConstraint(
                name="account_above_floor",
                condition=Q(balance__isnull=True) | Q(floor__isnull=True) | Q(balance__gte=F("floor")),
            ),
            models.CheckConstraint(
                name="account_owed_below_zero",
                condition=Q(kind=AccountKind.OWED, balance__lte=0, floor__isnull=True)
                | (~Q(kind=AccountKind.OWED) & Q(floor__isnull=False)),
            ),
            models.UniqueConstraint(
                name="account_once", fields=["member", "unit", "kind"], condition=Q(kind__in=OWNED)
            ),
            models.UniqueConstraint(
                name="account_house_once", fields=["kind", "unit"], condition=~Q(kind__in=OWNED)
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


class Lot(models.Model):
    """Units that came together and end together. All that ever became of them adds up, by constraint.

    Whoever changes a lot holds the lock of its account.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="lots")
    entry = models.ForeignKey(
        Entry,
        models.PROTECT,
        null=True,
        related_name="lots",
        help_text="None: held before there were lots. The one on what was owed, where it took all.",
    )
    order = models.ForeignKey(
        "compensation.Order", models.PROTECT, verbose_name=_("order"), null=True, related_name="lots"
    )
    tier = models.ForeignKey(
        "compensation.Tier", models.PROTECT, verbose_name=_("tier"), null=True, related_name="+"
    )
    rate = models.DecimalField(
        _("rate"), max_digits=9, decimal_places=4, null=True, help_text=_("Units for each yuan.")
    )
    rule_version = models.ForeignKey(
        "compensation.EarningVersion", models.PROTECT, null=True, related_name="+", db_index=False
    )
    amount = models.PositiveBigIntegerField(_("amount"))
    remaining = models.PositiveBigIntegerField(_("left"))
    spent = models.PositiveBigIntegerField(_("spent"), default=0)
    expired = models.PositiveBigIntegerField(_("expired"), default=0)
    withdrawn = models.PositiveBigIntegerField(_("taken back"), default=0)
    available_from = models.DateTimeField(_("usable from"))
    expires_at = models.DateTimeField(_("expires"), null=True)

    class Meta:
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        constraints = [
            models.CheckConstraint(
                name="lot_adds_up",
                condition=Q(amount=F("remaining") + F("spent") + F("expired") + F("withdrawn")),
            ),
            models.CheckConstraint(name="lot_not_empty", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="lot_forward",
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("available_from")),
            ),
        ]
        indexes = [
            models.Index(  # ledger.lots: what may be spent
                name="lot_held", fields=["account", "expires_at", "id"], condition=Q(remaining__gt=0)
            ),
            models.Index(  # ledger.expiry
                name="lot_expiring",
                fields=["expires_at", "account"],
                condition=Q(remaining__gt=0, expires_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.amount}"


class LotFate(models.TextChoices):
    """What became of units of a lot."""

    SPENT = "spent", _("spent")
    EXPIRED = "expired", _("expired")
    WITHDRAWN = "withdrawn", _("taken back")


class LotUse(models.Model):
    """Units of one lot that an entry spent, expired or took back; negative where it undid that."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="lot_uses")
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="uses")
    fate = models.CharField(max_length=9, choices=LotFate)
    amount = models.BigIntegerField(_("amount"))

    class Meta:
        constraints = [
            models.UniqueConstraint(name="lotuse_once", fields=["entry", "lot", "fate"]),
            models.CheckConstraint(name="lotuse_not_zero", condition=~Q(amount=0)),
            models.CheckConstraint(name="lotuse_fate_known", condition=Q(fate__in=LotFate.values)),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.fate} {self.amount:+}"
