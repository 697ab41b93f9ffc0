"""Who had a role, and worked where, at a moment: from the history that triggers keep of the organisation.

What was there before its history was kept is taken as it is.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import Model

from config.common.models import User, UserRole
from feedback.models import Agent, Department, Membership

Places = list[tuple[Agent, list[Department]]]
"""Agents by name, each with their departments, the one that counts first."""


def is_known(at: datetime) -> bool:
    """Whether anything is known of a moment; of one before the house worked with this system nothing is."""
    return bool(_kept(Membership).objects.filter(pgh_created_at__lt=at).exists())


def now(group_id: int | None) -> Places:
    """The active agents who have a role and are in a department."""
    rows = Membership.objects.filter(
        agent__user__groups=group_id, agent__is_active=True, agent__user__is_active=True
    ).select_related("agent__user", "department")
    found: dict[int, list[Membership]] = defaultdict(list)
    for one in rows.order_by("agent__user__name", "agent", "pk"):
        found[one.agent_id].append(one)
    return [(several[0].agent, [one.department for one in several]) for several in found.values()]


def then(group_id: int | None, at: datetime) -> Places:
    """The agents who had a role and were in a department at a moment, with an account in use.

    Whoever took no cases then but does now was away, and is among them. Who was deleted since is not.
    """
    users = {one.user_id for one in _rows(UserRole, at, group=group_id)}
    users = {one.id for one in _rows(User, at, users) if one.is_active}
    agents = Agent.objects.filter(user__in=users).select_related("user").in_bulk()
    gone = {pk for pk, one in agents.items() if not one.is_active}
    gone -= {one.id for one in _rows(Agent, at, gone) if one.is_active}
    departments = Department.objects.in_bulk()
    found: dict[int, list[Department]] = defaultdict(list)
    for one in sorted(_rows(Membership, at, agent__in=agents.keys() - gone), key=lambda one: one.id):
        if one.department_id in departments:
            found[one.agent_id].append(departments[one.department_id])
    ordered = sorted(found, key=lambda pk: (agents[pk].user.name, pk))
    return [(agents[pk], found[pk]) for pk in ordered]


def _kept(model: type[Model]) -> Any:
    return apps.get_model(model._meta.app_label, f"{model.__name__}History")


def _rows(model: Any, at: datetime, rows: Collection[int] | None = None, **narrow: Any) -> list[Any]:
    """The rows of a tracked model as they were at a moment, of some, or narrowed by what never changes.

    Of a row that was first written down later: it was not there if it was made then, else as far back as is
    known. The history finds rows by `pgh_obj`, which has an index.
    """
    kept = _kept(model).objects.filter(**narrow)
    there = model.objects.filter(**narrow)
    if rows is not None:
        kept, there = kept.filter(pgh_obj__in=rows), there.filter(pk__in=rows)
    before = kept.filter(pgh_created_at__lt=at).order_by("pgh_obj", "-pgh_id").distinct("pgh_obj")
    known = {one.id: one for one in before}
    later = kept.filter(pgh_created_at__gte=at).exclude(pgh_obj__in=known)
    first = {one.id: one for one in later.order_by("pgh_obj", "pgh_id").distinct("pgh_obj")}
    return [
        *(one for one in known.values() if one.pgh_label != "delete"),
        *(one for one in first.values() if one.pgh_label != "insert"),
        *there.exclude(pk__in=[*known, *first]),
    ]
