"""A member's surveys through the API."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from compensation.models import Member
from surveys.models import Answer, Invitation, Response
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import CaseFactory, DepartmentFactory
from tests.factories.session import browser_of, client_of
from tests.factories.surveys import NOW, answers, invited

pytestmark = [pytest.mark.django_db, pytest.mark.req("S2")]
LIST = "/api/v1/invitations/"


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def member() -> Member:
    DepartmentFactory(takes_new=True)
    return MemberFactory(language="en")


@pytest.fixture
def client(member: Member) -> APIClient:
    return client_of(member)


def ask(member: Member) -> Invitation:
    return invited(CaseFactory(closed=True, member=member))


def body(**given: object) -> dict:
    return {"answers": [{"question": code, "value": value} for code, value in answers(**given).items()]}


def test_what_i_am_asked_is_answered_once(client: APIClient, member: Member) -> None:
    invitation = ask(member)
    [listed] = client.get(LIST, {"open": "true"}).data["results"]
    assert listed["answered_at"] is None
    shown = client.get(f"{LIST}{invitation.pk}/").data
    assert [question["kind"] for question in shown["questions"]] == ["csat", "ces", "text"]
    path = f"{LIST}{invitation.pk}/answers/"
    done = client.post(path, body(text="Thanks"), format="json")
    assert (done.status_code, bool(done.data["answered_at"])) == (201, True)
    assert Answer.objects.count() == 3
    assert client.post(path, body(), format="json").status_code == 409
    assert client.get(LIST, {"open": "true"}).data["results"] == []
    assert len(client.get(LIST, {"open": "false"}).data["results"]) == 1


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"answers": []},
        {"answers": "x"},
        {"answers": [{"question": "csat", "value": 9}]},
        {"answers": [{"question": "csat", "value": {"a": [1]}}]},
        {"answers": [{"question": "x" * 500, "value": 5}]},
        {"answers": [{"question": "other", "value": 5}]},
        {"answers": [{"question": 10**20, "value": 5}]},
        {"answers": [{"value": 5}]},
    ],
    ids=str,
)
def test_what_is_no_answer_is_refused(client: APIClient, member: Member, content: dict) -> None:
    path = f"{LIST}{ask(member).pk}/answers/"
    assert client.post(path, content, format="json").status_code == 400
    assert not Response.objects.exists()


def test_a_survey_of_somebody_else_is_not_found(client: APIClient) -> None:
    other = ask(MemberFactory())
    assert client.get(LIST).data["results"] == []
    assert client.get(f"{LIST}{other.pk}/").status_code == 404
    assert client.post(f"{LIST}{other.pk}/answers/", body(), format="json").status_code == 404
    assert client.get(f"{LIST}99999999999999999999/").status_code == 404
    assert not Response.objects.exists()


def test_without_a_token_surveys_are_closed() -> None:
    assert APIClient().get(LIST).status_code == 401
    assert APIClient().post(f"{LIST}1/answers/").status_code == 401


def test_three_rows_take_as_many_queries_as_one(client: APIClient, member: Member) -> None:
    ask(member)
    with CaptureQueriesContext(connection) as one:
        assert len(client.get(LIST).data["results"]) == 1
    ask(member)
    ask(member)
    with CaptureQueriesContext(connection) as three:
        assert len(client.get(LIST).data["results"]) == 3
    assert len(three) == len(one)


def test_the_portal_says_what_i_am_asked_until_i_have_answered(client: APIClient, member: Member) -> None:
    invitation = ask(member)
    browser = browser_of(member)
    assert "How did we do?" in browser.get("/portal/").content.decode()
    client.post(f"{LIST}{invitation.pk}/answers/", body(), format="json")
    assert "How did we do?" not in browser.get("/portal/").content.decode()
