"""The nightly recomputation finds what does not agree."""

import pytest
from django.db import connection

from compensation.ledger.check import CHECKS, differences
from compensation.ledger.commands import post
from compensation.ledger.rules import given
from compensation.models import Unit
from tests.factories.compensation import MemberFactory
from tests.factories.money import AT

pytestmark = [pytest.mark.django_db, pytest.mark.req("C4")]

WRONGS = {
    "balance": "UPDATE compensation_account SET balance = 90 WHERE member_id IS NOT NULL",
    "number of entries": "UPDATE compensation_account SET version = 7 WHERE member_id IS NOT NULL",
    "balance after an entry": "UPDATE compensation_entry SET balance_after = 1 WHERE version = 1",
    "lots": "UPDATE compensation_lot SET amount = 90, remaining = 90",
    "fate of a lot": "UPDATE compensation_lot SET remaining = 90, spent = 10",
    "double entry": "UPDATE compensation_entry SET amount = 90 WHERE version = 1",
}


def test_books_that_agree_have_no_difference():
    give()
    assert list(differences()) == []


@pytest.mark.parametrize("what", CHECKS)
def test_each_wrong_is_found(what):
    give()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")  # as somebody with the keys might
        cursor.execute(WRONGS[what])
    assert what in {difference.what for difference in differences()}


def give():
    moves = given(Unit.POINTS, 100, member_id=MemberFactory().pk)
    post(key="k", kind="test", moves=moves, actor=None, at=AT)
