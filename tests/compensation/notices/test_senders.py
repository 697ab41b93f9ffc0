from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.db import transaction

from compensation.notices import commands, senders
from config.common.models import OutboxMessage
from config.common.outbox import SENDERS, Dropped
from tests.factories.compensation import MemberFactory

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def outbox_of_mail(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.PUBLIC_URL = "https://shop.example"


def told(member, **changes):
    content = {"kind": "case", "key": "k", "title": "有了回复", "body": "已补发。", "path": "/portal/1/"}
    commands.notify(member=member, at=AT, **(content | changes))
    return OutboxMessage.objects.get()


def code(member, contact="phone", expires_at=AT + timedelta(minutes=5)):
    commands.send_code(member=member, code="123456", contact=contact, key="1", expires_at=expires_at, at=AT)
    return OutboxMessage.objects.get()


def test_the_outbox_knows_who_sends_notices_and_codes():
    assert SENDERS["member"] is senders.send_notice
    assert SENDERS["code"] is senders.send_code


def test_a_member_with_an_address_gets_an_email():
    message = told(MemberFactory(email="m@example.com"))
    senders.send_notice(message)
    (letter,) = mail.outbox
    assert letter.to == ["m@example.com"]
    assert letter.subject == "有了回复"
    assert letter.body == "已补发。\n\nhttps://shop.example/portal/1/"
    assert str(message.request_id) in letter.extra_headers["Message-ID"]


def test_a_member_with_a_phone_only_gets_a_text_message(capsys):
    senders.send_notice(told(MemberFactory(phone="13800000001"), path=""))
    assert capsys.readouterr().out == "SMS to 13800000001: 有了回复\n已补发。\n"
    assert not mail.outbox


def test_a_member_erased_meanwhile_gets_nothing():
    member = MemberFactory(email="m@example.com")
    message = told(member)
    member.erased_at = AT
    member.save()
    with pytest.raises(Dropped):
        senders.send_notice(message)
    member.notices.all().delete()
    with pytest.raises(Dropped):
        senders.send_notice(message)
    assert not mail.outbox


def test_a_member_without_contacts_gets_nothing():
    with pytest.raises(Dropped):
        senders.send_notice(told(MemberFactory(phone="")))


@time_machine.travel(AT, tick=False)
def test_a_code_goes_to_the_typed_contact_in_the_member_s_language(capsys):
    member = MemberFactory(email="m@example.com", phone="13800000001", language="en")
    senders.send_code(code(member))
    assert capsys.readouterr().out == (
        "SMS to 13800000001: 123456 is your sign-in code. Valid until 12:05; give it to nobody.\n"
    )
    assert not mail.outbox


@time_machine.travel(AT, tick=False)
def test_a_code_by_email_in_the_member_s_language():
    senders.send_code(code(MemberFactory(email="m@example.com"), contact="email"))
    assert mail.outbox[0].subject == "您的登录验证码"
    assert "123456" in mail.outbox[0].body


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1)])
def test_a_code_is_never_sent_once_it_has_expired(late, capsys):
    expires_at = AT + timedelta(minutes=5)
    message = code(MemberFactory(), expires_at=expires_at)
    with time_machine.travel(expires_at + late, tick=False), pytest.raises(Dropped):
        senders.send_code(message)
    assert capsys.readouterr().out == ""


@time_machine.travel(AT, tick=False)
def test_a_blanked_code_or_one_of_an_erased_member_is_not_sent(capsys):
    member = MemberFactory()
    message = code(member)
    message.payload["code"] = ""
    with pytest.raises(Dropped):
        senders.send_code(message)
    message.payload["code"] = "123456"
    member.erased_at = AT
    member.save()
    with transaction.atomic(), pytest.raises(Dropped):
        senders.send_code(message)
    assert capsys.readouterr().out == ""
