"""Departments that give cases to agents, agents at their desks, and cases that wait, for tests."""

from datetime import timedelta

from feedback.models import Leave, Presence, Shift, Skill
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory
from tests.factories.sop import START

HOUR = timedelta(hours=1)


def make_department(strategy="round_robin", **fields):
    return DepartmentFactory(strategy=strategy, **fields)


def make_skill(code):
    return Skill.objects.get_or_create(code=code, defaults={"name": code})[0]


def make_online(*departments, skills=(), state="online", at=START, seen=None, **fields):
    """An agent of the departments who sits at their desk since `at`."""
    agent = AgentFactory(departments=departments, user__role="", **fields)
    agent.skills.set(make_skill(code) for code in skills)
    Presence.objects.create(agent=agent, state=state, since=at, seen_at=seen or at)
    return agent


def make_waiting(department, *, number=1, **fields):
    """Cases that wait for an agent."""
    return [
        CaseFactory(department=department, opened_at=START, queued_at=START, **fields) for _ in range(number)
    ]


def make_shift(agent, start, end):
    return Shift.objects.create(agent=agent, starts_at=start, ends_at=end)


def make_leave(agent, start, end):
    return Leave.objects.create(agent=agent, starts_at=start, ends_at=end)
