"""Colleagues named in a note with @: they are alerted, and find it in their view of mentions."""

import re
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from config.common.events import record
from config.common.models import User
from feedback.models import Case, Mention, Message
from feedback.models.handoff import UNENDED
from feedback.org import rules as tree
from feedback.org.alerts import alert
from feedback.org.queries import SEE_ALL, parents

NAMED = _("%(name)s mentioned you in case %(number)s")
OFFERED = 8


def mention(case: Case, message: Message, *, actor: User, at: datetime) -> list[User]:
    """Tell the colleagues that a note names, in its transaction; gives who they are.

    Only those who may see the case can be named, and nobody names themselves.
    """
    if "@" not in message.body:
        return []
    named = [user for user in named_in(message.body, mentionable(case)) if user != actor]
    if not named:
        return []
    Mention.objects.bulk_create(
        [Mention(message=message, user=user) for user in named], ignore_conflicts=True
    )
    told = [user.pk for user in named]
    record("case.mentioned", case, actor=actor, at=at, message=message.pk, told=told)
    alert(
        users=named,
        case=case,
        kind="case.mentioned",
        key=f"message:{message.pk}:mention",
        title=NAMED,
        data={"name": str(actor)},
        at=at,
    )
    return named


def mentionable(case: Case) -> QuerySet[User]:
    """Who can be named in a case: those in its departments, leads above them, and who sees everything."""
    asked = case.handoffs.filter(status__in=UNENDED).values_list("department_id", flat=True)
    inside = {case.department_id, *asked}
    known = parents()
    above = {one for department in inside for one in tree.above(known, department)}
    works = Q(agent__is_active=True) & (
        Q(agent__memberships__department__in=inside)
        | Q(agent__memberships__department__in=above, agent__memberships__is_lead=True)
    )
    sees_all = User.objects.with_perm(SEE_ALL, backend=BACKEND, include_superusers=False)
    people = User.objects.filter(works | Q(pk__in=sees_all.values("pk")), is_active=True, is_staff=True)
    return people.distinct().order_by("name", "pk")


BACKEND = "django.contrib.auth.backends.ModelBackend"


def offered(case: Case, begun: str) -> list[User]:
    """Who fits what somebody has begun to type after the @."""
    people = mentionable(case)
    if begun:
        people = people.filter(Q(name__icontains=begun) | Q(username__istartswith=begun))
    return list(people[:OFFERED])


def named_in(text: str, people: Iterable[User]) -> list[User]:
    """The people whose name or account stands in a text after an @; the longest fitting name counts."""
    by_name: dict[str, list[User]] = {}
    for person in people:
        for name in {str(person), person.get_username()} - {""}:
            by_name.setdefault(name.casefold(), []).append(person)
    names = sorted(by_name, key=len, reverse=True)
    if not names:
        return []
    found = re.findall("@(" + "|".join(map(re.escape, names)) + ")", text.casefold())
    return list(dict.fromkeys(person for name in found for person in by_name[name]))


def read(case: Case, *, user: User, at: datetime) -> int:
    """Note that somebody has seen what they were named in; gives how much was unread."""
    unread = Mention.objects.filter(user=user, read_at=None, message__case=case)
    return unread.update(read_at=at)
