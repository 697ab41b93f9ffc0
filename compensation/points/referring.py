"""Who referred whom: the code that members hand on, and saying whose one has."""

import secrets
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import Member, Order, OrderStatus, ReferralCode
from compensation.points import giving
from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import record

ALPHABET, LENGTH = "23456789ABCDEFGHJKMNPQRSTVWXYZ", 8
"""Letters and digits that nobody takes for another; 39 bits, since a code opens nothing."""


class NotReferred(WrongState):
    """Somebody else referred the member, or it is too late to say so."""

    code = "not_referred"
    default = _("Who referred you was said before, or you have received an order already.")


@transaction.atomic
def code_of(*, member: Member) -> str:
    """The member's own code, made when they first ask for it."""
    row = ReferralCode(member=member, code="".join(secrets.choice(ALPHABET) for _ in range(LENGTH)))
    ReferralCode.objects.bulk_create([row], ignore_conflicts=True)
    found = ReferralCode.objects.filter(member=member).values_list("code", flat=True).first()
    return found or code_of(member=member)  # somebody else has just got the same letters


def link_of(code: str) -> str | None:
    """What the member hands on: the shop's page for friends; None where the shop has none."""
    return settings.REFERRAL_URL.replace("{code}", code) if settings.REFERRAL_URL else None


@transaction.atomic
def say_referrer(*, member_id: int, code: str, at: datetime) -> Member:
    """A new member says whose code brought them; said again, nothing changes.

    Raises:
        NotFound: there is no such member.
        Invalid: nobody has the code, it is their own, or its owner joined after them.
        NotReferred: they said otherwise before, or have received an order.
    """
    wanted = ReferralCode.objects.filter(code=code.strip().upper(), member__erased_at=None).first()
    people = giving.lock({member_id, *([wanted.member_id] if wanted else [])})
    member = people.get(member_id)
    if member is None:
        raise NotFound
    referrer = people.get(wanted.member_id) if wanted else None
    if referrer is None or referrer == member or referrer.registered_at > member.registered_at:
        raise Invalid(_("Nobody who could have referred you has this code."), field="code")
    if member.referrer_id == referrer.pk:
        return member
    received = Order.objects.filter(member=member, status=OrderStatus.DELIVERED)
    if member.referrer_id is not None or received.exists():
        raise NotReferred
    member.referrer = referrer
    member.save(update_fields=["referrer"])
    record("member.referred", member, actor=member, at=at, referrer=referrer.pk)
    return member


@transaction.atomic
def record_referrers(*, referrers: Mapping[str, str], at: datetime) -> tuple[list[int], dict[str, str]]:
    """Take note of whom the shop says to have referred whom, both by their numbers in the shop.

    Gives the members of whom this is new, and why it was not noted of others. What is known is not changed.
    """
    numbers = {*referrers, *referrers.values()}
    known = dict(Member.objects.filter(external_id__in=numbers).values_list("external_id", "pk"))
    people = giving.lock(set(known.values()))
    new: list[int] = []
    faults: dict[str, str] = {}
    for number, said in referrers.items():
        member, referrer = people.get(known.get(number, 0)), people.get(known.get(said, 0))
        if member is None or referrer is None:
            faults[number] = str(_("there is no such member"))
        elif referrer == member or referrer.registered_at > member.registered_at:
            faults[number] = str(_("joined later than the member, or is the member"))
        elif member.referrer_id is None:
            member.referrer = referrer
            member.save(update_fields=["referrer"])
            record("member.referred", member, actor=None, at=at, referrer=referrer.pk)
            new.append(member.pk)
        elif member.referrer_id != referrer.pk:
            faults[number] = str(_("somebody else is known to have referred the member"))
    return new, faults
