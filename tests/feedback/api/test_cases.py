"""Cases through the member API."""

import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from compensation.models import Member
from feedback.cases import commands
from feedback.models import Attachment, Case, Clock, Department, Message, Resolution
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, picture
from tests.factories.orders import OrderFactory
from tests.factories.session import client_of
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.django_db, pytest.mark.req("P2"), pytest.mark.req("F1")]
CASES = "/api/v1/cases/"


@pytest.fixture
def department() -> Department:
    department = DepartmentFactory(takes_new=True)
    make_policy(calendar=department.calendar)
    return department


@pytest.fixture
def member(department: Department) -> Member:
    return MemberFactory()


@pytest.fixture
def client(member: Member) -> APIClient:
    return client_of(member)


def open_case(member: Member, **fields: object) -> Case:
    given = {"kind": "complaint", "channel": "app", "subject": "碎了", "body": "杯子碎了。"} | fields
    return commands.open_case(member=member, **given, actor=member, at=timezone.now())


def answered(case: Case, department: Department, then: str = "open") -> Message:
    user = AgentFactory(departments=[department]).user
    return commands.reply(case_id=case.pk, body="我们来处理。", then=then, actor=user, at=timezone.now())


def test_a_complaint_with_a_photo_is_opened_and_followed(client: APIClient, member: Member) -> None:
    order = OrderFactory(member=member)
    opened = client.post(
        CASES,
        {
            "kind": "complaint",
            "body": "杯子碎了。",
            "order": order.pk,
            "files": [picture(), picture("二.png", kind="PNG")],
        },
    )
    assert opened.status_code == 201, opened.data
    case = Case.objects.get()
    assert (case.member, case.order, case.channel) == (member, order, "app")
    assert opened.data["subject"] == "杯子碎了。"
    [message] = opened.data["messages"]
    assert [file["content_type"] for file in message["attachments"]] == ["image/jpeg", "image/png"]
    shown = client.get(message["attachments"][0]["url"])
    assert shown.status_code == 200
    assert b"".join(shown.streaming_content)[:3] == b"\xff\xd8\xff"


@pytest.mark.req("F9")
def test_what_was_promised_is_told(client: APIClient, department: Department) -> None:
    case = client.post(CASES, {"kind": "complaint", "body": "碎了"}).data
    answer, solution = case["promises"]
    assert (answer["what"], answer["state"], solution["what"]) == ("answer", "running", "solution")
    assert answer["by"] < solution["by"]
    answered(Case.objects.get(), department)
    kept = [one for one in client.get(f"{CASES}{case['id']}/").data["promises"] if one["what"] == "answer"]
    assert [one["state"] for one in kept] == ["kept"]
    due = timezone.now() - timedelta(hours=1)
    Clock.objects.filter(milestone="resolution").update(due_at=due, next_fire_at=due)
    assert client.get(f"{CASES}{case['id']}/").data["promises"][0]["state"] == "late"


def test_the_same_key_opens_one_case(client: APIClient) -> None:
    content = {"kind": "complaint", "body": "碎了"}
    first = client.post(CASES, content, headers={"Idempotency-Key": "abcd-1234"})
    again = client.post(CASES, content, headers={"Idempotency-Key": "abcd-1234"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.data["id"] == again.data["id"]
    other = client.post(CASES, content | {"body": "丢了"}, headers={"Idempotency-Key": "abcd-1234"})
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert Case.objects.count() == 1


def test_two_members_may_use_the_same_key(client: APIClient, department: Department) -> None:
    for one in (client, client_of(MemberFactory())):
        one.post(CASES, {"kind": "complaint", "body": "碎了"}, headers={"Idempotency-Key": "abcd-1234"})
    assert Case.objects.count() == 2


@pytest.mark.parametrize("key", ["short", "x" * 201, "with a space", ""])
def test_a_key_of_the_wrong_shape_is_refused(client: APIClient, key: str) -> None:
    answer = client.post(CASES, {"kind": "complaint", "body": "碎了"}, headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"kind": "complaint"},
        {"kind": "complaint", "body": "   "},
        {"kind": "review", "body": "x"},
        {"kind": "complaint", "body": "x", "channel": "phone"},
        {"kind": "complaint", "body": "x" * 20_001},
        {"kind": "complaint", "body": "a\x00b"},
        {"kind": "complaint", "body": "\u200b", "subject": "\x01"},
        {"kind": "complaint", "body": "x", "order": "x"},
        {"kind": "complaint", "body": "x", "order": 10**20},
        {"kind": "complaint", "body": "x", "files": ["x"]},
    ],
)
def test_what_makes_no_case_is_refused(client: APIClient, content: dict) -> None:
    answer = client.post(CASES, json.dumps(content), content_type="application/json")
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert not Case.objects.exists()


