"""Looking tiers up."""

from django.db.models import QuerySet

from compensation.models import Member, TierPeriod


def history(member: Member) -> QuerySet[TierPeriod]:
    """The member's tier periods, latest first."""
    return TierPeriod.objects.filter(member=member).select_related("tier").order_by("-starts_at")
