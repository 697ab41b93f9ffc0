"""Which cases are still to be asked about, and the invitations of a member."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from compensation.models import Member
from compensation.segments import queries as segments
from config.common.errors import NotFound
from feedback.models import Case, CaseStatus, Resolution
from surveys.invitations import links
from surveys.models import Campaign, Invitation, Response


def cases_to_ask(campaign: Campaign, at: datetime) -> QuerySet[Case]:
    """Closed cases that the campaign has not asked about, oldest first.

    Not asked about: duplicates, erased members, what was closed too long ago, and follow-ups of follow-ups.
    A follow-up itself is asked about once; what comes of a bad answer to that is asked about no more, so
    that a chain of asking ends after two (see responses.commands). One for a segment asks its members.
    """
    asked = Invitation.objects.filter(campaign=campaign, case=OuterRef("pk"))
    follow_up_of_follow_up = Response.objects.filter(
        follow_up=OuterRef("pk"), invitation__case__followed_response__isnull=False
    )
    cases = Case.objects.all()
    if campaign.segment is not None:
        cases = cases.filter(member__in=segments.members(campaign.segment, at).values("pk"))
    return (
        cases.filter(
            ~Exists(asked),
            ~Exists(follow_up_of_follow_up),
            status=CaseStatus.CLOSED,
            closed_at__gt=at - timedelta(days=campaign.within_days),
            closed_at__lte=at,
            member__erased_at=None,
        )
        .exclude(resolution=Resolution.DUPLICATE)
        .order_by("closed_at", "pk")
    )


def by_token(token: str) -> Invitation:
    """The invitation of a link.

    Raises:
        NotFound: there is none, or its member was erased.
    """
    return _one(Invitation.objects.filter(digest=links.digest(token)))


def by_member(invitation_id: int, member: Member) -> Invitation:
    """A member's own invitation.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    return _one(Invitation.objects.filter(pk=invitation_id, member=member))


def of_member(member: Member) -> QuerySet[Invitation]:
    """What a member was asked, newest first; `response` is there when it was answered."""
    return (
        Invitation.objects.filter(member=member)
        .select_related("campaign", "case", "response")
        .order_by("-invited_at", "-pk")
    )


def open_for(member: Member, at: datetime) -> QuerySet[Invitation]:
    """What a member can still answer."""
    return of_member(member).filter(response=None, expires_at__gt=at)


def _one(found: QuerySet[Invitation]) -> Invitation:
    wanted = found.filter(member__erased_at=None).select_related(
        "campaign", "member", "case", "response__follow_up"
    )
    invitation = wanted.first()
    if invitation is None:
        raise NotFound
    return invitation
