"""The agents' page of chats: who may do what, what is refused, repeated, hostile or sent by two at once."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from feedback.channels.chat import commands
from feedback.models import Case, ChatSession, ChatSetup, Message
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, HandoffFactory, picture
from tests.feedback.admin.conftest import client_for
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("F2")]


@pytest.fixture
def chat(work):
    work.ours.takes_new = True
    work.ours.save()
    return commands.start(member=MemberFactory(), body="在吗", at=timezone.now())


@pytest.mark.parametrize(
    ("name", "post"), [("end", {"resolution": "keep"}), ("hand-over", {"to": "department:{theirs}"})]
)
def test_who_was_only_asked_neither_ends_a_chat_nor_gives_it_away(work, chat, name, post):
    lead = AgentFactory(leads=[work.theirs], user__role="supervisor")
    HandoffFactory(case=chat.case, department=work.theirs)
    path = f"/admin/chats/{chat.case_id}/{name}/"
    content = {key: value.format(theirs=work.theirs.pk) for key, value in post.items()}
    assert client_for(lead).get(f"/admin/chats/?chat={chat.case_id}").status_code == 200  # sees it
    assert client_for(lead).post(path, content).status_code == 403
    assert ChatSession.objects.get(pk=chat.pk).ended_at is None
    assert Case.objects.get(pk=chat.case_id).department == work.ours


def test_a_chat_that_has_gone_elsewhere_tells_nothing_more(work, chat, monkeypatch):
    client = client_for(work.agent)
    path = f"/admin/chats/wait/?chat={chat.case_id}&now=1"
    assert "在吗" in client.get(path).json()["talks"][str(chat.case_id)]["lines"]
    Case.objects.filter(pk=chat.case_id).update(department=work.theirs)
    assert client.get(path).status_code == 404


JSON = {"HTTP_ACCEPT": "application/json"}
HOSTILE = '<img src=x onerror="alert(1)"></textarea>\u202e'


def begin(department, body="在吗", **member):
    """A chat of another member, in a department's line."""
    chat = commands.start(member=MemberFactory(**member), body=body, at=timezone.now())
    Case.objects.filter(pk=chat.case_id).update(department=department)
    return chat


def act(client, chat, name, **fields):
    return client.post(f"/admin/chats/{chat.case_id}/{name}/", fields, **JSON)


def wait(client, *chats, **query):
    named = {"chat": [chat.case_id for chat in chats], "now": "1", **query}
    return client.get("/admin/chats/wait/", named, **JSON)


@pytest.fixture
def client(work):
    return client_for(work.agent)


# --- each button's bad paths ----------


ACTS = {
    "take": {},
    "say": {"body": "x"},
    "typing": {},
    "end": {"resolution": "solved"},
    "hand-over": {"to": "department:1"},
}


@pytest.mark.parametrize("name", ACTS)
def test_another_departments_chat_is_none(work, chat, name):
    assert act(client_for(work.stranger), chat, name, **ACTS[name]).status_code == 404
    assert Message.objects.filter(case=chat.case, author="agent").count() == 0


@pytest.mark.parametrize("name", ACTS)
def test_a_case_that_is_no_chat_has_no_buttons(work, client, name):
    assert client.post(f"/admin/chats/{work.case.pk}/{name}/", ACTS[name], **JSON).status_code == 404


@pytest.mark.parametrize("name", ["take", "say", "hand-over"])
def test_a_chat_that_has_ended_is_over(work, client, chat, name):
    act(client, chat, "take")
    commands.end_by_member(case_id=chat.case_id, solved=False, member=chat.member, at=timezone.now())
    before = Message.objects.count()
    answer = act(client, chat, name, **{**ACTS[name], "to": f"agent:{work.mate.pk}"})
    assert (answer.status_code, answer.json()["code"]) == (409, "chat_over")
    assert act(client, chat, "end", resolution="solved").status_code == 200  # again changes nothing
    assert act(client, chat, "typing").status_code == 200  # nobody sees it
    chat.refresh_from_db()
    assert chat.ending == "kept"
    assert Message.objects.count() == before


@pytest.mark.parametrize("name", ["take", "say"])
def test_a_colleagues_chat_is_taken(work, client, chat, name):
    commands.take(case_id=chat.case_id, actor=work.mate.user, at=timezone.now())
    answer = act(client, chat, name, **ACTS[name])
    assert (answer.status_code, answer.json()["code"]) == (409, "already_taken")
    assert act(client, chat, "end", resolution="solved").status_code == 403
    assert act(client, chat, "hand-over", to=f"agent:{work.agent.pk}").status_code == 403


