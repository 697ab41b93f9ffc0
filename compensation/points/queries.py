"""What a member has, and how it came to that."""

from django.db.models import QuerySet

from compensation.models import Account, AccountKind, Entry, Member, PointsRule, Unit
from compensation.points import rules


def balance(member: Member, unit: Unit = Unit.POINTS) -> int:
    """What is on a member's account, in points or fen of coupon value; 0 while there is no account."""
    held = Account.objects.filter(kind=AccountKind.MEMBER, member=member, unit=unit)
    return held.values_list("balance", flat=True).first() or 0


def statement(member: Member, unit: Unit = Unit.POINTS) -> QuerySet[Entry]:
    """Every movement on a member's account, newest first, each with the balance after it."""
    return (
        Entry.objects.filter(account__kind=AccountKind.MEMBER, account__member=member, account__unit=unit)
        .select_related("transaction")
        .order_by("-version")
    )


def worth_fen(points: int) -> int:
    """What giving that many points costs, by the rule in the database.

    Raises:
        PointsRule.DoesNotExist: the defaults were never seeded.
    """
    rule = PointsRule.objects.get()
    return rules.worth_fen(points, per_points=rule.points, fen=rule.worth_fen)
