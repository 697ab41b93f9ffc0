"""A member's own surveys: which can still be answered, and wanting no more of them."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction

from compensation.consents import commands as consents
from compensation.consents.queries import settings_of
from compensation.models import ConsentSource, Member, Purpose
from surveys.invitations import links
from surveys.invitations import queries as invitations
from surveys.models import Invitation, SpentLink
from surveys.responses.errors import AlreadyAnswered


def spent_today(rows: Iterable[Invitation]) -> set[int]:
    """Those anonymous ones among some that were answered and are not marked yet. One query at most."""
    keys = {
        links.draft_key(links.token(one.nonce)): one.pk
        for one in rows
        if one.is_anonymous and not one.is_answered
    }
    found = SpentLink.objects.filter(key__in=list(keys)).values_list("key", flat=True) if keys else ()
    return {keys[key] for key in found}


def open_now(member: Member, at: datetime) -> Collection[int]:
    """The numbers of what a member can still answer."""
    rows = list(invitations.open_for(member, at))
    return {one.pk for one in rows} - spent_today(rows)


@transaction.atomic
def decline(*, invitation_id: int, member: Member, source: ConsentSource, at: datetime) -> Invitation:
    """Want no more surveys, by whatever way: this one ends, and no other is sent.

    Raises:
        NotFound: there is no such invitation of the member's.
        AlreadyAnswered: it was answered.
    """
    invitation = invitations.by_member(invitation_id, member)
    if invitations.is_spent(invitation):
        raise AlreadyAnswered
    wanted = {(Purpose.SURVEY.value, channel): False for channel in settings_of(member)[Purpose.SURVEY]}
    consents.choose(member=member, wanted=wanted, source=source, at=at)
    ends = max(at, invitation.invited_at.replace(microsecond=0))
    Invitation.objects.filter(pk=invitation.pk, expires_at__gt=ends, invited_at__lt=ends).update(
        expires_at=ends, remind_at=None
    )
    return invitation
