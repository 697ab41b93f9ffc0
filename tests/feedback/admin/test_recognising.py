"""On the case's page an agent says who a stranger is."""

import pytest
from django.urls import reverse

from compensation.members.commands import guest
from feedback.cases import commands
from feedback.models import CaseKind, Channel
from tests.factories.compensation import T0, MemberFactory, TierFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.django_db, pytest.mark.req("F1")]


@pytest.fixture
def agent():
    make_policy()
    return AgentFactory(departments=[DepartmentFactory()])


@pytest.fixture
def case(agent):
    TierFactory()
    stranger = guest(phone="13900001111", at=T0)
    return commands.open_case(
        member=stranger, kind=CaseKind.ENQUIRY, channel=Channel.PHONE, subject="来电", body="你好",
        department=agent.departments.get(), actor=stranger, at=T0,
    )  # fmt: skip


@pytest.fixture
def browser(client, agent):
    client.force_login(agent.user, "django.contrib.auth.backends.ModelBackend")
    return client


def say(browser, case, who):
    return browser.post(reverse("admin:case_act", args=[case.pk, "recognise"]), {"member": who}, follow=True)


def test_by_whatever_the_member_is_known_by(browser, case):
    member = MemberFactory(phone="13812345678")
    page = browser.get(reverse("admin:case", args=[case.pk])).content.decode()
    assert 'id="do-recognise"' in page
    say(browser, case, "138 1234 5678")
    case.refresh_from_db()
    assert case.member == member
    assert 'id="do-recognise"' not in browser.get(reverse("admin:case", args=[case.pk])).content.decode()


@pytest.mark.parametrize("who", ["", "nobody", "小", "<script>alert(1)</script>", "\0", "x" * 5000])
def test_nobody_or_more_than_one_changes_nothing(browser, case, who):
    for name in ("小王", "小李"):
        MemberFactory(name=name)
    shown = say(browser, case, who).content.decode()
    assert "<script>alert(1)" not in shown
    before = case.member_id
    case.refresh_from_db()
    assert case.member_id == before


def test_not_in_another_departments_case(client, case):
    other = AgentFactory(departments=[DepartmentFactory()])
    client.force_login(other.user, "django.contrib.auth.backends.ModelBackend")
    assert say(client, case, MemberFactory().external_id).status_code == 404
