from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from compensation.models import Notice
from compensation.notices import commands
from compensation.notices.commands import Telling
from config.common.models import OutboxMessage
from tests.factories.compensation import MemberFactory

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def notify(member, key="case:1:replied", **changes):
    content = {"kind": "case", "title": "您的工单有了回复", "body": "已为您补发。", "path": "/portal/1/"}
    commands.notify(member=member, key=key, at=AT, **(content | changes))


@pytest.mark.req("F9")
def test_a_notice_stands_in_the_portal_and_in_the_outbox():
    member = MemberFactory()
    notify(member)
    notice = Notice.objects.get()
    assert (notice.member, notice.title, notice.created_at) == (member, "您的工单有了回复", AT)
    message = OutboxMessage.objects.get()
    assert (message.kind, message.recipient, message.next_attempt_at) == ("member", f"member:{member.pk}", AT)


def test_the_same_key_is_told_once():
    member = MemberFactory()
    notify(member)
    notify(member, title="another text")
    assert [notice.title for notice in Notice.objects.all()] == ["您的工单有了回复"]
    assert OutboxMessage.objects.count() == 1


def test_an_erased_member_is_told_nothing():
    notify(MemberFactory(erased_at=AT))
    assert not Notice.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_the_outbox_holds_no_personal_data():
    notify(MemberFactory(name="张三", phone="13800000001"), title="张三您好")
    message = OutboxMessage.objects.get()
    assert "张三" not in str(message.payload) + message.recipient
    assert "13800000001" not in str(message.payload) + message.recipient


def test_a_title_of_many_lines_becomes_one_and_fits():
    notify(MemberFactory(), title="a\r\nBcc: x@example.com " + "x" * 300)
    title = Notice.objects.get().title
    assert title.startswith("a Bcc: x@example.com xxx")
    assert len(title) == 200


def test_nothing_is_told_when_the_command_around_it_fails():
    member = MemberFactory()

    def command():
        with transaction.atomic():
            notify(member)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        command()
    assert not Notice.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_many_are_told_in_as_few_statements_as_one(django_assert_num_queries):
    members = MemberFactory.create_batch(3)
    for some in (members[:1], members):
        tellings = [Telling(member=m, kind="x", key=f"k:{m.pk}:{len(some)}", title="t") for m in some]
        with django_assert_num_queries(4):  # savepoint, notices, outbox, release
            commands.notify_all(tellings, at=AT)
    assert Notice.objects.count() == 4


def test_a_code_waits_in_the_outbox_under_its_key():
    member = MemberFactory()
    commands.send_code(
        member=member, code="123456", contact="phone", key="1", expires_at=AT + timedelta(minutes=5), at=AT
    )
    message = OutboxMessage.objects.get()
    assert (message.kind, message.key, message.payload["code"]) == ("code", "code:1", "123456")
