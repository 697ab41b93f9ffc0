"""What points are worth, by which rules they are earned, and what became of a member's."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet, Sum
from django.utils.timezone import get_default_timezone, localdate

from compensation.ledger.queries import lots_held
from compensation.models import (
    OWNED,
    Account,
    Earning,
    EarningVersion,
    Entry,
    Member,
    PointsRule,
    Unit,
)
from compensation.points import rules

PURCHASE, SIGN_IN, REFERRAL, REVIEW, SUGGESTION = "purchase", "sign-in", "referral", "review", "suggestion"
"""The rules that other parts know."""


def worth_fen(points: int) -> int:
    """What giving that many points costs, by the rule in the database.

    Raises:
        PointsRule.DoesNotExist: the defaults were never seeded.
    """
    rule = PointsRule.objects.get()
    return rules.worth_fen(points, per_points=rule.points, fen=rule.worth_fen)


def in_force(code: str, at: datetime) -> EarningVersion | None:
    """What a rule says now, its rule with it; None while it is switched off, not there, or yet to begin."""
    versions = EarningVersion.objects.filter(rule__code=code, rule__is_active=True, rule__starts_at__lte=at)
    return versions.select_related("rule").order_by("-number").first()


@dataclass(frozen=True, slots=True)
class Ending:
    """The points that end next."""

    at: datetime
    """From then on they are gone."""
    points: int

    @property
    def last(self) -> datetime:
        """The last moment at which they can be used, for people: points end at midnight."""
        return self.at - timedelta(seconds=1)


def ending_next(member: Member, at: datetime) -> Ending | None:
    """How many of a member's points end next, and when; None where none ever does."""
    lots = lots_held(member, at).filter(expires_at__isnull=False).order_by("expires_at", "pk")
    first = lots.values_list("expires_at", flat=True).first()
    if first is None:
        return None
    whole = lots.filter(expires_at=first).order_by().aggregate(points=Sum("remaining"))
    return Ending(first, whole["points"])


def statement(member: Member) -> QuerySet[Entry]:
    """Every movement of a member's points and of what they owe, newest first, with what it was for."""
    accounts = Account.objects.filter(member=member, unit=Unit.POINTS, kind__in=OWNED)
    entries = Entry.objects.filter(account__in=list(accounts.values_list("pk", flat=True)))
    return entries.select_related("transaction", "account").order_by("-pk")


def signed_in(member: Member, at: datetime) -> bool:
    """Whether the member has signed in for the day, in the shop's time zone."""
    day = localdate(at, get_default_timezone())
    return Earning.objects.filter(member=member, rule__code=SIGN_IN, day=day).exists()


def referred(member: Member) -> tuple[int, int]:
    """How many friends say that the member sent them, and of how many that earned points."""
    earned = Earning.objects.filter(member=member, rule__code=REFERRAL, points__gt=0)
    return Member.objects.filter(referrer=member).count(), earned.count()
