"""The link in a message by which its reader gets no more of the kind: signed, without signing in."""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from compensation.models import OFFERED, Member, MessageChannel, Purpose

SALT = "compensation.unsubscribe"


def link(member_id: int, purpose: str, channel: str) -> str:
    """The address for one member, purpose and channel."""
    path = reverse("portal:unsubscribe", args=[token_for(member_id, purpose, channel)])
    return f"{settings.PUBLIC_URL}{path}"


def token_for(member_id: int, purpose: str = Purpose.MARKETING, channel: str = MessageChannel.EMAIL) -> str:
    """What the address ends with, signed."""
    return signing.Signer(salt=SALT).sign(f"{member_id}.{purpose}.{channel}")


def read(token: str) -> tuple[Member, str, str] | None:
    """The member, purpose and channel of a link; None when it is none of ours, or the member is gone."""
    try:
        number, purpose, channel = signing.Signer(salt=SALT).unsign(token).split(".")
        member_id = int(number)
    except (signing.BadSignature, ValueError):
        return None
    if channel not in OFFERED.get(purpose, ()):
        return None
    member = Member.objects.filter(pk=member_id, erased_at=None).first()
    return (member, purpose, channel) if member else None
