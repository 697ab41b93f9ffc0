"""Who somebody is."""

from datetime import datetime

from compensation.members.rules import spellings, token_digest
from compensation.models import Member, MemberSession


def session_for(token: str, at: datetime) -> MemberSession | None:
    """The open session behind a token, its member with it; None when there is none."""
    return (
        MemberSession.objects.select_related("member__tier")
        .filter(digest=token_digest(token), ended_at=None, expires_at__gt=at, member__erased_at=None)
        .first()
    )


def by_contact(contact: str) -> Member | None:
    """The member with that phone number or e-mail address.

    Where several have it, the one who registered last: numbers are given to new people.
    """
    ways = spellings(contact)
    field = "email__in" if "@" in contact else "phone__in"
    return Member.objects.filter(**{field: ways}, erased_at=None).order_by("-registered_at", "-id").first()