def test_an_order_of_somebody_else_is_refused(client: APIClient) -> None:
    answer = client.post(CASES, {"kind": "complaint", "body": "x", "order": OrderFactory().pk})
    assert answer.status_code == 400
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    "file",
    [
        SimpleUploadedFile("page.jpg", b"<html><script>alert(1)</script></html>"),
        SimpleUploadedFile("empty.jpg", b""),
        SimpleUploadedFile("broken.jpg", b"\xff\xd8\xff\xe0 no picture"),
        SimpleUploadedFile("huge.pdf", b"%PDF-1.4" + b"0" * 40_000_000 + b"%%EOF"),
    ],
    ids=["page", "empty", "broken", "huge"],
)
def test_a_bad_file_is_refused_and_nothing_is_kept(client: APIClient, file: SimpleUploadedFile) -> None:
    file.seek(0)
    answer = client.post(CASES, {"kind": "complaint", "body": "x", "files": [file]})
    assert answer.status_code == 400
    assert not Case.objects.exists()
    assert not Attachment.objects.exists()


def test_a_list_shows_mine_only_with_as_many_queries_for_three(client: APIClient, member: Member) -> None:
    open_case(member)
    open_case(MemberFactory())
    with CaptureQueriesContext(connection) as one:
        assert len(client.get(CASES).data["results"]) == 1
    open_case(member)
    open_case(member, order=OrderFactory(member=member))
    with CaptureQueriesContext(connection) as three:
        assert len(client.get(CASES).data["results"]) == 3
    assert len(three) == len(one)


def test_a_case_takes_as_many_queries_for_three_messages_as_for_one(
    client: APIClient, member: Member, department: Department
) -> None:
    case = open_case(member, attachments=[picture()])
    with CaptureQueriesContext(connection) as one:
        assert len(client.get(f"{CASES}{case.pk}/").data["messages"]) == 1
    for _ in range(2):
        answered(case, department)
    with CaptureQueriesContext(connection) as three:
        assert len(client.get(f"{CASES}{case.pk}/").data["messages"]) == 3
    assert len(three) == len(one)


def test_cases_are_filtered(client: APIClient, member: Member, department: Department) -> None:
    order = OrderFactory(member=member)
    one, other = open_case(member, order=order), open_case(member, kind="enquiry")
    answered(other, department, then="resolve")

    def found(**query: object) -> list[int]:
        return sorted(row["id"] for row in client.get(CASES, query).data["results"])

    assert found() == [one.pk, other.pk]
    assert found(kind="enquiry") == found(status="resolved") == found(open="false") == [other.pk]
    assert found(open="true") == found(order=order.pk) == [one.pk]
    assert found(opened_from=(timezone.now() + timedelta(days=1)).isoformat()) == []
    assert client.get(CASES, {"status": "lost"}).status_code == 400


@pytest.mark.req("F9")
def test_notes_and_the_staffs_own_data_are_not_shown(
    client: APIClient, member: Member, department: Department
) -> None:
    case = open_case(member)
    agent = AgentFactory(departments=[department], user__name="小王", user__username="wang.secret")
    commands.note(case_id=case.pk, body="此客户难缠", actor=agent.user, at=timezone.now())
    commands.reply(case_id=case.pk, body="您好", actor=agent.user, at=timezone.now())
    shown = client.get(f"{CASES}{case.pk}/")
    assert [message["body"] for message in shown.data["messages"]] == ["杯子碎了。", "您好"]
    assert shown.data["messages"][1]["name"] == shown.data["agent"] == "小王"
    text = shown.content.decode()
    assert "难缠" not in text
    assert "wang.secret" not in text
    assert '"user"' not in text


