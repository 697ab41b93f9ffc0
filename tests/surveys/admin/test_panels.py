import pytest
from django.urls import reverse

from config.common.models import User
from surveys.invitations.commands import invite_closed_cases
from surveys.responses.commands import answer
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory
from tests.factories.surveys import NOW, after_case, answers, invited, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("S2"), pytest.mark.req("S6")]


@pytest.fixture
def look(client):
    department = DepartmentFactory()
    agent = AgentFactory(departments=[department]).user
    client.force_login(User.objects.get(pk=agent.pk))

    def page(case, **query):
        return client.get(reverse("admin:case", args=[case.pk]), query).content.decode()

    page.department = department
    return page


def test_the_answer_is_seen_beside_the_case_and_on_its_timeline(look):
    case = CaseFactory(closed=True, department=look.department)
    invitation = invited(case)
    assert "尚未作答" in look(case)
    follow_up = answer(
        token=token_of(invitation), answers=answers(invitation, 1, 4, "<b>太慢</b>"), at=NOW
    ).follow_up
    page = look(case)
    assert "1 / 5" in page
    assert "&lt;b&gt;太慢" in page
    assert "<b>太慢" not in page
    assert follow_up.number in page
    assert "提交了评价" in look(case, tab="timeline")
    assert f"源自工单 {case.number} 的评价" in look(follow_up)


def test_a_case_that_nobody_was_asked_about_has_no_card(look):
    after_case()
    case = CaseFactory(department=look.department)
    assert invite_closed_cases(at=NOW) == 0
    assert "survey" not in look(case)
