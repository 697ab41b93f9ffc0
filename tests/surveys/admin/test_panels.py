import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.common.models import User
from surveys.invitations.commands import invite_closed_cases
from surveys.models import Response
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


@time_machine.travel(NOW)
def test_the_answer_is_seen_beside_the_case_and_on_its_timeline(look):
    case = CaseFactory(closed=True, department=look.department)
    invitation = invited(case)
    assert "尚未作答" in look(case)
    follow_up = answer(token=token_of(invitation), answers=answers(1, 4, "<b>太慢</b>"), at=NOW).follow_up
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
    assert "survey" not in look(case).split("<main")[1]


def test_the_members_last_answer_stands_in_every_case_of_theirs(look):
    first = CaseFactory(closed=True, department=look.department)
    now = CaseFactory(member=first.member, department=look.department)
    assert "上次评价" not in look(now)
    invitation = invited(first)
    answer(token=token_of(invitation), answers=answers(2, 4, "<b>太慢</b>"), at=NOW)
    page = look(now)
    assert "上次评价" in page
    assert "满意度 2 / 5" in page
    assert "&lt;b&gt;太慢" in page
    assert reverse("admin:case", args=[first.pk]) in page
    assert "上次评价" not in look(CaseFactory(department=look.department))


def test_of_an_answer_about_another_departments_case_only_the_score_is_told(look):
    theirs = CaseFactory(closed=True)
    invitation = invited(theirs)
    answer(token=token_of(invitation), answers=answers(2, 4, "太慢"), at=NOW)
    page = look(CaseFactory(member=theirs.member, department=look.department))
    assert "满意度 2 / 5" in page
    assert "太慢" not in page
    assert reverse("admin:case", args=[theirs.pk]) not in page


def test_a_follow_up_takes_as_many_queries_for_three_answers_as_for_one(look, django_assert_num_queries):
    first = CaseFactory(closed=True, department=look.department)
    follow_up = answer(token=token_of(invited(first)), answers=answers(1, 4, "太慢"), at=NOW).follow_up
    look(follow_up)
    with CaptureQueriesContext(connection) as one:
        look(follow_up)
    others = [CaseFactory(closed=True, member=first.member, department=look.department) for _ in range(2)]
    for case in others:
        again = answer(token=token_of(invited(case)), answers=answers(1, 4, "又慢"), at=NOW)
        Response.objects.filter(pk=again.pk).update(follow_up=follow_up)
    with django_assert_num_queries(len(one)):
        page = look(follow_up)
    assert all(case.number in page for case in (first, *others))
