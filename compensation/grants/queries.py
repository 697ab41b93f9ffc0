"""What was given, and what waits."""

from django.db.models import Prefetch, QuerySet

from compensation.authority.rules import Sums
from compensation.models import ApprovalRound, Grant, GrantStatus, Member


def waiting() -> QuerySet[Grant]:
    """Grants that wait for approval, longest first, each with its open round in `open_rounds`."""
    return (
        Grant.objects.filter(status=GrantStatus.REQUESTED)
        .select_related("member", "template", "requested_by")
        .prefetch_related(
            Prefetch(
                "rounds",
                queryset=ApprovalRound.objects.filter(decision="").select_related("role"),
                to_attr="open_rounds",
            )
        )
        .order_by("requested_at", "pk")
    )


def of_member(member: Member) -> QuerySet[Grant]:
    """Everything that was given to a member or asked for, newest first."""
    return (
        Grant.objects.filter(member=member)
        .select_related("template", "requested_by", "decided_by")
        .order_by("-requested_at", "-pk")
    )


def need_of(grant: Grant) -> Sums:
    """What a waiting grant came to beside what was live when it was asked for."""
    rounds: list[ApprovalRound] | None = getattr(grant, "open_rounds", None)
    if rounds is None:
        rounds = list(grant.rounds.filter(decision=""))
    if not rounds:
        return Sums(grant=grant.cost_fen)
    one = rounds[0]
    return Sums(one.grant_fen, one.problem_fen, one.order_fen, one.member_day_fen)
