"""Who works where, and whose cases they may see."""

from typing import Any, cast

from django.db.models import QuerySet

from config.common.models import User
from feedback.models import Agent, Department, Membership
from feedback.org import rules

SEE_ALL = "feedback.see_all_departments"


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
    known: dict[str, Any] | None = vars(user).get(KNOWN)
    if known is None:
        return _department_ids(user)
    if "departments" not in known:
        known["departments"] = _department_ids(user)
    return set(known["departments"])


KNOWN = "_known_place"


def remember(user: User) -> None:
    """From now on look up this person's place once: for one request, in which it does not change."""
    vars(user).setdefault(KNOWN, {})


def _department_ids(user: User) -> set[int]:
    if not user.is_active:
        return set()
    if user.has_perm(SEE_ALL):
        return set(Department.objects.values_list("pk", flat=True))
    mine = dict(Membership.objects.filter(agent__user=user).values_list("department_id", "is_lead"))
    led = [department for department, is_lead in mine.items() if is_lead]
    return {*mine, *rules.with_below(parents(), led)} if led else set(mine)


def agent_of(user: User) -> Agent | None:
    """The agent that this person is, if any."""
    known = vars(user).get(KNOWN)
    if known is not None and "agent" in known:
        return cast("Agent | None", known["agent"])
    agent = Agent.objects.filter(user=user).first()
    if agent is not None:
        agent.user = user
    if known is not None:
        known["agent"] = agent
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
        return set(Department.objects.values_list("pk", flat=True))
    led = Membership.objects.filter(
        agent__user=user, agent__is_active=True, agent__user__is_active=True, is_lead=True
    ).values_list("department", flat=True)
    return rules.with_below(parents(), led)


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
