from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.common.models import User
from surveys.admin import responses
from surveys.models import Campaign, Response
from surveys.responses.commands import answer
from surveys.results import answers as results
from surveys.results.answers import told_weeks
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.questionnaires import launched
from tests.factories.results import given, source
from tests.factories.surveys import NOW, after_case, answers, invited, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("S2")]

RESPONSES = "/admin/surveys/response/"


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(responses.timezone, "now", lambda: NOW.replace(hour=10))


def answered(department=None, csat=5, text=""):
    case = CaseFactory(closed=True, **({"department": department} if department else {}))
    invitation = invited(case)
    return answer(token=token_of(invitation), answers=answers(csat, 4, text), at=NOW)


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
    campaign = bad.wave.campaign_id
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


def test_anonymous_responses_stand_apart_and_tell_nothing(admin_client, monkeypatch):
    asking = launched(is_anonymous=True)
    found = given(asking, 6, csat=3)
    source(asking)
    assert str(found[0].pk) not in admin_client.get(RESPONSES, {"anonymous": "1"}).content.decode()
    monkeypatch.setattr(
        results, "told_weeks", lambda campaigns, _at: told_weeks(campaigns, T0 + timedelta(days=14))
    )
    listed = admin_client.get(RESPONSES, {"anonymous": "1"})
    assert str(found[0].pk) in listed.content.decode()
    assert not admin_client.get(RESPONSES).context["cl"].result_count
    detail = admin_client.get(f"{RESPONSES}{found[0].pk}/change/").content.decode()
    for told in (f"{found[0].week}", "sms", "短信"):
        assert told not in detail


def test_a_filter_by_what_is_known_names_no_anonymous_answer(admin_client):
    named, nobody = launched(), launched(is_anonymous=True)
    given(named, 1, segments=["vip"])
    given(nobody, 6)
    source(named)
    for query in ({"channel": "sms"}, {"segment": "vip"}, {"department": "x"}, {"agent": "9" * 30}):
        listed = admin_client.get(RESPONSES, query)
        assert listed.status_code == 200
        assert not any(one.is_anonymous for one in listed.context["cl"].result_list)
    assert admin_client.get(RESPONSES, {"segment": "vip"}).context["cl"].result_count == 1


def change(client, campaign, **fields):
    data = {
        "name": campaign.name,
        "name_en": campaign.name_en,
        "holdout": "0",
        "delay_hours": "0",
        "within_days": "7",
        "valid_days": "14",
        "rest_days": "0",
        "follow_up_priority": "3",
        **{f"{rows}-{kind}_FORMS": "0" for rows in ("strata", "wordings") for kind in ("TOTAL", "INITIAL")},
        **fields,
    }
    return client.post(reverse("admin:surveys_campaign_change", args=[campaign.pk]), data)


def test_a_campaign_is_changed_but_not_what_its_answers_rest_on(admin_client):
    campaign = after_case()
    done = change(admin_client, campaign, within_days="3", is_anonymous="on", occasion="delivered")
    assert done.status_code == 302, done.context["errors"]
    campaign.refresh_from_db()
    assert (campaign.within_days, campaign.is_anonymous, campaign.occasion) == (3, False, "case_closed")


@pytest.mark.parametrize(
    "fields",
    [
        {"valid_days": "0"},
        {"within_days": "0"},
        {"holdout": "51"},
        {"quota": "0"},
        {"remind_days": "1,2,3"},
        {"name": ""},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(admin_client, fields):
    campaign = after_case()
    assert change(admin_client, campaign, **fields).status_code == 200
    campaign.refresh_from_db()
    assert campaign.valid_days == 14


def test_a_campaign_that_has_asked_is_not_deleted(admin_client):
    campaign = after_case()
    url = reverse("admin:surveys_campaign_delete", args=[campaign.pk])
    invited()
    assert admin_client.post(url, {"post": "yes"}).status_code == 403
    assert Campaign.objects.exists()
