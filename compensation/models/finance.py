"""Sums of the ledger by day: what finance reads, added to and never changed, and recomputable at any time."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models.ledger import Unit


class Flow(models.TextChoices):
    """What a movement is to those who hold units: given to them, or gone from them and how."""

    GIVEN = "given", pgettext_lazy("finance", "given")
    REDEEMED = "redeemed", pgettext_lazy("finance", "redeemed")
    EXPIRED = "expired", pgettext_lazy("finance", "expired")
    REVERSED = "reversed", pgettext_lazy("finance", "taken back")
    PAID = "paid", pgettext_lazy("finance", "paid out")


class LedgerRun(models.Model):
    """One adding up of entries: all from the end of the one before up to `upto`, or a correction."""

    upto = models.BigIntegerField(help_text="The last entry that is in it.")
    entries = models.PositiveBigIntegerField(default=0)
    at = models.DateTimeField()
    is_correction = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="ledgerrun_once", fields=["upto"], condition=Q(is_correction=False))
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.upto} {self.at:%F %T}"


class LedgerSum(models.Model):
    """What moved on one day, by unit, flow, kind of transaction, and why: seen from those who hold units.

    What we owe is the sum of all of them, since every transaction sums to zero.
    """

    run = models.ForeignKey(LedgerRun, models.PROTECT, related_name="sums")
    day = models.DateField(_("day"))
    unit = models.CharField(_("unit"), max_length=8, choices=Unit)
    flow = models.CharField(_("flow"), max_length=8, choices=Flow)
    kind = models.CharField(_("kind"), max_length=48)
    cause = models.CharField(_("cause"), max_length=48, blank=True)
    department = models.CharField(_("department"), max_length=40, blank=True)
    amount = models.BigIntegerField(_("amount"))
    entries = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("sum of the ledger")
        verbose_name_plural = _("sums of the ledger")
        permissions = [("see_finance", "Can see what members are owed")]
        constraints = [
            models.CheckConstraint(
                name="ledgersum_known", condition=Q(unit__in=Unit.values, flow__in=Flow.values)
            ),
        ]
        indexes = [models.Index(name="ledgersum_day", fields=["day"])]  # finance.queries
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.amount:+}"


class LedgerProof(models.Model):
    """The last time that the sums of a unit were held against the balances of all who hold it."""

    unit = models.CharField(_("unit"), max_length=8, choices=Unit, unique=True)
    at = models.DateTimeField()
    sums = models.BigIntegerField()
    balances = models.BigIntegerField()
    holders = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.unit}: {self.difference}"

    @property
    def difference(self) -> int:
        """0, unless something is wrong."""
        return self.sums - self.balances


class Book(models.TextChoices):
    """Sums that rows keep of others."""

    REFUNDS = "refunds", _("what orders have refunded")
    BUDGETS = "budgets", _("what budgets and caps have used")


class BookProof(models.Model):
    """The last time that such sums were recomputed from what they are of."""

    book = models.CharField(max_length=8, choices=Book, unique=True)
    at = models.DateTimeField()
    wrong = models.PositiveIntegerField(help_text="How many rows differ.")
    lines = models.JSONField(default=list, help_text="The first of them, for people.")

    def __str__(self) -> str:
        return f"{self.book}: {self.wrong}"
