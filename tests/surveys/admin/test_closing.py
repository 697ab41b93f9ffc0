"""What members said of one's own cases, and answers as a case shows them."""

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.common.models import User
from feedback.models import Case
from surveys.admin import closing
from surveys.models import AnswerFile, QuestionKind
from surveys.responses.commands import answer
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.questionnaires import invitation, launched, one
from tests.factories.surveys import NOW, answers, invited, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("S2"), pytest.mark.req("S6")]
PAGE = "/admin/my-answers/"


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(closing.timezone, "now", lambda: NOW.replace(hour=10))


@pytest.fixture
def house():
    department = DepartmentFactory(takes_new=True)
    agent = AgentFactory(user=StaffFactory(role="agent"), departments=[department])
    lead = AgentFactory(user=StaffFactory(role="team_lead"), leads=[department])
    return department, agent, lead


def said(department, agent, csat=5, text=""):
    case = CaseFactory(closed=True, department=department, agent=agent)
    return answer(token=token_of(invited(case)), answers=answers(csat, 5, text), at=NOW)


def look(client, agent, **query):
    client.force_login(User.objects.get(pk=agent.user_id))
    return client.get(PAGE, query)


def rows(response):
    return [one.response.pk for one in response.context["rows"]]


def test_agents_see_their_own_and_leads_their_departments(client, house):
    department, agent, lead = house
    mine = said(department, agent, 1, "<i>太慢</i>")
    theirs = said(department, AgentFactory(departments=[department]))
    other = said(DepartmentFactory(), None)
    page = look(client, agent)
    assert rows(page) == [mine.pk]
    text = page.content.decode()
    assert "&lt;i&gt;太慢" in text
    assert "<i>太慢" not in text
    assert reverse("admin:case", args=[mine.follow_up_id]) in text
    assert set(rows(look(client, lead))) == {mine.pk, theirs.pk}
    assert other.pk not in rows(look(client, lead))


def test_new_ones_are_marked_until_they_were_seen(client, house):
    department, agent, _lead = house
    said(department, agent)
    assert [one.is_new for one in look(client, agent).context["rows"]] == [True]
    assert [one.is_new for one in look(client, agent).context["rows"]] == [False]


def test_the_time_is_chosen_and_nothing_else(client, house, monkeypatch):
    department, agent, _lead = house
    said(department, agent)
    monkeypatch.setattr(closing.timezone, "now", lambda: NOW.replace(day=NOW.day + 1))
    assert rows(look(client, agent)) == []
    assert len(rows(look(client, agent, **{"in": "week"}))) == 1
    assert look(client, agent, **{"in": "x"}).status_code == 404
    assert look(client, agent, after="x").status_code == 404


def test_of_a_case_that_went_elsewhere_the_score_is_told_and_no_word(client, house):
    department, agent, _lead = house
    response = said(department, agent, 1, "太慢")
    Case.objects.filter(pk=response.invitation.case_id).update(department=DepartmentFactory())
    text = look(client, agent).content.decode()
    assert "太慢" not in text
    assert "is-bad" in text


def test_the_list_takes_a_constant_number_of_queries(client, house):
    department, agent, _lead = house
    counts = []
    for more in (1, 2):
        for _n in range(more):
            said(department, agent, 1, "慢")
        look(client, agent)
        with CaptureQueriesContext(connection) as made:
            client.get(PAGE)
        counts.append(len(made))
    assert counts[0] == counts[1]


def test_whoever_works_on_no_cases_is_refused(client):
    client.force_login(StaffFactory(role="analyst"))
    assert client.get(PAGE).status_code == 403


def test_the_case_shows_scores_words_and_files_of_all_answers_that_led_there(client, house):
    department, agent, _lead = house
    member = MemberFactory()
    questions = [
        one(QuestionKind.NPS, "nps", bad_up_to=6),
        one(QuestionKind.TEXT, "words", is_required=False),
    ]
    campaign = launched(*questions)
    asked = invitation(campaign, member, at=NOW)
    first = answer(token=token_of(asked), answers={"nps": 3, "words": "<b>漏水</b>"}, at=NOW)
    kept = AnswerFile(
        answer=first.answers.last(), name="a.png", content_type="image/png", size=1, sha256="0" * 64
    )
    kept.file.save("a.png", ContentFile(b"x"))
    second = answer(
        token=token_of(invitation(launched(*questions), member, at=NOW)), answers={"nps": 0}, at=NOW
    )
    assert second.follow_up == first.follow_up
    client.force_login(User.objects.get(pk=agent.user_id))
    text = client.get(reverse("admin:case", args=[first.follow_up_id])).content.decode()
    assert "3 分（满分 10 分）" in text or "3 / 10" in text
    assert "&lt;b&gt;漏水" in text
    file = reverse("admin:survey_file", args=[kept.pk])
    assert file in text
    assert client.get(file).status_code == 200
    outsider = AgentFactory(user=StaffFactory(role="agent"), departments=[DepartmentFactory()])
    client.force_login(User.objects.get(pk=outsider.user_id))
    assert client.get(file).status_code == 404
    assert department.pk == first.follow_up.department_id


def test_api(client, house):
    department, agent, lead = house
    response = said(department, agent, 1)
    client.force_login(User.objects.get(pk=agent.user_id))
    found = client.get("/api/v1/staff/my-answers/").json()["results"]
    assert [(one["id"], one["is_bad"], one["scores"]) for one in found] == [
        (response.pk, True, {"csat": 1, "ces": 5})
    ]
    recovery = "/api/v1/staff/surveys/after-case/recovery/"
    assert client.get(recovery).status_code == 403
    client.force_login(StaffFactory(is_superuser=True))
    assert client.get(recovery).json() == {
        "bad": 1, "open": 1, "not_asked": 0, "waiting": 0, "silent": 0, "answered": 0, "recovered": 0,
        "value": None, "low": None, "high": None,
    }  # fmt: skip
    assert client.get("/api/v1/staff/surveys/none/recovery/").status_code == 404
    assert lead.pk
