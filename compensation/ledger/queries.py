"""What a member has, and how it came to that."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet, Sum

from compensation.models import Account, AccountKind, Entry, Lot, Member, Unit


@dataclass(frozen=True, slots=True)
class Holding:
    """What a member has of a unit."""

    balance: int
    """All of it."""
    available: int
    """What may be used now."""
    pending: int
    """What may be used later."""
    owed: int
    """What the next that comes in goes to first."""


def balance(member: Member, unit: Unit = Unit.POINTS) -> int:
    """What is on a member's account, in points or fen; 0 while there is no account."""
    held = Account.objects.filter(kind=AccountKind.MEMBER, member=member, unit=unit)
    return held.values_list("balance", flat=True).first() or 0


def holding(member: Member, at: datetime, unit: Unit = Unit.POINTS) -> Holding:
    """What a member has of a unit that is held in lots, and how much of it may be used at `at`."""
    kept = dict(Account.objects.filter(member=member, unit=unit).values_list("kind", "balance"))
    sums = Lot.objects.filter(
        account__member=member, account__unit=unit, account__kind=AccountKind.MEMBER, remaining__gt=0
    ).aggregate(
        available=Sum("remaining", filter=_live(at) & Q(available_from__lte=at)),
        pending=Sum("remaining", filter=Q(available_from__gt=at)),
    )
    return Holding(
        balance=kept.get(AccountKind.MEMBER) or 0,
        available=sums["available"] or 0,
        pending=sums["pending"] or 0,
        owed=-(kept.get(AccountKind.OWED) or 0),
    )


def lots_held(member: Member, at: datetime, unit: Unit = Unit.POINTS) -> QuerySet[Lot]:
    """The lots that a member has something left of, those that end soonest first."""
    return (
        Lot.objects.filter(
            _live(at),
            account__member=member,
            account__unit=unit,
            account__kind=AccountKind.MEMBER,
            remaining__gt=0,
        )
        .select_related("order")
        .order_by("expires_at", "pk")
    )


def statement(member: Member, unit: Unit = Unit.POINTS) -> QuerySet[Entry]:
    """Every movement on a member's account, newest first, each with the balance after it."""
    return (
        Entry.objects.filter(account__kind=AccountKind.MEMBER, account__member=member, account__unit=unit)
        .select_related("transaction")
        .order_by("-version")
    )


def _live(at: datetime) -> Q:
    return Q(expires_at__isnull=True) | Q(expires_at__gt=at)
