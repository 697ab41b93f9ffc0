import pytest

from feedback.models import Mailbox
from tests.factories.compensation import TierFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory


@pytest.fixture
def service(db):
    TierFactory()
    return DepartmentFactory(code="service", name="客服部", name_en="Customer service", takes_new=True)


@pytest.fixture
def mailbox(service):
    return Mailbox.objects.create(name="回音客服", name_en="Huiyin care", address="care@shop.example")


@pytest.fixture
def agent(service):
    return AgentFactory(departments=[service], user__name="小李")
