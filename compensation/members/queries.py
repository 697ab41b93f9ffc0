"""Who somebody is."""

from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compensation.members.rules import spellings, token_digest
from compensation.models import Member, MemberSession, Order
from config.common.errors import NotFound


def session_for(token: str, at: datetime) -> MemberSession | None:
    """The open session behind a token, its member with it; None when there is none."""
    return (
        MemberSession.objects.select_related("member__tier")
        .filter(digest=token_digest(token), ended_at=None, expires_at__gt=at, member__erased_at=None)
        .first()
    )


def by_number(number: str) -> Member:
    """The member with that number in the shop.

    Raises:
        NotFound: there is none, or their data was erased.
    """
    member = Member.objects.filter(external_id=number, erased_at=None).first()
    if member is None:
        raise NotFound(_("There is no member with this number."))
    return member


def by_contact(contact: str) -> Member | None:
    """The member with that phone number or e-mail address.

    Where several have it, the one who registered last: numbers are given to new people.
    """
    ways = spellings(contact)
    field = "email__in" if "@" in contact else "phone__in"
    return Member.objects.filter(**{field: ways}, erased_at=None).order_by("-registered_at", "-id").first()


def spoken_of(text: str, *, limit: int = 10) -> list[Member]:
    """The members that somebody may mean who says this, the surest first.

    A phone number or e-mail address, the number in the shop, the number of an order or parcel, or the
    beginning of a name. Each is looked up by its index; whoever was erased is not found.
    """
    text = text.replace("\0", "").strip()[:120]
    if not text:
        return []
    ways = spellings(text)
    orders = Order.objects.filter(Q(external_id=text) | Q(shipments__tracking_number=text))
    looks = (
        Q(email__in=ways) if "@" in text else Q(phone__in=ways),
        Q(external_id=text),
        Q(pk__in=list(orders.values_list("member", flat=True)[:limit])),
        Q(name__startswith=text),
    )
    found: dict[int, Member] = {}
    for look in looks:
        rows = Member.objects.filter(look, erased_at=None).select_related("tier")
        for member in rows.order_by("-registered_at", "-pk")[:limit]:
            found.setdefault(member.pk, member)
    return list(found.values())[:limit]