def test_nonsense_is_refused(work, client, chat):
    act(client, chat, "take")
    for name, fields, status in (
        ("nonsense", {}, 404),
        ("say", {"body": " \n "}, 400),
        ("say", {"body": "x" * 20_001}, 400),
        ("say", {"body": "\0"}, 400),
        ("say", {"body": "", "files": picture("x.exe", kind="GIF")}, 201),
        ("end", {}, 400),
        ("end", {"resolution": "silent"}, 400),
        ("hand-over", {}, 400),
        ("hand-over", {"to": "agent:x"}, 400),
        ("hand-over", {"to": "nobody:1"}, 400),
        ("hand-over", {"to": "agent:999999"}, 404),
        ("hand-over", {"to": f"agent:{work.stranger.pk}"}, 400),
        ("hand-over", {"to": f"department:{work.ours.pk}"}, 400),
        ("hand-over", {"to": f"department:{DepartmentFactory(is_active=False).pk}"}, 400),
    ):
        answer = act(client, chat, name, **fields)
        assert (name, fields, answer.status_code) == (name, fields, 200 if status == 201 else status)
    chat.refresh_from_db()
    assert chat.ended_at is None
    assert client.get(f"/admin/chats/{chat.case_id}/say/").status_code == 405


def test_a_file_that_is_none_is_refused_and_nothing_is_said(work, client, chat):
    broken = picture("x.jpg")
    broken.file.seek(0)
    broken.file.truncate()
    broken.write(b"MZ" + b"0" * 400)
    broken.seek(0)
    answer = act(client, chat, "say", body="看图", files=broken)
    assert answer.status_code == 400
    assert not Message.objects.filter(body="看图").exists()
    chat.case.refresh_from_db()
    assert chat.case.agent is None  # what was refused takes no chat either


def test_without_a_script_a_refusal_is_a_page(client, chat):
    answer = client.post(f"/admin/chats/{chat.case_id}/say/", {"body": " "})
    assert answer.status_code == 400
    assert "chats/?chat=" in answer.content.decode()


def test_a_press_without_its_token_is_refused(work, chat):
    client = Client(enforce_csrf_checks=True)
    client.force_login(work.agent.user, "django.contrib.auth.backends.ModelBackend")
    assert act(client, chat, "take").status_code == 403


# --- once ------------------------------------------------------------------------------


def test_what_is_sent_again_is_said_once(client, chat):
    first, again = (act(client, chat, "say", body="您好", key="k").json() for _ in range(2))
    assert first == again
    assert act(client, chat, "say", body="别的", key="k").json()["code"] == "key_reused"
    assert Message.objects.filter(case=chat.case, author="agent").count() == 1


def test_taken_and_handed_over_again(work, client, chat):
    for _ in range(2):
        assert act(client, chat, "take").status_code == 200
    assert act(client, chat, "hand-over", to=f"agent:{work.mate.pk}", note="请接").status_code == 200
    assert act(client, chat, "hand-over", to=f"agent:{work.mate.pk}", note="请接").status_code == 403
    assert Message.objects.filter(case=chat.case, body="请接", is_public=False).count() == 1


def test_a_colleague_without_room_is_handed_nothing(work, client, chat):
    act(client, chat, "take")
    work.mate.chat_capacity = 0
    work.mate.save()
    answer = act(client, chat, "hand-over", to=f"agent:{work.mate.pk}")
    assert (answer.status_code, answer.json()["code"]) == (409, "chats_full")


@pytest.mark.django_db(transaction=True)
def test_two_take_one_chat_at_once_and_one_has_it():
    department = DepartmentFactory(takes_new=True)
    chat = begin(department)
    clients = [client_for(AgentFactory(departments=[department])) for _ in range(2)]
    answers = at_once(*[lambda one=one: act(one, chat, "say", body="您好") for one in clients])
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert Message.objects.filter(case=chat.case, author="agent").count() == 1


@pytest.mark.django_db(transaction=True)
def test_ended_and_handed_over_at_once_is_one_of_both():
    department = DepartmentFactory(takes_new=True)
    chat = begin(department)
    one, mate = (AgentFactory(departments=[department]) for _ in range(2))
    client = client_for(one)
    act(client, chat, "take")
    at_once(
        lambda: act(client, chat, "end", resolution="keep"),
        lambda: act(client, chat, "hand-over", to=f"agent:{mate.pk}"),
    )
    chat.refresh_from_db()
    assert chat.ended_at is None or chat.ending == "kept"
    assert Message.objects.filter(case=chat.case, is_public=True).count() <= 4


# --- what is shown ------------------------------------------------------------------------------


def test_hostile_text_stays_text(work, client):
    chat = begin(work.ours, HOSTILE, name=HOSTILE[:60])
    act(client, chat, "take")
    act(client, chat, "say", body=HOSTILE)
    page = client.get("/admin/chats/").content.decode()
    told = wait(client, chat).json()
    for text in (page, told["rows"], *told["talks"][str(chat.case_id)].values()):
        assert "<img src=x" not in str(text)
    assert "&lt;img src=x" in page


