"""What the board waits for."""

import pytest
from django.utils import timezone

from config.common.events import record
from feedback.cases import commands
from feedback.shifts.commands import set_presence
from feedback.supervision import news
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory
from tests.feedback.admin.conftest import open_case

pytestmark = [pytest.mark.django_db, pytest.mark.req("F8")]


@pytest.fixture
def ours():
    return DepartmentFactory()


@pytest.fixture
def lead(ours):
    return AgentFactory(user=StaffFactory(role="supervisor"), leads=[ours])


def test_a_case_of_ours_is_news_once(ours, lead):
    before = news.newest()
    open_case(ours)
    assert news.is_news(lead.user, since=before)
    assert not news.is_news(lead.user, since=news.newest())


def test_a_clock_is_news_by_its_case(ours, lead):
    case = open_case(ours)
    before = news.newest()
    record("handoff.asked", lead, actor=None, at=timezone.now())  # about an agent
    assert news.is_news(lead.user, since=before)
    before = news.newest()
    record("clock.warned", MemberFactory(), actor=None, at=timezone.now(), case=case.pk)  # about nobody here
    assert not news.is_news(lead.user, since=before)
    commands.claim(case_id=case.pk, actor=lead.user, at=timezone.now())
    assert news.is_news(lead.user, since=before)


def test_a_case_of_others_is_none(lead):
    before = news.newest()
    open_case(DepartmentFactory())
    assert not news.is_news(lead.user, since=before)
    assert news.is_news(StaffFactory(role="administrator"), since=before)


def test_who_comes_to_the_desk_is_news(ours, lead):
    before = news.newest()
    set_presence(agent=AgentFactory(departments=[ours]), state="online", at=timezone.now())
    assert news.is_news(lead.user, since=before)


def test_so_much_at_once_concerns_everybody(lead, monkeypatch):
    before = news.newest()
    monkeypatch.setattr(news, "MOST", 1)
    open_case(DepartmentFactory())
    assert news.is_news(lead.user, since=before)


def test_looking_costs_the_same_for_any_number(ours, lead, django_assert_num_queries):
    before = news.newest()
    cases = [open_case(ours)]
    user = lead.user
    assert news.is_news(user, since=before)
    for number in (1, 3):
        cases += [open_case(ours) for _ in range(number)]
        with django_assert_num_queries(4):  # events, memberships, tree, cases
            assert news.is_news(user, since=before)
