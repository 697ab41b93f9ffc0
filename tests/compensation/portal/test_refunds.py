"""What a member reads of a refund: what, how much, to where, by when, and what next."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compensation.models import Member, Notice, RefundCause, RefundOrder, RefundStatus
from compensation.refunds import by_hand, commands
from compensation.refunds.rules import Piece
from tests.factories.compensation import MemberFactory
from tests.factories.refunds import make_order, refund, settler
from tests.factories.session import browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("C6"), pytest.mark.req("P2")]
LIST = "/portal/refunds/"


@pytest.fixture
def member() -> Member:
    return MemberFactory(language="en")


@pytest.fixture
def browser(member: Member) -> Client:
    return browser_of(member)


def page_of(browser: Client, one: RefundOrder) -> str:
    answer = browser.get(f"{LIST}{one.pk}/")
    assert answer.status_code == 200
    return answer.content.decode()


def made(member: Member, *, at: datetime | None = None, fen: int = 12_345, freight: int = 800) -> RefundOrder:
    """A refund of a line with freight."""
    order = make_order(fen, member=member, freight_fen=freight)
    line = order.lines.get()
    return commands.create(
        key=f"test:{order.pk}", order=order, freight_fen=freight, cause=RefundCause.RETURNED,
        pieces=[Piece(order_line=line, quantity=1, amount_fen=fen)], actor=None, at=at or timezone.now(),
    )  # fmt: skip


def test_one_on_its_way_says_how_much_for_what_to_where_and_by_when(member: Member, browser: Client) -> None:
    one = made(member)
    html = page_of(browser, one)
    assert "¥131.45" in html  # in all
    assert "¥123.45" in html  # the line
    assert "¥8.00" in html  # its freight
    assert str(one.lines.get().order_line.product) in html
    assert one.number in html
    assert "The goods came back to us." in html
    assert f"the way you paid order {one.order.external_id}" in html
    assert "We pay it out by <b>tomorrow" in html
    assert f"/portal/cases/new/?order={one.order_id}" in html
    assert "It should have been there" not in html


def test_a_late_one_says_so_and_that_somebody_knows(member: Member, browser: Client) -> None:
    one = made(member, at=timezone.now() - timedelta(days=3))
    html = page_of(browser, one)
    assert "It should have been there by" in html
    assert "Our finance team has been told" in html
    assert "We pay it out by" not in html


def test_one_that_was_paid_says_when_and_under_which_number(member: Member, browser: Client) -> None:
    one = made(member)
    by_hand.settle(refund_id=one.pk, reference="PAID-7", actor=settler(), at=timezone.now())
    html = page_of(browser, one)
    assert "Paid out on" in html
    assert "PAID-7" in html
    assert "It should have been there" not in html


def test_what_could_not_be_paid_says_what_to_do_and_not_why(member: Member, browser: Client) -> None:
    one = made(member)
    by_hand.give_up(refund_id=one.pk, reason="sent to the wrong card", actor=settler(), at=timezone.now())
    html = page_of(browser, one)
    assert "It could not be paid out. Tell us" in html
    assert "wrong card" not in html
    assert "the way you paid" not in html
    assert one.number not in browser.get(LIST).content.decode()


def test_what_was_tried_again_leads_to_its_successor(member: Member, browser: Client) -> None:
    one, actor = made(member), settler()
    by_hand.give_up(refund_id=one.pk, reason="x", actor=actor, at=timezone.now())
    again = by_hand.retry(refund_id=one.pk, actor=actor, at=timezone.now())
    assert browser.get(f"{LIST}{one.pk}/").url == f"{LIST}{again.pk}/"
    assert again.number in page_of(browser, again)


def test_others_refunds_are_not_found(browser: Client) -> None:
    assert browser.get(f"{LIST}{refund(make_order()).pk}/").status_code == 404
    assert browser.get(f"{LIST}{10**12}/").status_code == 404
    assert "No refunds yet" in browser.get(LIST).content.decode()
    assert Client().get(LIST).url.startswith("/portal/sign-in/")


def test_each_page_leads_to_the_refund(member: Member, browser: Client) -> None:
    one = made(member)
    for path in (LIST, f"/portal/orders/{one.order_id}/"):
        assert f'href="{LIST}{one.pk}/"' in browser.get(path).content.decode()
    assert f'href="{LIST}"' in browser.get("/portal/wallet/").content.decode()
    by_hand.settle(refund_id=one.pk, reference="1", actor=settler(), at=timezone.now())
    assert Notice.objects.get(kind="refund.paid").path == f"{LIST}{one.pk}/"


def test_the_list_takes_the_same_number_of_queries_for_three(member: Member, browser: Client) -> None:
    made(member)
    with CaptureQueriesContext(connection) as one:
        browser.get(LIST)
    made(member)
    made(member)
    with CaptureQueriesContext(connection) as three:
        browser.get(LIST)
    assert len(three) == len(one)
    assert RefundOrder.objects.filter(status=RefundStatus.CREATED).count() == 3
