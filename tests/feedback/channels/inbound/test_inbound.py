import base64
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.utils import timezone

from compensation.models import Member
from config.common import outbox, webhooks
from config.common.errors import Invalid
from config.common.models import Event, OutboxMessage, RateCount
from feedback.cases import commands
from feedback.channels.inbound import fields, keys
from feedback.models import Attachment, Case, CaseLink, ChannelMessage, Message, Outcome, Scope
from tests.factories.compensation import MemberFactory, OrderFactory, TierFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, picture
from tests.factories.webhooks import make_source, send
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("P3")]
MESSAGE = {
    "external_id": "m1", "thread_id": "t1", "sender_id": "8812", "sender_name": "买家", "text": "还没发货",
}  # fmt: skip


@pytest.fixture(autouse=True)
def service(db):
    TierFactory()
    return DepartmentFactory(code="service", name="客服部", takes_new=True)


@pytest.fixture
def shop():
    return make_source()


@pytest.fixture
def agent(service):
    return AgentFactory(departments=[service])


def test_a_message_opens_a_case_and_the_next_is_in_its_thread(shop):
    answer = send(*shop, MESSAGE)
    case = Case.objects.get()
    assert (answer.status_code, answer.json()) == (200, {"received": True, "case": case.number})
    assert (case.channel, case.subject, case.member.name) == ("marketplace", "还没发货", "买家")
    answer = send(*shop, {**MESSAGE, "external_id": "m2", "text": "在吗"})
    assert answer.json()["case"] == case.number
    assert [one.body for one in case.messages.all()] == ["还没发货", "在吗"]


def test_the_same_message_again_changes_nothing(shop):
    for _try in range(3):
        assert send(*shop, MESSAGE).json()["case"] == Case.objects.get().number
    assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_message_at_once_is_taken_in_once(shop):
    answers = at_once(*[lambda: send(*shop, MESSAGE)] * 4)
    assert {answer.status_code for answer in answers} == {200}
    assert Case.objects.count() == Message.objects.count() == 1


def test_what_is_not_signed_is_refused_and_leaves_nothing(shop):
    source, secret = shop
    other = webhooks.new_secret()
    old = timezone.now() - timedelta(minutes=6)
    before = Event.objects.count()
    answers = [
        send(source, other, MESSAGE),
        send(source, secret, MESSAGE, at=old),
        send(source, secret, MESSAGE, **{"webhook-signature": "v1,AAAA"}),
        send(source, secret, MESSAGE, code="nobody"),
        send(source, secret, MESSAGE, **{"webhook-id": "other"}),
    ]
    for answer in answers:
        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "bad_signature"
    assert not ChannelMessage.objects.exists()
    assert not Case.objects.exists()
    assert not Member.objects.exists()
    assert Event.objects.count() == before


def test_a_source_out_of_use_or_a_key_without_the_scope_is_refused(shop):
    source, secret = shop
    source.keys.update(scopes=[Scope.REPLIES])
    assert send(source, secret, MESSAGE).status_code == 401
    source.keys.update(scopes=[Scope.MESSAGES])
    assert send(source, secret, MESSAGE).status_code == 200
    source.is_active = False
    source.save()
    assert send(source, secret, MESSAGE).status_code == 401


def test_a_key_is_replaced_without_a_gap(shop):
    source, old = shop
    now = timezone.now()
    _key, new = keys.make(
        source=source, scopes=[Scope.MESSAGES], replaces_within=timedelta(hours=1), actor=None, at=now
    )
    assert send(source, old, {**MESSAGE, "external_id": "a"}).status_code == 200
    assert send(source, new, {**MESSAGE, "external_id": "b"}).status_code == 200
    source.keys.filter(expires_at__isnull=False).update(expires_at=now)
    assert send(source, old, {**MESSAGE, "external_id": "c"}).status_code == 401
    assert send(source, new, {**MESSAGE, "external_id": "c"}).status_code == 200
    assert source.keys.get(expires_at=None).last_used_at is not None


