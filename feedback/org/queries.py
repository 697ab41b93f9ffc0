"""Who works where, and whose cases they may see."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.db.models import QuerySet

from config.common.models import User
from feedback.models import Agent, Department, Membership
from feedback.org import rules

SEE_ALL = "feedback.see_all_departments"
T = TypeVar("T")


def department_names() -> dict[str, str]:
    """The names of all departments by their codes, in the language of the moment."""
    return {one.code: str(one) for one in Department.objects.all()}


def departments_of(user: User) -> QuerySet[Department]:
    """The departments whose cases this person may see.

    Those the person belongs to, all below one that the person leads, and every one with the permission
    to see all departments.
    """
    if user.is_active and user.has_perm(SEE_ALL):
        return Department.objects.all()
    return Department.objects.filter(pk__in=department_ids(user))


def department_ids(user: User) -> set[int]:
    """The primary keys of the same departments, which screens need many times: in one query for most."""
    return set(_once(user, "departments", lambda: _department_ids(user)))


KNOWN = "_known_place"


def remember(user: User) -> None:
    """From now on look up this person's place once: for one request, in which it does not change."""
    vars(user).setdefault(KNOWN, {})


def _department_ids(user: User) -> set[int]:
    if not user.is_active:
        return set()
    if user.has_perm(SEE_ALL):
        return set(_parents(user))
    mine = _memberships(user)
    led = [department for department, is_lead, _is_active in mine if is_lead]
    below = rules.with_below(_parents(user), led) if led else set()
    return {department for department, _is_lead, _is_active in mine} | below


def _memberships(user: User) -> list[tuple[int, bool, bool]]:
    """The departments that a person belongs to, whether as a lead, and whether the agent is active."""
    rows = Membership.objects.filter(agent__user=user)
    return _once(
        user, "memberships", lambda: list(rows.values_list("department", "is_lead", "agent__is_active"))
    )


def _parents(user: User) -> dict[int, int | None]:
    return _once(user, "parents", parents)


def _once(user: User, name: str, look: Callable[[], T]) -> T:
    """What is remembered of a person's place, else looked up."""
    known: dict[str, Any] | None = vars(user).get(KNOWN)
    if known is None:
        return look()
    if name not in known:
        known[name] = look()
    return cast("T", known[name])


def agent_of(user: User) -> Agent | None:
    """The agent that this person is, if any."""
    return _once(user, "agent", lambda: _agent_of(user))


def _agent_of(user: User) -> Agent | None:
    agent = Agent.objects.filter(user=user).first()
    if agent is not None:
        agent.user = user
    return agent


def colleagues(department: Department) -> QuerySet[Agent]:
    """The active agents of a department."""
    return (
        Agent.objects.filter(memberships__department=department, is_active=True, user__is_active=True)
        .select_related("user")
        .order_by("user__name", "pk")
    )


def leads_of(department: Department) -> QuerySet[Agent]:
    """The active agents who lead a department."""
    return colleagues(department).filter(memberships__department=department, memberships__is_lead=True)


def departments_led(user: User) -> set[int]:
    """The departments that this person leads, and all below them; for superusers every one."""
    if user.is_superuser:
        return set(_parents(user))
    if not user.is_active:
        return set()
    led = [department for department, is_lead, is_active in _memberships(user) if is_lead and is_active]
    return rules.with_below(_parents(user), led) if led else set()


def leads(user: User, department_id: int) -> bool:
    """Whether this person leads the department or one above it, or administers everything."""
    if user.is_superuser:
        return user.is_active
    led = set(
        Membership.objects.filter(
            agent__user=user, agent__is_active=True, agent__user__is_active=True, is_lead=True
        ).values_list("department", flat=True)
    )
    return bool(led) and bool(led & {department_id, *rules.above(parents(), department_id)})


def may_work_in(agent: Agent, department_id: int) -> bool:
    """Whether a case of the department can be this agent's: a member of it, or a lead of one above."""
    if not (agent.is_active and agent.user.is_active):
        return False
    mine = dict(agent.memberships.values_list("department_id", "is_lead"))
    return department_id in mine or any(mine.get(one) for one in rules.above(parents(), department_id))


def taker_of_new_cases() -> Department:
    """The department that takes the cases that name none.

    Raises:
        Department.DoesNotExist: nobody said which, and there is no department at all.
    """
    found = Department.objects.filter(is_active=True).order_by("-takes_new", "pk").first()
    if found is None:
        raise Department.DoesNotExist("There is no department to take cases: run seed_defaults.")
    return found


def parents() -> dict[int, int | None]:
    """The department above each department."""
    return dict(Department.objects.values_list("pk", "parent_id"))
