"""E-mail, text messages and JSON posts, as the senders use them."""

import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import transaction

from config.common import gateways, outbox
from config.common import mail as letters
from config.common.http import post_json
from config.common.models import OutboxMessage
from config.common.outbox import Dropped, Refused
from config.common.sms import send_sms
from tests.factories.common import UserFactory

AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


class Gateway(HTTPServer):
    status = 200
    location = None

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.got = []
        self.url = f"http://127.0.0.1:{self.server_port}/sms"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), json.loads(body)))
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        self.server.got.append("GET")
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def gateway(settings):
    server = Gateway()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    settings.SMS_WEBHOOK_URL, settings.SMS_WEBHOOK_TOKEN = server.url, "t0ken"
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_text_message_is_posted_under_its_request_id(gateway):
    send_sms(to="13800000001", text="您好", request_id="r-1")
    ((headers, content),) = gateway.got
    assert content == {"to": "13800000001", "text": "您好", "request_id": "r-1"}
    assert headers["Idempotency-Key"] == "r-1"
    assert headers["Authorization"] == "Bearer t0ken"
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422])
def test_what_the_other_side_will_never_take_is_refused(gateway, status):
    gateway.status = status
    with pytest.raises(Refused, match=f"HTTP {status}"):
        post_json(gateway.url, {}, request_id="r")


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503])
def test_what_it_may_take_later_is_tried_again(gateway, status):
    gateway.status = status
    with pytest.raises(OSError, match=f"HTTP {status}"):
        post_json(gateway.url, {}, request_id="r")


def test_redirects_are_not_followed(gateway):
    gateway.status, gateway.location = 302, gateway.url
    with pytest.raises(Refused):
        post_json(gateway.url, {}, request_id="r")
    assert "GET" not in gateway.got


def test_nobody_there_is_tried_again():
    with pytest.raises(OSError, match="refused"):
        post_json("http://127.0.0.1:9/", {}, request_id="r")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/", ""])
def test_only_http_is_spoken(url):
    with pytest.raises(Refused):
        post_json(url, {}, request_id="r")


def test_without_a_gateway_a_server_says_so(settings):
    settings.SMS_WEBHOOK_URL, settings.LAPTOP = "", False
    with pytest.raises(Refused, match="SMS_WEBHOOK_URL"):
        send_sms(to="1", text="t", request_id="r")


@pytest.mark.parametrize(("codes", "error"), [([550], Refused), ([450], OSError), ([550, 450], OSError)])
def test_a_mailbox_that_does_not_exist_is_refused_and_a_full_one_tried_again(monkeypatch, codes, error):
    def refuse(_letter):
        raise SMTPRecipientsRefused({f"m{code}@example.com": (code, b"no") for code in codes})

    monkeypatch.setattr(EmailMessage, "send", refuse)
    with pytest.raises(error) as raised:
        letters.send_mail(to="m@example.com", subject="s", text="t", request_id="r")
    assert type(raised.value) is error
    assert "example.com" not in str(raised.value)


def test_a_subject_of_many_lines_adds_no_headers():
    letters.send_mail(to="m@example.com", subject="a\nBcc: x@example.com", text="t", request_id="r")
    assert mail.outbox[0].recipients() == ["m@example.com"]
    assert mail.outbox[0].subject == "a Bcc: x@example.com"


@pytest.mark.django_db
class TestStaff:
    def tell(self, user):
        with transaction.atomic():
            letters.tell_staff(user=user, key="alert:1", subject="超时", body="工单 1 已超时。", at=AT)
        return OutboxMessage.objects.get()

    def test_a_colleague_gets_a_letter_once(self):
        user = UserFactory(email="a@huiyin.example")
        self.tell(user)
        assert self.tell(user).recipient == f"user:{user.pk}"
        assert outbox.relay(AT).sent == 1
        assert (mail.outbox[0].to, mail.outbox[0].subject) == (["a@huiyin.example"], "超时")

    @pytest.mark.parametrize("change", [{"is_active": False}, {"email": ""}])
    def test_a_closed_account_gets_nothing(self, change):
        user = UserFactory()
        message = self.tell(user)
        type(user).objects.filter(pk=user.pk).update(**change)
        with pytest.raises(Dropped):
            letters.send_to_staff(message)


@pytest.mark.parametrize(("channel", "name"), [("push", "PUSH_WEBHOOK"), ("wechat", "WECHAT_WEBHOOK")])
def test_a_gateway_gets_the_shops_number_and_no_contact(gateway, settings, capsys, channel, name):
    sent = {"member": "M-1", "title": "您好", "text": "一分钟", "link": "https://x/", "stop": "https://y/"}
    setattr(settings, f"{name}_URL", gateway.url)
    setattr(settings, f"{name}_TOKEN", "t0ken")
    gateways.send(channel, **sent, request_id="r-1")
    ((headers, content),) = gateway.got
    assert content == {**sent, "request_id": "r-1"}
    assert (headers["Idempotency-Key"], headers["Authorization"]) == ("r-1", "Bearer t0ken")
    setattr(settings, f"{name}_URL", "")
    settings.LAPTOP = True
    gateways.send(channel, **sent, request_id="r-2")
    assert "M-1" in capsys.readouterr().out
    settings.LAPTOP = False
    assert not gateways.is_there(channel)
    with pytest.raises(Refused, match=name):
        gateways.send(channel, **sent, request_id="r-3")
