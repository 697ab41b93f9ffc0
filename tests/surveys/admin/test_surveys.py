import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.common.models import User
from surveys.admin import results
from surveys.models import Campaign, Question, Response
from surveys.responses.commands import answer
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.surveys import NOW, after_case, answers, invited, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("S2")]

RESPONSES = "/admin/surveys/response/"


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(results.timezone, "now", lambda: NOW.replace(hour=10))


def answered(department=None, csat=5, text=""):
    case = CaseFactory(closed=True, **({"department": department} if department else {}))
    invitation = invited(case)
    return answer(token=token_of(invitation), answers=answers(invitation, csat, 4, text), at=NOW)


def supervisor(client, department):
    user = AgentFactory(user=StaffFactory(role="supervisor"), leads=[department]).user
    client.force_login(User.objects.get(pk=user.pk))


def test_responses_are_those_of_ones_own_departments(client):
    department = DepartmentFactory()
    mine, other = answered(department, text="我们部门"), answered(text="别的部门")
    supervisor(client, department)
    text = client.get(RESPONSES).content.decode()
    assert "我们部门" in text
    assert "别的部门" not in text
    assert client.get(f"{RESPONSES}{mine.pk}/change/").status_code == 200
    assert client.get(f"{RESPONSES}{other.pk}/change/").status_code == 302
    searched = client.get(RESPONSES, {"q": other.invitation.member.external_id})
    assert "别的部门" not in searched.content.decode()


def test_responses_are_filtered_and_escaped(admin_client):
    answered(csat=5, text="<script>alert(1)</script>")
    bad = answered(csat=1, text="太慢了")
    text = admin_client.get(RESPONSES).content.decode()
    assert "<script>alert(1)" not in text
    unhappy = admin_client.get(RESPONSES, {"unhappy": "1"}).content.decode()
    assert "太慢了" in unhappy
    assert "alert(1)" not in unhappy
    campaign = bad.invitation.campaign_id
    assert "太慢了" in admin_client.get(RESPONSES, {"campaign": campaign}).content.decode()
    assert "太慢了" not in admin_client.get(RESPONSES, {"campaign": "0"}).content.decode()
    for wrong in ("x", "9" * 30):
        assert admin_client.get(RESPONSES, {"campaign": wrong}).status_code == 200
    detail = admin_client.get(f"{RESPONSES}{bad.pk}/change/").content.decode()
    assert "您对这次问题的处理结果满意吗？" in detail