def test_up_to_three_stand_beside_each_other(work, client):
    work.agent.chat_capacity = 9
    work.agent.save()
    chats = [begin(work.ours, f"第{n}个") for n in range(4)]
    for chat in chats:
        act(client, chat, "take")
    ids = [chat.case_id for chat in chats]
    page = client.get("/admin/chats/", {"chat": [*ids[:3], ids[0], ids[3]], "on": ids[1]})
    assert [one["case"].pk for one in page.context["columns"]] == ids[:3]
    assert (page.context["active"], page.context["may_open_more"]) == (ids[1], False)
    assert page.content.decode().count("data-talk=") == 3
    two = client.get("/admin/chats/", {"chat": [ids[2], ids[0]]})
    assert two.context["active"] == ids[0]
    assert f"chat={ids[2]}&amp;chat={ids[0]}&amp;chat={ids[3]}&amp;on={ids[3]}" in two.content.decode()
    assert f'href="?chat={ids[0]}" data-close' in two.content.decode()
    one = client.get("/admin/chats/")
    assert [column["case"].pk for column in one.context["columns"]] == ids[:1]
    assert "data-close" not in one.content.decode()


def test_nobody_opens_beside_what_they_may_not_see(work, client, chat):
    theirs = begin(work.theirs)
    page = client.get("/admin/chats/", {"chat": [theirs.case_id, chat.case_id, work.case.pk, "x", "9" * 40]})
    assert [one["case"].pk for one in page.context["columns"]] == [chat.case_id]


def test_news_of_each_conversation_and_of_those_that_went(work, client):
    one, two = begin(work.ours), begin(work.ours)
    for chat in (one, two):
        act(client, chat, "take")
    told = wait(client, one, two).json()
    known = {
        "list": told["list"],
        "mark": [told["talks"][str(chat.case_id)]["mark"] for chat in (one, two)],
        "after": [told["talks"][str(chat.case_id)]["last"] for chat in (one, two)],
    }
    assert list(wait(client, one, two, **known).json()) == ["again"]
    commands.write(case_id=two.case_id, body="还在吗", member=two.member, at=timezone.now())
    told = wait(client, one, two, **known).json()
    assert list(told["talks"]) == [str(two.case_id)]
    assert "还在吗" in told["talks"][str(two.case_id)]["lines"]
    Case.objects.filter(pk=two.case_id).update(department=work.theirs, agent=None)
    told = wait(client, one, two, **known).json()
    assert told["gone"] == [two.case_id]
    assert str(two.case_id) not in told["talks"]
    assert wait(client, two).status_code == 404


@pytest.mark.parametrize(
    ("hidden", "read"), [(["{one}"], [False, True]), ([""], [False, False]), (["x"], [True, True])]
)
def test_only_what_is_looked_at_is_read(work, client, hidden, read):
    chats = [begin(work.ours), begin(work.ours)]
    for chat in chats:
        act(client, chat, "take")
    last = [Message.objects.filter(case=chat.case_id).latest("pk").pk for chat in chats]
    named = [value.format(one=chats[0].case_id) for value in hidden]
    assert wait(client, *chats, after=last, hidden=named).status_code == 200
    for chat in chats:
        chat.refresh_from_db()
    assert [chat.agent_read == known for chat, known in zip(chats, last, strict=True)] == read


@pytest.mark.parametrize("query", [{"after": "x"}, {"after": "-1"}, {"mark": "x" * 5000}, {"list": "\0"}])
def test_nonsense_in_the_question_does_no_harm(client, chat, query):
    assert wait(client, chat, **query).status_code == 200


def test_the_list_costs_the_same_for_three_as_for_one(work, client):
    ChatSetup.objects.create(pk=1)
    work.agent.chat_capacity = 9
    work.agent.save()

    def more(mine):
        for _n in range(mine):
            act(client, begin(work.ours), "take")
            begin(work.ours)

    def count(ask):
        with CaptureQueriesContext(connection) as queries:
            assert ask().status_code == 200
        return len(queries)

    asks = [
        lambda: client.get("/admin/chats/", {"chat": first.case_id}),
        lambda: wait(client, first),
    ]
    first = begin(work.ours)
    act(client, first, "take")
    begin(work.ours)
    for ask in asks:
        ask()
    before = [count(ask) for ask in asks]
    more(2)
    assert [count(ask) for ask in asks] == before


def test_a_huge_conversation_shows_its_newest_part(work, client, chat):
    at = timezone.now()
    Message.objects.bulk_create(
        Message(case=chat.case, author="member", body=f"第{n}句", at=at) for n in range(230)
    )
    text = client.get("/admin/chats/", {"chat": chat.case_id}).content.decode()
    assert "第229句" in text
    assert "第20句" not in text


def test_a_merged_case_is_no_chat_to_write_in(work, client, chat):
    other = CaseFactory(member=chat.member, department=work.ours)
    Case.objects.filter(pk=chat.case_id).update(
        merged_into=other, status="closed", resolution="duplicate", resolved_at=timezone.now(),
        closed_at=timezone.now(),
    )  # fmt: skip
    assert act(client, chat, "say", body="x").status_code == 409
