"""What is being answered: an invitation, or an open campaign by somebody who came through its door."""

import hashlib
from dataclasses import dataclass, field

from django.db import connection

from surveys.invitations import links
from surveys.models import Invitation, SpentLink, Wave, Way
from surveys.questionnaires.conditions import Known
from surveys.responses.known import known_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an answer belongs, and by which link."""

    token: str
    wave: Wave
    version_id: int
    invitation: Invitation | None = None
    """None: whoever answers was not asked by name."""
    is_anonymous: bool
    way: str = Way.ASKED
    known: Known = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Under what a draft is kept: see links.draft_key."""
        return links.draft_key(self.token)

    @property
    def who(self) -> str:
        """By what choices are put into their order: the same for a link, and leading to nobody."""
        return self.key[:16]

    def is_spent(self) -> bool:
        """Whether it was answered, as the database knows at this moment."""
        asked = self.invitation
        if asked is not None and (not self.is_anonymous or asked.is_answered):
            return Invitation.objects.filter(pk=asked.pk, is_answered=True).exists()
        return SpentLink.objects.filter(key=self.key).exists()


def of_invitation(invitation: Invitation) -> Place:
    """The place of somebody who was asked."""
    return Place(
        token=links.token(invitation.nonce),
        wave=invitation.wave,
        version_id=invitation.version_id,
        invitation=invitation,
        is_anonymous=invitation.is_anonymous,
        known=known_of(invitation),
    )


def hold(key: str) -> None:
    """Let nobody else draft or answer under a key until the transaction ends.

    The key is locked and not the invitation: a row keeps the number of the transaction that locked it last,
    which would be its answer's.
    """
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
