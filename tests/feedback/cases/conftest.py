import pytest

from feedback.cases import commands
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory


@pytest.fixture
def service(db):
    return DepartmentFactory(code="service", name="客服部", name_en="Customer service", takes_new=True)


@pytest.fixture
def logistics(db):
    return DepartmentFactory(code="logistics", name="物流部", name_en="Logistics")


@pytest.fixture
def member(db):
    return MemberFactory(language="zh-hans")


@pytest.fixture
def agent(service):
    return AgentFactory(departments=[service], user__name="小李")


@pytest.fixture
def case(service, member):
    """A complaint that has just come in."""
    return commands.open_case(
        member=member,
        kind="complaint",
        channel="portal",
        subject="包裹破损",
        body="杯子碎了",
        actor=member,
        at=T0,
    )
