"""Finding a case by what people can say of it: a number, a phone, an order, a parcel, words from it."""

import re

from django.db.models import Q, QuerySet

from compensation.models import Member, Order
from config.common.models import User
from config.common.words import AllOf, asked
from feedback.cases.queries import visible_to
from feedback.models import Case, CaseWords

NUMBER = re.compile(r"(?:HY)?0*([1-9][0-9]{0,17})", re.IGNORECASE)
FOUND = 50
RARE = 5_000


def search(user: User, text: str) -> QuerySet[Case]:
    """The newest cases that fit and that this person may see.

    By the case's number, the member's phone, e-mail, number in the shop or the beginning of the name, the
    order's number or the parcel's; and by words of its subject, messages and handoffs, all of which it has
    to hold.
    """
    text = text.replace("\0", "").strip()[:120]
    if not text:
        return Case.objects.none()
    members = Member.objects.filter(
        Q(phone=text) | Q(email=text) | Q(external_id=text) | Q(name__startswith=text)
    )
    orders = Order.objects.filter(Q(external_id=text) | Q(shipments__tracking_number=text))
    # looked up first: with a list of keys the cases come from their indexes
    of_members, of_orders = (list(found.values_list("pk", flat=True)[:FOUND]) for found in (members, orders))
    wanted = Q(member__in=of_members) | Q(order__in=of_orders)
    if number := NUMBER.fullmatch(text):
        wanted |= Q(pk=int(number[1]))
    wanted |= Q(pk__in=_saying(user, asked(text)))
    found = visible_to(user).filter(wanted)
    return found.select_related("member__tier", "department", "agent__user").order_by("-pk")[:FOUND]


def _saying(user: User, words: list[str]) -> list[int]:
    """The newest cases that hold all of the words.

    The planner cannot know how rare a word is that it has never seen, so a first look tells: of a rare one
    all cases are taken by the index, of a frequent one the newest are soon found from the top.
    """
    if not words:
        return []
    holding = CaseWords.objects.filter(words=AllOf(words))
    some = list(holding.values_list("case", flat=True)[: RARE + 1])
    seen = visible_to(user).order_by("-pk").values_list("pk", flat=True)
    rare = len(some) <= RARE
    return list((seen.filter(pk__in=some) if rare else seen.filter(words__words=AllOf(words)))[:FOUND])
