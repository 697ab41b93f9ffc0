"""Who may give how much, and what was given."""

from django.db.models import Max, QuerySet, Sum

from compensation.models import Authority, Grant, GrantStatus, Member
from config.common.models import User

LIVE = (GrantStatus.REQUESTED, GrantStatus.EXECUTED)


def authority_fen(user: User) -> int:
    """The most that a person may give for one problem, and approve for others: the highest of their roles.

    Money follows roles alone: an administrator without one has none.
    """
    if not user.is_active:
        return 0
    found = Authority.objects.filter(group__user=user).aggregate(limit=Max("limit_fen"))
    return found["limit"] or 0


def waiting() -> QuerySet[Grant]:
    """Grants that wait for approval, longest first."""
    return (
        Grant.objects.filter(status=GrantStatus.REQUESTED)
        .select_related("member", "template", "requested_by")
        .order_by("requested_at", "pk")
    )


def of_member(member: Member) -> QuerySet[Grant]:
    """Everything that was given to a member or asked for, newest first."""
    return (
        Grant.objects.filter(member=member)
        .select_related("template", "requested_by", "decided_by")
        .order_by("-requested_at", "-pk")
    )


def live_fen(grants: QuerySet[Grant], user: User) -> int:
    """What of these grants a person has given or is waiting to give, in fen."""
    found = grants.filter(requested_by=user, status__in=LIVE).aggregate(total=Sum("cost_fen"))
    return found["total"] or 0
