"""An agent at work: a department with a policy, a case that a member opened, and staff of every kind."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from config.common.models import User
from feedback.cases import commands
from feedback.models import Agent, Case, CaseKind, Channel, Department
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory
from tests.factories.sop import make_policy


@dataclass
class Work:
    ours: Department
    theirs: Department
    agent: Agent
    mate: Agent
    stranger: Agent
    case: Case


@pytest.fixture
def work(db) -> Work:
    make_policy()
    ours, theirs = DepartmentFactory(name="客服部"), DepartmentFactory(name="物流部")
    agent, mate = AgentFactory(departments=[ours]), AgentFactory(departments=[ours])
    stranger = AgentFactory(departments=[theirs])
    return Work(ours, theirs, agent, mate, stranger, open_case(ours))


def open_case(department, **options) -> Case:
    """A case that a member opened ten minutes ago."""
    member = options.pop("member", None) or MemberFactory()
    options = {
        "kind": CaseKind.COMPLAINT,
        "channel": Channel.PORTAL,
        "subject": "包裹破损",
        "body": "箱子破了。",
        "at": timezone.now() - timedelta(minutes=10),
        **options,
    }
    return commands.open_case(member=member, department=department, actor=member, **options)


def client_for(user: User | Agent | None, language="zh-hans") -> Client:
    """A browser in which this person is signed in."""
    client = Client(headers={"Accept-Language": language})
    if user is not None:
        user = user.user if isinstance(user, Agent) else user
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def browser(work) -> Client:
    return client_for(work.agent)


def staff(role: str) -> User:
    return StaffFactory(role=role)
