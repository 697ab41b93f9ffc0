"""What orders, budgets and caps keep is what it is the sum of; where not, finance is told and sees it."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.urls import reverse

from compensation import tasks
from compensation.finance import watching
from compensation.finance.queries import report as finance_report
from compensation.models import Book, BookProof, Budget
from compensation.refunds import commands
from compensation.refunds.check import differences
from config.common.models import Event, OutboxMessage
from tests.factories.common import UserFactory
from tests.factories.feedback import StaffFactory
from tests.factories.money import AT
from tests.factories.refunds import make_order, refund
from tests.feedback.admin.conftest import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.req("C6"), pytest.mark.req("C9")]
DAY = AT.date()

WRONGS = {
    "order line": "UPDATE compensation_orderline SET refunded_fen = refunded_fen + 1",
    "freight of an order": "UPDATE compensation_order SET refunded_freight_fen = refunded_freight_fen - 1",
    "refund": "UPDATE compensation_refundorder SET amount_fen = 999 WHERE status = 'created'",
}


@pytest.fixture
def watcher():
    user = UserFactory(email="books@shop.example")
    user.user_permissions.add(Permission.objects.get(codename="view_account"))
    UserFactory(email="agent@shop.example")
    return user


def spoil(what):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")  # as somebody with the keys might
        cursor.execute(WRONGS[what])
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.fixture
def order():
    """With a refund that lives, one that was paid and one that failed."""
    order = make_order(10_000, freight_fen=800)
    refund(order, 1_000, freight_fen=300)
    commands.confirm(refund_id=refund(order, 2_000).pk, reference="B", actor=None, at=AT)
    commands.fail(refund_id=refund(order, 4_000, freight_fen=500).pk, reason="x", actor=None, at=AT)
    return order


def test_what_agrees_is_no_difference(order, watcher):
    make_order(5_000)
    assert list(differences()) == []
    assert watching.check_books(at=AT) == []
    assert {proof.book: proof.wrong for proof in BookProof.objects.all()} == dict.fromkeys(Book.values, 0)
    assert not OutboxMessage.objects.filter(key__startswith="books:").exists()


@pytest.mark.parametrize("what", WRONGS)
def test_each_wrong_is_found_and_told_once_a_day(order, watcher, what):
    spoil(what)
    assert [one.what for one in differences()] == [what]
    for _again in range(2):
        (proof,) = watching.check_books(at=AT)
        assert (proof.book, proof.wrong) == ("refunds", 1)
    letter = OutboxMessage.objects.get(key__startswith="books:")
    assert letter.recipient == f"user:{watcher.pk}"
    assert f"{what} " in letter.payload["body"]
    assert Event.objects.filter(kind="finance.differs").count() == 2


def test_a_budget_that_is_not_the_sum_of_its_uses_is_found():
    budget = Budget.objects.create(
        department="d", starts_at=AT, ends_at=AT.replace(year=2027), amount_fen=100, spent_fen=7
    )
    (proof,) = watching.check_books(at=AT)
    assert (proof.book, proof.lines) == ("budgets", [f"budget {budget.pk}: (0, 7) ≠ (0, 0)"])


def test_what_was_put_right_is_shown_as_right(order):
    spoil("order line")
    watching.check_books(at=AT)
    assert [one.wrong for one in finance_report(since=DAY, until=DAY).books] == [0, 1]
    order.lines.update(refunded_fen=3_000)
    assert watching.check_books(at=AT) == []
    assert [one.wrong for one in finance_report(since=DAY, until=DAY).books] == [0, 0]
    assert finance_report(since=DAY, until=DAY, departments={"d"}).books == []


def test_finance_sees_it_on_its_page(order):
    spoil("order line")
    tasks.check_ledger()
    page = client_for(StaffFactory(role="finance")).get(reverse("admin:finance")).content.decode()
    assert "order line" in page
    assert "3001 ≠ 3000" in page
