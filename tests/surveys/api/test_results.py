from datetime import timedelta

import pytest
from django.urls import reverse

from config.common.models import User
from surveys.api import results
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, DepartmentFactory
from tests.factories.results import campaign, given

pytestmark = [pytest.mark.django_db, pytest.mark.req("S5")]
NAMES = ("results", "trend", "groups", "crosstab", "words", "responses")


def get(client, name, campaign, **query):
    return client.get(reverse(f"api:staff-survey-{name}", args=[campaign.code]), query)


@pytest.fixture
def asking(monkeypatch):
    monkeypatch.setattr(results.timezone, "now", lambda: T0 + timedelta(days=30))
    asking = campaign()
    given(asking, 2, csat=5, least="price", segments=["vip"], channel="app", words="包装很好，包装很好")
    given(asking, 2, csat=2, least="speed", segments=["new"], words="包装太差", parts={"box": 4})
    return asking


def test_programs_read_what_the_pages_tell(asking, admin_client):
    told = get(admin_client, "results", asking).json()
    assert (told["responses"], told["rate"]["share"]) == (4, 1)
    questions = {one["question"]: one for one in told["questions"]}
    assert questions["csat"]["measures"][0]["value"] == 0.5
    assert questions["parts"]["rows"][3] == {"key": "4", "text": "box", "n": 2, "share": 1}
    vip = get(admin_client, "results", asking, segment="vip").json()
    assert (vip["responses"], vip["rate"]["asked"]) == (2, 2)
    trend = get(admin_client, "trend", asking).json()
    assert trend[0]["points"][0]["measure"]["n"] == 4
    groups = get(admin_client, "groups", asking, by="segment").json()
    assert {one["value"]: one["measure"]["value"] for one in groups} == {"vip": 1, "new": 0}
    table = get(admin_client, "crosstab", asking, down="csat", across="least").json()
    assert table["rows"][4] == {"text": "5", "counts": [2, 0, 0]}
    assert get(admin_client, "crosstab", asking, down="csat", across="channel").json()["columns"]
    words = get(admin_client, "words", asking, month="2026-11").json()
    assert words[0]["word"] == "包装"
    assert words[0]["n"] == 4  # once an answer
    file = b"".join(get(admin_client, "responses", asking).streaming_content).decode()
    assert len(file.splitlines()) == 5


def test_others_get_what_is_theirs(asking, client):
    assert get(client, "results", asking).status_code == 403
    user = AgentFactory(departments=[DepartmentFactory()]).user
    client.force_login(User.objects.get(pk=user.pk))
    assert get(client, "results", asking).json()["responses"] == 0
    assert get(client, "responses", asking).status_code == 403


def test_anonymous_answers_are_guarded_here_too(admin_client, client):
    asking = campaign(is_anonymous=True)
    given(asking, 4)
    told = get(admin_client, "results", asking).json()
    assert told["responses"] is None
    assert all(bar["n"] is None for one in told["questions"] for bar in one["bars"])
    assert get(admin_client, "crosstab", asking, down="csat", across="nps").status_code == 404
    assert get(admin_client, "words", asking).json() == []


def test_what_there_is_not_is_not_found(admin_client):
    missing = campaign()
    missing.code = "none"
    for name in NAMES:
        assert get(admin_client, name, missing).status_code == 404