@pytest.mark.req("F9")
def test_a_case_is_answered_confirmed_and_reopened(
    client: APIClient, member: Member, department: Department
) -> None:
    case = open_case(member)
    answered(case, department, then="wait")
    path = f"{CASES}{case.pk}/"
    assert client.get(path).data["status"] == "waiting_member"
    said = client.post(f"{path}messages/", {"body": "", "files": [picture()]})
    assert said.status_code == 201
    assert client.get(path).data["status"] == "open"
    assert client.post(f"{path}confirm/").status_code == 409
    answered(case, department, then="resolve")
    assert client.get(path).data["actions"] == ["reply", "confirm", "reopen"]
    assert client.post(f"{path}confirm/").data["status"] == "closed"
    assert client.post(f"{path}confirm/").status_code == 200
    assert client.post(f"{path}messages/", {"body": "还有"}).status_code == 409
    assert client.post(f"{path}reopen/", {"reason": "又碎了"}).data["status"] == "reopened"
    assert client.post(f"{path}reopen/", {"reason": "又碎了"}).status_code == 409


def test_a_message_comes_once_for_one_key(client: APIClient, member: Member) -> None:
    path = f"{CASES}{open_case(member).pk}/messages/"
    first = client.post(path, {"body": "在吗"}, headers={"Idempotency-Key": "12345678"})
    again = client.post(path, {"body": "在吗"}, headers={"Idempotency-Key": "12345678"})
    other = client.post(path, {"body": "哈"}, headers={"Idempotency-Key": "12345678"})
    assert first.data["id"] == again.data["id"]
    assert other.status_code == 422


@pytest.mark.parametrize("content", [{}, {"body": " "}, {"body": "x" * 20_001}])
def test_nothing_said_is_refused(client: APIClient, member: Member, content: dict) -> None:
    path = f"{CASES}{open_case(member).pk}/messages/"
    assert client.post(path, content).status_code == 400


def test_what_is_somebody_elses_is_not_found(client: APIClient) -> None:
    case = open_case(MemberFactory(), attachments=[picture()])
    path, file = f"{CASES}{case.pk}/", Attachment.objects.get()
    assert client.get(path).status_code == 404
    assert client.post(f"{path}messages/", {"body": "x"}).status_code == 404
    assert client.post(f"{path}confirm/").status_code == 404
    assert client.post(f"{path}reopen/", {"reason": "x"}).status_code == 404
    assert client.get(f"/api/v1/attachments/{file.pk}/").status_code == 404
    assert client.get(f"{CASES}99999999999999999999/").status_code == 404
    assert client.post(f"{CASES}99999999999999999999/confirm/").status_code == 404
    assert case.messages.count() == 1


def test_a_file_of_a_note_is_not_found(client: APIClient, member: Member) -> None:
    case = open_case(member, attachments=[picture()])
    user = AgentFactory(departments=[case.department]).user
    commands.note(case_id=case.pk, body="看图", actor=user, at=timezone.now())
    note = Message.objects.get(is_public=False)
    Attachment.objects.update(message=note)
    assert client.get(f"/api/v1/attachments/{Attachment.objects.get().pk}/").status_code == 404


@pytest.mark.parametrize("path", ["", "1/", "1/messages/", "1/confirm/", "1/reopen/"])
def test_without_a_token_cases_are_closed(path: str) -> None:
    assert APIClient().post(f"{CASES}{path}").status_code == 401
    assert APIClient().get("/api/v1/attachments/1/").status_code == 401


def test_the_answer_names_the_resolution_nowhere_but_the_status(
    client: APIClient, member: Member, department: Department
) -> None:
    case = open_case(member)
    answered(case, department)
    user = AgentFactory(departments=[department]).user
    commands.resolve(
        case_id=case.pk, resolution=Resolution.NOT_JUSTIFIED, message="已说明", actor=user, at=timezone.now()
    )
    assert "not_justified" not in client.get(f"{CASES}{case.pk}/").content.decode()


def test_the_number_of_a_merged_case_leads_to_the_one_that_goes_on(client, member, department):
    old, new = open_case(member), open_case(member)
    agent = AgentFactory(departments=[department]).user
    commands.merge(case_id=old.pk, into_id=new.pk, actor=agent, at=timezone.now())
    assert client.get(f"{CASES}{old.pk}/").json()["id"] == new.pk
    assert client.post(f"{CASES}{old.pk}/messages/", {"body": "在吗"}).status_code == 201
    assert Message.objects.get(body="在吗").case == new
    assert client_of(MemberFactory()).get(f"{CASES}{old.pk}/").status_code == 404
