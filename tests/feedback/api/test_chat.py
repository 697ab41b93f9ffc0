"""The chat of the shop's app: every address's bad paths."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.test import APIClient

from compensation.models import Member
from feedback.channels.chat import commands
from feedback.models import Case, ChatSession, ChatSetup, Department, Message
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import AgentFactory, CalendarFactory, DepartmentFactory, picture
from tests.factories.session import client_of
from tests.factories.sop import make_policy
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("F1"), pytest.mark.req("P2")]
CHATS = "/api/v1/chats/"
HOSTILE = '<img src=x onerror="alert(1)">\u202e'
EACH = {
    "messages": {"body": "x"},
    "typing": {},
    "helped": {},
    "person": {},
    "end": {"solved": True},
}


@pytest.fixture
def department() -> Department:
    department = DepartmentFactory(takes_new=True)
    make_policy(calendar=department.calendar)
    ChatSetup.objects.create(pk=1, greeting="您好", greeting_en="Hello")
    return department


@pytest.fixture
def member(department: Department) -> Member:
    return MemberFactory(language="en", phone="13812345678", email="")


@pytest.fixture
def client(member: Member) -> APIClient:
    return client_of(member)


@pytest.fixture
def chat(member: Member) -> ChatSession:
    return commands.start(member=member, body="Where is it?", at=timezone.now())


def at(chat: ChatSession, name: str = "") -> str:
    return f"{CHATS}{chat.case_id}/{name + '/' if name else ''}"


def post(client: APIClient, path: str, content: dict[str, object], key: str | None = None):
    headers = {"HTTP_IDEMPOTENCY_KEY": key} if key else {}
    return client.post(path, content, format="json", **headers)


def close(department: Department) -> None:
    rarely = {"zone": "Asia/Shanghai", "hours": {"mon": [["00:00", "00:01"]]}}
    ChatSetup.objects.update(calendar=CalendarFactory(code="rarely", content=rarely))


# --- whose, and in what state ----------


@pytest.mark.parametrize("name", EACH)
def test_somebody_elses_chat_is_none(chat: ChatSession, name: str) -> None:
    other = client_of(MemberFactory())
    assert post(other, at(chat, name), EACH[name]).status_code == 404
    assert other.get(at(chat)).status_code == other.get(at(chat, "news")).status_code == 404
    chat.refresh_from_db()
    assert (chat.ended_at, chat.member_typed_at) == (None, None)
    assert Message.objects.filter(case=chat.case, author="member").count() == 1


@pytest.mark.parametrize("name", EACH)
def test_no_chat_and_no_sign_in(client: APIClient, chat: ChatSession, name: str) -> None:
    assert post(client, f"{CHATS}999999/{name}/", EACH[name]).status_code == 404
    assert post(APIClient(), at(chat, name), EACH[name]).status_code == 401
    assert client.put(at(chat, name), EACH[name]).status_code == 405


def test_a_case_that_is_no_chat(client: APIClient, member: Member) -> None:
    case = commands.leave_message(member=member, body="x", way="portal", at=timezone.now())
    assert client.get(f"{CHATS}{case.pk}/").status_code == 404


@pytest.mark.parametrize("name", ["messages", "helped", "person"])
def test_a_chat_that_has_ended_is_over(client: APIClient, chat: ChatSession, name: str) -> None:
    assert post(client, at(chat, "end"), {"solved": False}).json()["state"] == "ended"
    answer = post(client, at(chat, name), EACH[name])
    assert (answer.status_code, answer.json()["code"]) == (409, "chat_over")
    again = post(client, at(chat, "end"), {"solved": False})
    assert (again.status_code, again.json()["ending"]) == (200, "kept")
    assert client.get(at(chat)).json()["state"] == "ended"  # what was said can still be read
    assert post(client, at(chat, "typing"), {}).status_code == 204


def test_no_answer_no_help(client: APIClient, chat: ChatSession) -> None:
    assert post(client, at(chat, "helped"), {}).status_code == 409
    assert post(client, at(chat, "person"), {}).status_code == 200  # waits already


def test_outside_the_hours(client: APIClient, department: Department) -> None:
    close(department)
    hours = client.get(CHATS).json()
    assert (hours["open"], hours["case"]) == (False, None)
    answer = post(client, CHATS, {"body": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "chat_closed")
    for content in ({"body": "x"}, {"body": "x", "way": "pigeon"}, {"body": " ", "way": "call"}):
        assert post(client, f"{CHATS}leave-message/", content).status_code == 400
    assert (
        post(client, f"{CHATS}leave-message/", {"body": "x", "way": "email"}).status_code == 400
    )  # has none
    assert not Case.objects.exists()
    assert post(client, f"{CHATS}leave-message/", {"body": "x", "way": "call"}).status_code == 201


# --- what is said ------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [{}, {"body": ""}, {"body": " \n"}, {"body": "x" * 20_001}, {"body": None}])
def test_nothing_or_too_much_to_say(client: APIClient, chat: ChatSession, body: dict[str, object]) -> None:
    assert post(client, at(chat, "messages"), body).status_code == 400
    assert Message.objects.filter(case=chat.case, author="member").count() == 1


@pytest.mark.parametrize("body", [{}, {"body": ""}, {"body": "x" * 20_001}])
def test_no_chat_begins_with_nothing_or_too_much(client: APIClient, body: dict[str, object]) -> None:
    assert post(client, CHATS, body).status_code == 400
    assert not Case.objects.exists()


def test_broken_requests(client: APIClient, chat: ChatSession) -> None:
    broken = client.post(at(chat, "messages"), "{", content_type="application/json")
    assert broken.status_code == 400
    assert client.post(at(chat, "messages"), "x", content_type="text/plain").status_code == 415
    assert post(client, at(chat, "end"), {"solved": "perhaps"}).status_code == 400
    assert post(client, at(chat, "end"), {}).status_code == 400
    evil = SimpleUploadedFile("x.png", b"<svg onload=alert(1)>", content_type="image/png")
    sent = client.post(at(chat, "messages"), {"body": "x", "files": evil}, format="multipart")
    assert (sent.status_code, sent.json()["code"]) == (400, "bad_file")
    chat.refresh_from_db()
    assert chat.ended_at is None
    assert Message.objects.filter(case=chat.case, author="member").count() == 1


def test_a_picture_alone_is_enough(client: APIClient, chat: ChatSession) -> None:
    sent = client.post(at(chat, "messages"), {"body": "", "files": picture()}, format="multipart")
    assert sent.status_code == 201
    assert len(sent.json()["attachments"]) == 1


def test_hostile_text_comes_back_as_it_is_and_as_json(client: APIClient) -> None:
    begun = post(client, CHATS, {"body": HOSTILE})
    assert begun["Content-Type"].startswith("application/json")
    assert begun.json()["messages"][0]["body"] == HOSTILE


# --- once ------------------------------------------------------------------------------


def test_what_is_sent_again_is_said_once(client: APIClient, chat: ChatSession) -> None:
    key = str(uuid.uuid4())
    first, again = (post(client, at(chat, "messages"), {"body": "x"}, key) for _ in range(2))
    assert (first.status_code, first.json()) == (201, again.json())
    other = post(client, at(chat, "messages"), {"body": "y"}, key)
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert post(client, at(chat, "messages"), {"body": "x"}, "short").status_code == 400
    assert Message.objects.filter(case=chat.case, author="member").count() == 2


def test_a_begin_sent_again_is_one_chat(client: APIClient) -> None:
    key = str(uuid.uuid4())
    first, again = (post(client, CHATS, {"body": "x"}, key) for _ in range(2))
    assert first.json()["case"] == again.json()["case"]
    more = post(client, CHATS, {"body": "y"}, str(uuid.uuid4()))  # goes on with the chat that is open
    assert more.json()["case"] == first.json()["case"]
    assert [one["body"] for one in more.json()["messages"] if one["author"] == "member"] == ["x", "y"]


@pytest.mark.django_db(transaction=True)
def test_two_phones_begin_at_once_in_one_chat(department: Department, member: Member) -> None:
    clients = [client_of(member) for _ in range(2)]
    answers = at_once(*[lambda one=one: post(one, CHATS, {"body": "x"}) for one in clients])
    assert {answer.status_code for answer in answers} == {201}
    assert ChatSession.objects.count() == Case.objects.count() == 1
    assert Message.objects.filter(author="member").count() == 2


@pytest.mark.django_db(transaction=True)
def test_written_and_ended_at_once_loses_nothing(member: Member, chat: ChatSession) -> None:
    clients = [client_of(member) for _ in range(2)]
    written, ended = at_once(
        lambda: post(clients[0], at(chat, "messages"), {"body": "x"}),
        lambda: post(clients[1], at(chat, "end"), {"solved": False}),
    )
    assert ended.status_code == 200
    assert written.status_code in {201, 409}
    kept = Message.objects.filter(case=chat.case, author="member", body="x").count()
    assert kept == (1 if written.status_code == 201 else 0)


# --- news ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [{"after": "x"}, {"after": -1}, {"after": 2**63}, {"seconds": 61}, {"seconds": -1}, {"mark": "x" * 201}],
)
def test_a_question_for_news_that_makes_no_sense(
    client: APIClient, chat: ChatSession, query: dict[str, object]
) -> None:
    assert client.get(at(chat, "news"), query).status_code == 400


def test_news_come_once_and_without_what_colleagues_write(client: APIClient, chat: ChatSession) -> None:
    agent = AgentFactory(departments=[chat.case.department])
    first = client.get(at(chat, "news"), {"seconds": 0}).json()
    known = {"after": first["messages"][-1]["id"], "mark": first["mark"], "seconds": 0}
    quiet = client.get(at(chat, "news"), known).json()
    assert (quiet["chat"], quiet["messages"]) == (None, [])
    commands.take(case_id=chat.case_id, actor=agent.user, at=timezone.now())
    commands.hand_over(
        case_id=chat.case_id,
        agent_id=AgentFactory(departments=[chat.case.department]).pk,
        note="难缠",
        actor=agent.user,
        at=timezone.now(),
    )
    news = client.get(at(chat, "news"), known)
    assert news.json()["chat"]["state"] == "active"
    assert "难缠" not in news.content.decode()


# --- too often ------------------------------------------------------------------------------


def test_who_writes_too_often_waits(client: APIClient, chat: ChatSession, settings) -> None:
    settings.API_REQUESTS_A_MINUTE = {"read": 2, "write": 2}
    answers = [post(client, at(chat, "messages"), {"body": f"{n}"}) for n in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert int(answers[-1]["Retry-After"]) >= 1
    assert Message.objects.filter(case=chat.case, author="member").count() == 3
    assert [client.get(at(chat)).status_code for _ in range(3)] == [200, 200, 429]
    assert post(client_of(MemberFactory()), CHATS, {"body": "x"}).status_code == 201  # each their own
