"""Messages to chat robots, over a real connection to a real server."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import apprise
import pytest
from django.core.mail import EmailMessage

from config.common import outbox
from config.common.errors import Invalid
from config.common.models import OutboxMessage, OutboxStatus
from feedback.models import DigestLine, Messenger
from feedback.org import messengers
from feedback.org.alerts import alert
from feedback.org.digests import gather
from tests.factories.compensation import T0
from tests.factories.feedback import CaseFactory, DepartmentFactory, StaffFactory
from tests.feedback.org.test_digests import TITLE

DING = "https://oapi.dingtalk.com/robot/send"
WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"
KEY = "abcdefgh-1234-4321-abcd-abcdef123456"


@pytest.fixture
def robot():
    """A server that takes messages: `.got` holds them, `.status` is what it answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.got.append(json.loads(body))
            self.send_response(server.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.status = [], 200
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def make(url, **owner):
    messenger = Messenger(name="群", kind="other", **(owner or {"department": DepartmentFactory()}))
    return messengers.keep(messenger=messenger, pasted=url, actor=None, at=T0)


def tell(*users, department=None):
    case = CaseFactory()
    alert(users=users, case=case, kind="x", key=f"{case.pk}", title=TITLE, at=T0, department=department)
    return case


@pytest.mark.django_db
@pytest.mark.req("F3")
def test_a_department_and_a_colleague_get_one_message_each(robot):
    messenger = make(f"json://127.0.0.1:{robot.server_port}/group")
    user = StaffFactory(email="")
    make(f"json://127.0.0.1:{robot.server_port}/person", user=user)
    cases = [tell(user, department=messenger.department) for _n in range(2)]
    gather(T0)
    assert outbox.relay(T0).sent == 2
    assert [one["title"] for one in robot.got] == ["有 2 件工单需要您处理"] * 2
    assert all(case.number in one["message"] for one in robot.got for case in cases)
    assert not DigestLine.objects.exists()


@pytest.mark.django_db
def test_a_robot_that_refuses_is_tried_again_and_its_address_is_told_nobody(robot, caplog):
    messenger = make(f"json://user:geheim@127.0.0.1:{robot.server_port}/geheim")
    tell(department=messenger.department)
    gather(T0)
    robot.status = 503
    assert outbox.relay(T0).postponed == 1
    message = OutboxMessage.objects.get(kind="messenger")
    assert message.status == OutboxStatus.PENDING
    assert "geheim" not in str(message.payload) + message.last_error + caplog.text
    assert "geheim" not in messenger.sealed_url
    robot.status = 200
    assert outbox.relay(message.next_attempt_at).sent == 1
    assert len(robot.got) == 2


@pytest.mark.django_db
def test_a_robot_that_is_not_there_is_tried_again():
    messenger = make("json://127.0.0.1:9/x")
    tell(department=messenger.department)
    gather(T0)
    assert outbox.relay(T0).postponed == 1


@pytest.mark.django_db
@pytest.mark.parametrize("gone", ["unused", "deleted"])
def test_a_message_to_a_robot_that_is_gone_is_dropped(gone):
    messenger = make("json://127.0.0.1:9/x")
    tell(department=messenger.department)
    gather(T0)
    if gone == "unused":
        Messenger.objects.update(is_active=False)
    else:
        messenger.delete()
    assert outbox.relay(T0).dropped == 1


@pytest.mark.django_db
def test_an_address_that_cannot_be_read_is_a_dead_letter(settings):
    messenger = make("json://127.0.0.1:9/x")
    tell(department=messenger.department)
    gather(T0)
    settings.VAULT_KEY = "another"
    assert outbox.relay(T0).dead == 1


@pytest.mark.django_db
def test_an_unused_robot_is_not_told_and_a_letter_goes_all_the_same():
    messenger = make("json://127.0.0.1:9/x")
    messenger.is_active = False
    messenger.save()
    tell(StaffFactory(), department=messenger.department)
    gather(T0)
    assert set(OutboxMessage.objects.values_list("kind", flat=True)) == {"alerts"}


@pytest.mark.parametrize(
    ("kind", "pasted", "secret", "becomes", "service"),
    [
        ("dingtalk", f"{DING}?access_token=abc123", "", "dingtalk://abc123/", "DingTalk"),
        ("dingtalk", f"{DING}?access_token=abc123", "SECxyz", "dingtalk://SECxyz@abc123/", "DingTalk"),
        ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/abc-123", "", "feishu://abc-123/", "Feishu"),
        ("feishu", "https://open.larksuite.com/open-apis/bot/v2/hook/abc-123", "", "lark://abc-123/", "Lark"),
        ("wecom", f"{WECOM}?key={KEY}", "", f"wecombot://{KEY}/", "WeComBot"),
        ("wecom", f"wecombot://{KEY}", "", f"wecombot://{KEY}", "WeComBot"),
        ("other", "jsons://example.com/hook", "", "jsons://example.com/hook", "JSON"),
    ],
)  # fmt: skip
def test_what_people_paste_becomes_what_apprise_knows(kind, pasted, secret, becomes, service):
    url = messengers.address(kind, pasted, secret=secret)
    assert url == becomes
    assert type(apprise.Apprise.instantiate(url)).__name__ == f"Notify{service}"


@pytest.mark.parametrize(
    ("kind", "pasted"),
    [
        ("dingtalk", ""),
        ("dingtalk", DING),
        ("dingtalk", "https://example.com/robot/send?access_token=abc"),
        ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/a%2F..%2F"),
        ("wecom", "dingtalk://abc123"),
        ("other", "syslog://"),
        ("other", "dbus://"),
        ("other", "file:///etc/passwd"),
        ("other", "http://example.com"),
    ],
)
def test_other_addresses_are_refused(kind, pasted):
    with pytest.raises(Invalid):
        messengers.address(kind, pasted)


@pytest.mark.django_db
def test_keeping_without_a_new_address_keeps_the_old_one():
    messenger = make("json://127.0.0.1:9/x")
    sealed = messenger.sealed_url
    assert messengers.keep(messenger=messenger, pasted="", actor=None, at=T0).sealed_url == sealed
    messenger.kind = "wecom"
    with pytest.raises(Invalid):
        messengers.keep(messenger=messenger, pasted="", actor=None, at=T0)
    with pytest.raises(Invalid):
        messengers.keep(
            messenger=Messenger(name="x", kind="other", user=StaffFactory()), pasted="", actor=None, at=T0
        )


@pytest.mark.django_db
def test_a_robot_inside_our_own_network_is_refused_and_never_reached(robot, settings):
    messenger = make(f"json://127.0.0.1:{robot.server_port}/group")
    settings.INTERNAL_HOSTS = []
    with pytest.raises(Invalid):
        make(f"json://127.0.0.1:{robot.server_port}/group")
    tell(department=messenger.department)
    gather(T0)
    assert outbox.relay(T0).postponed == 1
    assert robot.got == []


def test_letters_are_written_as_before_whatever_robots_are_known():
    """A module for letters that comes with the robots' library changed how all letters were encoded."""
    apprise.Apprise().add("mailto://a:b@example.com")
    letter = EmailMessage("Re: 包裹破损 [HY0005833]", "x", "a@example.com", ["b@example.com"]).message()
    assert letter.as_string().split("Subject: ")[1].startswith("=?utf-8?b?")
