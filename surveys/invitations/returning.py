"""What comes back late: reports that a message did not arrive, and members who want no more of it.

Only the request number of a message counts, which nobody can guess: reports are easily forged.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from compensation.members.commands import letter_came_back
from compensation.models import Member
from config.common.events import record
from config.common.models import OutboxMessage, OutboxStatus
from surveys.invitations import sending
from surveys.models import AskChannel, Invitation


@transaction.atomic
def came_back(*, request_id: UUID, why: str, at: datetime, address: str = "") -> bool:
    """Note that a message which was sent did not arrive, and try the next channel; says whether it was ours.

    `address` is the one that failed, of a letter; where the report names none, it is the one that the letter
    went to, while it is the member's. Said again, said of a message that we do not know, or of a channel that
    was left already, it changes nothing.
    """
    found = _found(request_id)
    if found is None:
        return False
    invitation, content = found
    if content["channel"] == AskChannel.EMAIL:
        letter_came_back(
            member_id=invitation.member_id or 0, email=address or _sent_to(invitation, content), at=at
        )
    sending.pass_on(invitation=invitation, channel=content["channel"], turn=content["turn"], at=at, why=why)
    return True


@transaction.atomic
def arrived(*, request_id: UUID, at: datetime) -> bool:
    """Note that a message has arrived, the first time that a gateway says so; says whether it was ours.

    Of a channel that was left already, or of what has come back, it changes nothing.
    """
    found = _found(request_id)
    if found is None:
        return False
    invitation, content = found
    still = Invitation.objects.filter(
        pk=invitation.pk, channel=content["channel"], delivered_at=None, bounced_at=None
    )
    still.update(delivered_at=at)
    return True


def _found(request_id: UUID) -> tuple[Invitation, dict[str, Any]] | None:
    """The invitation of a message that was sent, and what the message holds."""
    message = OutboxMessage.objects.filter(
        request_id=request_id, kind=sending.KIND, status=OutboxStatus.SENT
    ).first()
    if message is None:
        return None
    invitation = (
        Invitation.objects.select_related("wave__campaign", "member")
        .filter(pk=message.payload["invitation"], member__erased_at=None, member__isnull=False)
        .first()
    )
    return (invitation, message.payload) if invitation else None


def _sent_to(invitation: Invitation, content: Mapping[str, Any]) -> str:
    """The address that a letter went to; empty where the member has another by now."""
    email = invitation.member.email if invitation.member else ""
    return email if email and content.get("to") == sending.address_mark(email) else ""


def letters_came_back(letters: Iterable[str], address: str, why: str, at: datetime) -> bool:
    """Note what a report says of letters, by their Message-IDs; whether one of them was an invitation."""
    return any(
        came_back(request_id=number, why=why, at=at, address=address)
        for number in map(_number, letters)
        if number is not None
    )


def _number(letter_id: str) -> UUID | None:
    try:
        return UUID(letter_id.strip("<>").partition("@")[0])
    except ValueError:
        return None


@transaction.atomic
def opt_out(member: Member, invitation_id: int, at: datetime) -> None:
    """Note from which invitation a member said that they want no more, once; only of their own."""
    held = (
        Invitation.objects.select_for_update(no_key=True, of=("self",))
        .filter(pk=invitation_id, member=member, opted_out_at=None)
        .first()
    )
    if held is None:
        return
    held.opted_out_at, held.remind_at = at, None
    held.save(update_fields=["opted_out_at", "remind_at"])
    record("survey.opted_out", held, actor=member, at=at)
