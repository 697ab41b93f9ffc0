"""The secret link of an invitation: whoever has it may answer, once.

The token is an HMAC of the invitation's nonce (256 bits), so that it need not be kept anywhere: a copy of
the database alone opens no link.
"""

import hashlib
from base64 import urlsafe_b64encode
from uuid import UUID

from django.conf import settings
from django.utils.crypto import salted_hmac

from compensation.models import Notice
from config.common.outbox import Dropped
from surveys.models import Invitation

NOTICE_KIND = "survey.invited"
SALT, DRAFT_SALT = "surveys.invitation", "surveys.draft"


def token(nonce: UUID) -> str:
    """The token of an invitation's link, 43 characters."""
    mac = salted_hmac(SALT, nonce.bytes, algorithm="sha256").digest()
    return urlsafe_b64encode(mac).decode().rstrip("=")


def digest(typed: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(typed.encode()).hexdigest()


def draft_key(token: str) -> str:
    """Under what the half-answered page of a link is kept: only the link and the secret key lead there."""
    return salted_hmac(DRAFT_SALT, token, algorithm="sha256").hexdigest()


def page(invitation: Invitation) -> str:
    """The answering page of an invitation, on this site."""
    return f"/s/{token(invitation.nonce)}/"


def notice_key(invitation_id: int) -> str:
    """Under what key the member is told of an invitation."""
    return f"invitation:{invitation_id}"


def link_in_notice(notice: Notice) -> str:
    """What is sent out with the notice of an invitation: the secret link, which the notice does not hold.

    Raises:
        Dropped: there is no such invitation.
    """
    pk = int(notice.key.removeprefix("invitation:"))
    invitation = Invitation.objects.filter(pk=pk).first()
    if invitation is None:
        raise Dropped("there is no such invitation")
    return f"{settings.PUBLIC_URL}{page(invitation)}"