@pytest.mark.parametrize(
    "content",
    [
        b"not json", b"[]", b"\xff", b"[" * 100_000,
        {"sender_id": "1", "text": "x"},
        {"external_id": "1", "text": "x"},
        {"external_id": "1", "sender_id": "1"},
        {"external_id": "1", "sender_id": "1", "text": {"a": 1}},
        {"external_id": "1" * 200, "sender_id": "1", "text": "x"},
        {"external_id": "1", "sender_id": "1", "text": "x", "at": "yesterday"},
        {"external_id": "1", "sender_id": "1", "text": "x", "at": "2026-11-20T10:00:00"},
        {"external_id": "1", "sender_id": "1", "text": "x", "at": "0001-01-01T00:00:00Z"},
        {"external_id": "1", "sender_id": "1", "text": "x", "at": "1999-11-20T10:00:00Z"},
        {"external_id": "1", "sender_id": "1", "text": "x", "at": "9999-11-20T10:00:00Z"},
        {"external_id": "1", "sender_id": "1", "text": "x", "files": [{"data": "???"}]},
        {"external_id": "1", "sender_id": "1", "text": "x", "files": "x"},
        {"external_id": "1", "sender_id": "1", "text": "\0"},
    ],
    ids=str,
)  # fmt: skip
def test_what_makes_no_sense_is_refused_and_leaves_nothing(shop, content):
    answer = send(*shop, content)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert not ChannelMessage.objects.exists()
    assert not Case.objects.exists()


def test_too_much_is_refused(shop, settings):
    settings.INBOUND_MEGABYTES = 0.001
    assert send(*shop, {**MESSAGE, "text": "x" * 2000}).status_code == 413


def test_a_source_that_sends_too_often_waits(shop, settings):
    settings.INBOUND_A_MINUTE = 2
    statuses = [send(*shop, {**MESSAGE, "external_id": str(n)}).status_code for n in range(3)]
    assert statuses == [200, 200, 429]
    RateCount.objects.all().delete()
    assert [send(shop[0], "whsec_AAAA", MESSAGE).status_code for _n in range(61)][-1] == 429


def test_a_field_map_finds_our_fields_in_theirs():
    source, secret = make_source(
        code="jd",
        field_map={
            "external_id": "msg.id", "sender_id": "buyer.pin", "text": "msg.parts[0].content",
            "kind": "=complaint", "at": "msg.ts",
        },
    )  # fmt: skip
    now = int(timezone.now().timestamp())
    content = {
        "msg": {"id": 77, "ts": (now - 60) * 1000, "parts": [{"content": "坏了"}]},
        "buyer": {"pin": "x"},
    }
    assert send(source, secret, content).status_code == 200
    case = Case.objects.get()
    assert (case.subject, case.kind) == ("坏了", "complaint")
    assert int(case.opened_at.timestamp()) == now - 60


@pytest.mark.parametrize("wrong", [[], {"txt": "a"}, {"text": 1}, {"text": ""}, {"values": {"event": "x"}}])
def test_a_map_that_cannot_work_is_refused(wrong):
    with pytest.raises(Invalid):
        fields.check_map(wrong, ("text", "event"))


def test_whose_order_it_is_is_the_member(shop):
    order = OrderFactory(external_id="O-1")
    send(*shop, {**MESSAGE, "order": "O-1"})
    case = Case.objects.get()
    assert (case.member, case.order) == (order.member, order)


def test_a_known_contact_is_that_member_and_a_wrong_one_is_passed_over(shop):
    member = MemberFactory(phone="13812345678")
    send(*shop, {**MESSAGE, "phone": "13812345678"})
    assert Case.objects.get().member == member
    send(*shop, {**MESSAGE, "external_id": "m9", "sender_id": "x", "thread_id": "t9", "phone": "138****5678"})
    assert Case.objects.order_by("-pk").first().member.phone == ""


def test_several_people_in_one_public_thread_have_cases_of_their_own(shop):
    send(*shop, MESSAGE)
    send(*shop, {**MESSAGE, "external_id": "m2", "sender_id": "9"})
    assert Case.objects.count() == 2
    assert Case.objects.values("member").distinct().count() == 2


def test_files_come_along_and_links_are_shown(shop):
    data = base64.b64encode(picture().read()).decode()
    send(
        *shop,
        {**MESSAGE, "files": [{"name": "a.jpg", "data": data}, {"name": "b.exe", "data": "TVo="}],
         "links": ["https://img.example/1.jpg", "javascript:x"]},
    )  # fmt: skip
    assert Attachment.objects.get().name == "a.jpg"
    public, note = Message.objects.order_by("pk")
    assert public.body == "还没发货\nhttps://img.example/1.jpg"
    assert "b.exe" in note.body


