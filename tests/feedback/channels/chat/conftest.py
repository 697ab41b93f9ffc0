import pytest

from feedback.channels.chat import commands
from feedback.models import ChatSetup
from tests.factories.compensation import T0, MemberFactory, TierFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory
from tests.factories.sop import make_policy


@pytest.fixture
def service(db):
    department = DepartmentFactory(code="service", name="客服部", name_en="Customer service", takes_new=True)
    seconds = {"first_reply": 0.5, "next_reply": 1, "resolution": 60}
    make_policy("chat", position=1, targets=seconds, channels=["chat"], calendar=department.calendar)
    make_policy("any", position=2, calendar=department.calendar)
    return department


@pytest.fixture
def member(db):
    return MemberFactory(name="李晓雨", language="zh-hans", tier=TierFactory(code="gold", name="金卡"))


@pytest.fixture
def agent(service):
    return AgentFactory(departments=[service], user__name="小李")


@pytest.fixture
def mate(service):
    return AgentFactory(departments=[service], user__name="小王")


@pytest.fixture
def setup(db):
    return ChatSetup.objects.create(pk=1, greeting="您好！", greeting_en="Hello!")


@pytest.fixture
def chat(service, member, setup):
    """A chat that waits for an agent."""
    return commands.start(member=member, body="我的包裹在哪里？", at=T0)
