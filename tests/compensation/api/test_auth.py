"""Signing in and out through the API."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from compensation.members import rules
from compensation.models import Member, MemberSession
from config.common.models import OutboxMessage
from tests.factories.compensation import MemberFactory
from tests.factories.session import client_of

pytestmark = pytest.mark.django_db
PHONE = "13800000001"


@pytest.fixture
def member() -> Member:
    return MemberFactory(phone=PHONE)


@pytest.fixture
def client() -> APIClient:
    return APIClient()


@pytest.mark.req("P2")
def test_a_code_leads_to_a_token_and_the_token_to_the_member(client: APIClient, member: Member) -> None:
    sent = client.post("/api/v1/auth/code/", {"contact": PHONE})
    assert sent.status_code == 202
    code = OutboxMessage.objects.get(kind="code").payload["code"]
    opened = client.post("/api/v1/auth/token/", {"contact": PHONE, "code": code})
    assert opened.status_code == 201
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {opened.data['token']}")
    me = client.get("/api/v1/me/")
    assert me.data["external_id"] == member.external_id
    assert me.data["phone"] == "138****0001"
    assert client.post("/api/v1/auth/sign-out/").status_code == 204
    assert client.get("/api/v1/me/").status_code == 401


def test_known_and_unknown_contacts_get_the_same_answer(client: APIClient, member: Member) -> None:
    known = client.post("/api/v1/auth/code/", {"contact": PHONE})
    unknown = client.post("/api/v1/auth/code/", {"contact": "13899999999"})
    assert known.status_code == unknown.status_code == 202
    assert set(known.data) == set(unknown.data)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"contact": ""},
        {"contact": "x"},
        {"contact": "1\x002345"},
        {"contact": ["a"]},
        {"contact": "\ud800@b.c"},
    ],
)
def test_a_contact_that_is_none_is_refused(client: APIClient, content: dict) -> None:
    answer = client.post("/api/v1/auth/code/", json.dumps(content), content_type="application/json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_asking_again_at_once_is_refused_with_the_time_to_wait(client: APIClient, member: Member) -> None:
    client.post("/api/v1/auth/code/", {"contact": PHONE})
    again = client.post("/api/v1/auth/code/", {"contact": PHONE})
    assert again.status_code == 429
    assert 0 < int(again["Retry-After"]) <= 60


def test_a_wrong_code_is_refused(client: APIClient, member: Member) -> None:
    client.post("/api/v1/auth/code/", {"contact": PHONE})
    answer = client.post("/api/v1/auth/token/", {"contact": PHONE, "code": "12345"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "code_refused"
    assert not MemberSession.objects.exists()


def test_a_bad_ticket_of_the_shop_is_refused(client: APIClient) -> None:
    answer = client.post("/api/v1/auth/shop/", {"token": "a.b.c"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "token_refused"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic x", "Bearer \x00", "bearer é"])
def test_without_a_valid_token_nothing_is_told(client: APIClient, header: str) -> None:
    client.credentials(HTTP_AUTHORIZATION=header)
    answer = client.get("/api/v1/me/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_session_that_has_run_out_is_refused(member: Member) -> None:
    client = client_of(member)
    assert client.get("/api/v1/me/").status_code == 200
    MemberSession.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get("/api/v1/me/").status_code == 401


def test_staff_are_not_members(client: APIClient, admin_user: object) -> None:
    client.force_login(admin_user)
    assert client.get("/api/v1/me/").status_code == 401


def test_the_address_limits_guesses(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "GUESSES_AN_ADDRESS", 1)
    first = client.post("/api/v1/auth/token/", {"contact": PHONE, "code": "123456"})
    second = client.post("/api/v1/auth/token/", {"contact": PHONE, "code": "123456"})
    assert (first.status_code, second.status_code) == (400, 429)
