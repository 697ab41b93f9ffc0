"""The member's chat as pages and as JSON: what is refused, what a repeat does, what hostile text becomes."""

import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from feedback.channels.chat import commands
from feedback.models import Case, ChatSession, ChatSetup, Message
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import AgentFactory, CalendarFactory, DepartmentFactory, picture
from tests.factories.session import browser_of
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.django_db, pytest.mark.req("F1"), pytest.mark.req("P2")]
JSON = {"HTTP_ACCEPT": "application/json"}
HOSTILE = '<img src=x onerror="alert(1)"></textarea>\u202e'


@pytest.fixture
def service():
    department = DepartmentFactory(takes_new=True)
    make_policy(calendar=department.calendar)
    ChatSetup.objects.create(pk=1, greeting="您好", greeting_en="Hello")
    return department


@pytest.fixture
def member(service):
    return MemberFactory(language="en", phone="13812345678", email="")


@pytest.fixture
def browser(member):
    return browser_of(member)


@pytest.fixture
def chat(member):
    return commands.start(member=member, body="Where is it?", at=timezone.now())


def url(name, *args):
    return reverse(f"portal:{name}", args=args)


def key():
    return str(uuid.uuid4())


def test_it_begins_once_however_often_it_is_sent(browser):
    again = {"body": HOSTILE, "key": key()}
    for _ in range(2):
        assert browser.post(url("chat-start"), again).url == url("chat")
    assert ChatSession.objects.count() == 1
    page = browser.get(url("chat")).content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_nothing_to_say_is_said_beside_the_field(browser):
    answer = browser.post(url("chat-start"), {"body": " ", "key": key()})
    assert answer.status_code == 400
    assert not Case.objects.exists()


def test_outside_the_hours_a_message_is_left(browser, member):
    closed = {"zone": "Asia/Shanghai", "hours": {"mon": [["00:00", "00:01"]]}}
    ChatSetup.objects.update(calendar=CalendarFactory(code="rarely", content=closed))
    assert "Leave us a message" in browser.get(url("chat")).content.decode()
    assert browser.post(url("chat-start"), {"body": "x", "key": key()}).status_code == 400
    assert browser.post(url("chat-leave"), {"body": "x", "way": "email", "key": key()}).status_code == 400
    answer = browser.post(url("chat-leave"), {"body": "x", "way": "call", "key": key()})
    case = Case.objects.get()
    assert answer.url.startswith(url("case", case.pk))
    assert not ChatSession.objects.exists()


def test_what_is_new_comes_after_the_last_message(browser, chat, service):
    first = browser.get(url("chat-wait", chat.case_id), {"now": ""}, **JSON).json()
    assert "Where is it?" in first["lines"]
    agent = AgentFactory(departments=[service])
    commands.say(case_id=chat.case_id, body=HOSTILE, actor=agent.user, at=timezone.now())
    known = {"now": "", "after": first["last"], "mark": first["mark"]}
    news = browser.get(url("chat-wait", chat.case_id), known, **JSON).json()
    assert "&lt;img src=x" in news["lines"]
    assert "Where is it?" not in news["lines"]
    assert str(agent) in news["state"]


@pytest.mark.parametrize("query", [{"after": "x"}, {"after": "9" * 30}, {"after": "-1", "mark": "~" * 3000}])
def test_a_broken_question_for_news_is_answered(browser, chat, query):
    assert browser.get(url("chat-wait", chat.case_id), {"now": "", **query}, **JSON).status_code == 200


def test_sent_twice_stands_once_and_a_photo_is_taken(browser, chat):
    sent = {"body": "with a photo", "key": key()}
    ids = {
        browser.post(url("chat-write", chat.case_id), {**sent, "photos": picture()}, **JSON).json()["id"]
        for _ in range(2)
    }
    assert len(ids) == 1
    assert Message.objects.get(pk=ids.pop()).attachments.count() == 1


def test_a_file_that_is_none_is_refused_in_words(browser, chat):
    bad = picture("evil.jpg")
    bad.seek(0)
    bad.write(b"MZ not a picture")
    answer = browser.post(url("chat-write", chat.case_id), {"body": "x", "key": key(), "photos": bad}, **JSON)
    assert answer.status_code == 400
    assert "evil" in answer.json()["error"]


def test_the_end_and_what_comes_after(browser, chat, member):
    answer = browser.post(url("chat-act", chat.case_id, "end"), {"solved": "no"})
    assert answer.url == f"{url('chat')}?ended={chat.case_id}"
    assert chat.case.number in browser.get(answer.url).content.decode()
    refused = browser.post(url("chat-write", chat.case_id), {"body": "x", "key": key()}, **JSON)
    assert (refused.status_code, refused.json()["code"]) == (409, "chat_over")
    assert browser.post(url("chat-act", chat.case_id, "dance")).status_code == 404


def test_nobody_elses_chat_and_none_without_signing_in(chat, service, client):
    stranger = browser_of(MemberFactory())
    for name, args in (("chat-wait", ()), ("chat-write", ()), ("chat-typing", ()), ("chat-act", ("end",))):
        where = url(name, chat.case_id, *args)
        method = "get" if name == "chat-wait" else "post"
        assert getattr(stranger, method)(where, {"body": "x", "key": key()}).status_code == 404
        assert getattr(client, method)(where).status_code == 302
    assert client.get(url("chat")).url.startswith(url("sign-in"))


def test_a_flood_is_refused(browser, chat):
    answers = [
        browser.post(url("chat-write", chat.case_id), {"body": "x", "key": key()}, **JSON).status_code
        for _ in range(61)
    ]
    assert (answers[0], answers[-1]) == (200, 429)


@pytest.mark.parametrize("more", [1, 3])
def test_as_many_queries_for_one_message_as_for_three(browser, chat, member, django_assert_num_queries, more):
    for number in range(more):
        commands.write(case_id=chat.case_id, body=f"m{number}", member=member, at=timezone.now())
    browser.get(url("chat-wait", chat.case_id), {"now": ""}, **JSON)
    with django_assert_num_queries(9):
        browser.get(url("chat-wait", chat.case_id), {"now": ""}, **JSON)
