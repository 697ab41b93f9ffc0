"""When the books do not agree, those who watch them are told."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection

from compensation.ledger import alarm
from compensation.ledger.commands import post
from compensation.ledger.rules import given
from compensation.models import Unit
from config.common.models import Event, OutboxMessage
from tests.factories.common import UserFactory
from tests.factories.compensation import MemberFactory
from tests.factories.money import AT

pytestmark = [pytest.mark.django_db, pytest.mark.req("C4")]


@pytest.fixture
def finance():
    user = UserFactory(email="books@shop.example")
    user.user_permissions.add(Permission.objects.get(codename="view_account"))
    UserFactory(email="agent@shop.example")
    return user


def give():
    moves = given(Unit.POINTS, 100, member_id=MemberFactory().pk)
    post(key="k", kind="test", moves=moves, actor=None, at=AT)


def test_books_that_agree_alarm_nobody(finance):
    give()
    assert alarm.check(at=AT) == []
    assert not OutboxMessage.objects.filter(recipient=f"user:{finance.pk}").exists()


def test_the_first_difference_is_told_once_a_day_and_is_on_record(finance):
    give()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE compensation_account SET balance = 90 WHERE member_id IS NOT NULL")
    for _ in range(2):
        assert {one.what for one in alarm.check(at=AT)} == {"balance", "lots"}
    letter = OutboxMessage.objects.get(key__startswith="ledger:")
    assert letter.recipient == f"user:{finance.pk}"
    assert "90 ≠ 100" in letter.payload["body"]
    assert Event.objects.filter(kind="ledger.differs", data__what="balance").count() == 2
