"""Finding a case by what people can say of it: a number, a phone, an order, a parcel, words from it."""

import re

from django.db.models import Q, QuerySet

from compensation.models import Member, Order
from config.common.models import User
from config.common.words import AllOf, asked
from feedback.cases.queries import visible_to
from feedback.models import Case

NUMBER = re.compile(r"(?:HY)?0*([1-9][0-9]{0,17})", re.IGNORECASE)
FOUND = 50


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
    if wanted_words := asked(text):
        said = visible_to(user).filter(words__words=AllOf(wanted_words)).order_by("-pk")
        wanted |= Q(pk__in=list(said.values_list("pk", flat=True)[:FOUND]))
    found = visible_to(user).filter(wanted)
    return found.select_related("member__tier", "department", "agent__user").order_by("-pk")[:FOUND]
