"""Whom to tell: those who lead a department, those above who may act, all who have a right."""

from collections.abc import Iterable

from django.db.models import QuerySet

from config.common.models import User
from feedback.models import Membership
from feedback.org.queries import parents
from feedback.org.rules import above


def with_right(right: str) -> QuerySet[User]:
    """The active staff who have a right."""
    able = User.objects.with_perm(right, backend="django.contrib.auth.backends.ModelBackend")
    return able.filter(is_active=True, is_staff=True)


def leads_at(department_id: int) -> list[User]:
    """Who leads a department, or else the nearest above it that has a lead."""
    leads = [one for one in _members(department_id) if one.is_lead]
    return _users(one for one in leads if one.department_id == leads[0].department_id)


def above_with(department_id: int, right: str) -> list[User]:
    """Who of a department and those above it has a right."""
    return [user for user in _users(_members(department_id)) if user.has_perm(right)]


def _members(department_id: int) -> list[Membership]:
    """The active people of a department and of those above it, nearest first."""
    places = [department_id, *above(parents(), department_id)]
    found = Membership.objects.filter(
        department__in=places, agent__is_active=True, agent__user__is_active=True
    ).select_related("agent__user")
    return sorted(found, key=lambda one: (places.index(one.department_id), one.agent_id))


def _users(members: Iterable[Membership]) -> list[User]:
    return list({one.agent.user_id: one.agent.user for one in members}.values())
