"""The invitations of a member, and those that wait for an answer."""

from datetime import datetime

from django.db.models import QuerySet

from compensation.models import Member
from config.common.errors import NotFound
from surveys.invitations import links
from surveys.models import Invitation, SpentLink


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
        .select_related("wave__campaign", "version", "case", "response")
        .order_by("-invited_at", "-pk")
    )


def open_for(member: Member, at: datetime) -> QuerySet[Invitation]:
    """What a member can still answer, but for the anonymous ones that were answered today: see `is_spent`."""
    return of_member(member).filter(is_answered=False, expires_at__gt=at)


def is_spent(invitation: Invitation) -> bool:
    """Whether an invitation was answered."""
    if invitation.is_answered or not invitation.is_anonymous:
        return invitation.is_answered
    key = links.draft_key(links.token(invitation.nonce))
    return SpentLink.objects.filter(key=key).exists()


def _one(found: QuerySet[Invitation]) -> Invitation:
    wanted = found.filter(member__erased_at=None).select_related(
        "wave__campaign", "version", "member__tier", "case__triage", "response__follow_up"
    )
    invitation = wanted.first()
    if invitation is None:
        raise NotFound
    return invitation
