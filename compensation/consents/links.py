"""The link in a message by which its reader gets no more of the kind: signed, without signing in."""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.core import signing
from django.urls import reverse

from compensation.models import OFFERED, Member, MessageChannel, Purpose

SALT = "compensation.unsubscribe"

FOLLOWED: dict[str, Callable[[Member, int, datetime], None]] = {}
"""By purpose, who is told that a member followed a message's link, and of what number it was about."""


def link(member_id: int, purpose: str, channel: str, *, about: int = 0) -> str:
    """The address for one member, purpose and channel; `about` is the number of what the message is about."""
    path = reverse("portal:unsubscribe", args=[token_for(member_id, purpose, channel, about)])
    return f"{settings.PUBLIC_URL}{path}"


def token_for(
    member_id: int,
    purpose: str = Purpose.MARKETING,
    channel: str = MessageChannel.EMAIL,
    about: int = 0,
) -> str:
    """What the address ends with, signed."""
    parts = f"{member_id}.{purpose}.{channel}" + (f".{about}" if about else "")
    return signing.Signer(salt=SALT).sign(parts)


def read(token: str) -> tuple[Member, str, str, int] | None:
    """The member, purpose, channel and what it was about (0: nothing that has a number) of a link.

    None when it is none of ours, or the member is gone.
    """
    try:
        number, purpose, channel, *rest = signing.Signer(salt=SALT).unsign(token).split(".")
        member_id, about = int(number), int(rest[0]) if rest else 0
    except (signing.BadSignature, ValueError):
        return None
    if channel not in OFFERED.get(purpose, ()):
        return None
    member = Member.objects.filter(pk=member_id, erased_at=None).first()
    return (member, purpose, channel, about) if member else None