def test_a_closed_conversation_goes_on_in_a_linked_case(shop, agent):
    send(*shop, MESSAGE)
    case = Case.objects.get()
    long_ago = timezone.now() - timedelta(days=90)
    commands.reply(case_id=case.pk, body="x", then="resolve", actor=agent.user, at=timezone.now())
    commands.close_case(case_id=case.pk, actor=None, at=timezone.now())
    Case.objects.update(closed_at=long_ago)
    send(*shop, {**MESSAGE, "external_id": "m2", "text": "又来了"})
    assert CaseLink.objects.filter(case=case).count() == 1


class Shop(HTTPServer):
    statuses: list[int]

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.got, self.statuses = [], []


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def over_there():
    server = Shop()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_reply_is_posted_signed_and_once(shop, agent, over_there):
    source, secret = shop
    source.reply_url = f"http://127.0.0.1:{over_there.server_port}/replies"
    source.save()
    send(source, secret, MESSAGE)
    case = Case.objects.get()
    commands.reply(
        case_id=case.pk, body="已发货", attachments=[picture()], actor=agent.user, at=timezone.now()
    )
    over_there.statuses = [503, 200]
    now = timezone.now()
    for hour in (1, 2, 3):
        outbox.relay(now + timedelta(hours=hour))
    assert len(over_there.got) == 2  # once refused for the moment, once taken
    headers, body = over_there.got[1]
    given = {name.lower(): value for name, value in headers.items()}
    webhooks.verify([secret], given, body, at=timezone.now())
    assert given["webhook-id"] == {name.lower(): v for name, v in over_there.got[0][0].items()}["webhook-id"]
    content = json.loads(body)
    assert (content["text"], content["to"], content["thread_id"]) == ("已发货", "8812", "t1")
    assert (content["in_reply_to"], content["case"]) == ("m1", case.number)
    assert base64.b64decode(content["files"][0]["data"]).startswith(b"\xff\xd8")
    assert ChannelMessage.objects.get(direction="out").outcome == Outcome.SENT


def test_a_reply_that_is_not_taken_is_noted_on_the_case(shop, agent, over_there):
    source, secret = shop
    source.reply_url = f"http://127.0.0.1:{over_there.server_port}/replies"
    source.save()
    send(source, secret, MESSAGE)
    case = Case.objects.get()
    commands.reply(case_id=case.pk, body="x", actor=agent.user, at=timezone.now())
    over_there.statuses = [400]
    outbox.relay(timezone.now() + timedelta(hours=1))
    assert "HTTP 400" in Message.objects.get(case=case, is_public=False).body
    assert ChannelMessage.objects.get(direction="out").outcome == Outcome.FAILED


def test_where_a_source_takes_no_replies_the_member_is_told_as_ever(shop, agent):
    send(*shop, {**MESSAGE, "email": "buyer@example.com"})
    case = Case.objects.get()
    commands.reply(case_id=case.pk, body="x", actor=agent.user, at=timezone.now())
    kinds = set(case.member.notices.values_list("kind", flat=True))
    assert "case.replied" in kinds
    assert not OutboxMessage.objects.filter(kind="channel").exists()


def test_a_part_that_is_split_off_is_answered_over_there_too(shop, agent):
    source, secret = shop
    source.reply_url = "https://shop.example/replies"
    source.save()
    send(source, secret, MESSAGE)
    send(source, secret, {**MESSAGE, "external_id": "m2", "text": "还要发票"}, number="msg_2")
    second = Message.objects.get(body="还要发票")
    new = commands.split(
        case_id=second.case_id, message_id=second.pk, subject="发票", actor=agent.user, at=timezone.now()
    )
    assert second.carried.case == new
    commands.reply(case_id=new.pk, body="已开", actor=agent.user, at=timezone.now())
    assert OutboxMessage.objects.filter(kind="channel").count() == 1


def test_a_reply_goes_to_no_server_inside_our_own_network(shop, agent, over_there, settings):
    settings.INTERNAL_HOSTS = []
    source, secret = shop
    source.reply_url = f"http://127.0.0.1:{over_there.server_port}/replies"
    source.save()
    send(source, secret, MESSAGE)
    commands.reply(case_id=Case.objects.get().pk, body="x", actor=agent.user, at=timezone.now())
    assert outbox.relay(timezone.now() + timedelta(hours=1)).postponed == 1
    assert over_there.got == []