def test_responses_cannot_be_edited_or_made(admin_client):
    response = answered()
    assert admin_client.get(f"{RESPONSES}add/").status_code == 403
    assert admin_client.post(f"{RESPONSES}{response.pk}/change/", {}).status_code == 403
    assert admin_client.post(f"{RESPONSES}{response.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Response.objects.count() == 1


def test_the_list_takes_a_constant_number_of_queries(admin_client):
    counts = []
    for rows in (1, 2):
        for _ in range(rows):
            answered(csat=1)
        with CaptureQueriesContext(connection) as made:
            admin_client.get(RESPONSES)
        counts.append(len(made))
    assert counts[0] == counts[1]


@pytest.mark.req("S5")
def test_results_show_figures_with_n_and_interval(client):
    department = DepartmentFactory()
    for csat in (5, 5, 1):
        answered(department, csat)
    answered(csat=1)
    supervisor(client, department)
    url = reverse("admin:survey_results", args=[after_case().pk])
    text = client.get(url).content.decode()
    assert "66.7" in text
    assert "n = 3" in text
    assert client.get(url, {"days": "90"}).status_code == 200
    assert client.get(url, {"days": "x"}).status_code == 200
    assert client.get(reverse("admin:survey_results", args=[0])).status_code == 404


def test_results_are_for_those_who_may_see_responses(client):
    department = DepartmentFactory()
    agent = AgentFactory(departments=[department]).user
    client.force_login(agent)
    assert client.get(reverse("admin:survey_results", args=[after_case().pk])).status_code == 403
    assert client.get(RESPONSES).status_code == 403


def test_results_of_nobody_are_no_zero(admin_client):
    text = admin_client.get(reverse("admin:survey_results", args=[after_case().pk])).content.decode()
    assert "尚无人作答" in text


def posted(campaign, *rows, **fields):
    """What the page of a campaign posts, each row a question with its changes."""
    data = {
        "name": campaign.name,
        "name_en": campaign.name_en,
        "trigger": campaign.trigger,
        "is_active": "on",
        "within_days": "7",
        "valid_days": "14",
        "bad_score": "2",
        "follow_up_priority": "3",
        "questions-TOTAL_FORMS": str(len(rows)),
        "questions-INITIAL_FORMS": str(sum(bool(question.pk) for question, _changes in rows)),
        "questions-MIN_NUM_FORMS": "0",
        "questions-MAX_NUM_FORMS": "1000",
    }
    for number, (question, changes) in enumerate(rows):
        values = {
            "id": question.pk or "",
            "campaign": campaign.pk,
            "position": question.position,
            "kind": question.kind,
            "text": question.text,
            "text_en": question.text_en,
            **({"is_required": "on"} if question.is_required else {}),
            **changes,
        }
        data |= {f"questions-{number}-{name}": value for name, value in values.items()}
    return data | fields


def change(client, campaign, *rows, **fields):
    url = reverse("admin:surveys_campaign_change", args=[campaign.pk])
    return client.post(url, posted(campaign, *rows, **fields))


@pytest.mark.req("S3")
def test_questions_are_edited_so_that_answers_keep_their_meaning(admin_client):
    response = answered()
    campaign = response.invitation.campaign
    one, two, three = campaign.questions.all()
    done = change(
        admin_client,
        campaign,
        (one, {"text": "新问题？"}),
        (two, {"position": 3}),
        (three, {"position": 2}),
        (Question(position=4, kind="text", text="还有吗？"), {}),
    )
    assert done.status_code == 302, done.context["errors"]
    live = list(campaign.questions.filter(retired_at=None).values_list("position", "text"))
    assert live == [(1, "新问题？"), (2, three.text), (3, two.text), (4, "还有吗？")]
    assert response.answers.get(score=5).question.text == one.text
    shown = admin_client.get(reverse("admin:surveys_campaign_change", args=[campaign.pk])).content.decode()
    assert one.text not in shown


def test_a_removed_question_keeps_its_answers(admin_client):
    response = answered()
    campaign = response.invitation.campaign
    one, two, three = campaign.questions.all()
    change(admin_client, campaign, (one, {"DELETE": "on"}), (two, {}), (three, {}))
    assert campaign.questions.filter(retired_at=None).count() == 2
    assert response.answers.count() == 2


@pytest.mark.parametrize(
    ("fields", "changes"),
    [
        ({"valid_days": "0"}, {}),
        ({"within_days": "0"}, {}),
        ({"bad_score": "5"}, {}),
        ({"name": ""}, {}),
        ({}, {"position": 2}),
        ({}, {"position": 101}),
        ({}, {"text": ""}),
        ({}, {"text": "x" * 201}),
        ({}, {"kind": "nps"}),
    ],
)
def test_what_makes_no_sense_is_refused(admin_client, fields, changes):
    campaign = after_case()
    one, two, three = campaign.questions.all()
    assert change(admin_client, campaign, (one, changes), (two, {}), (three, {}), **fields).status_code == 200
    campaign.refresh_from_db()
    assert (campaign.bad_score, campaign.questions.first().text) == (2, one.text)


def test_a_campaign_that_has_asked_is_not_deleted(admin_client):
    campaign = after_case()
    url = reverse("admin:surveys_campaign_delete", args=[campaign.pk])
    invited()
    assert admin_client.post(url, {"post": "yes"}).status_code == 403
    assert Campaign.objects.exists()
