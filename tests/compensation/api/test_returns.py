"""The shop tells of goods that came back: signed, each parcel once, in whatever parts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from compensation.models import PieceReturn, RefundTerms
from compensation.refunds import starting
from config.common import webhooks
from tests.compensation.api.test_settling import SHOP, tell
from tests.factories.compensation import OrderFactory, OrderLineFactory
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("C6"), pytest.mark.req("C1")]
PATH = "shop/returns"


@pytest.fixture(autouse=True)
def keys(settings):
    settings.SHOP_API_SECRETS = [SHOP]


@pytest.fixture
def order():
    order = OrderFactory(status="delivered", external_id="O1")
    OrderLineFactory(order=order, external_id="1", quantity=2, paid_fen=8_000)
    OrderLineFactory(order=order, external_id="2", paid_fen=5_000)
    return order


def word(lines=None, *, number="R1", **more):
    at = timezone.now() - timedelta(hours=1)
    said = {"order": "O1", "number": number, "arrived_at": at.isoformat(), **more}
    return said if lines is None else {**said, "lines": lines}


def test_a_part_comes_back_and_is_refunded(order):
    RefundTerms.objects.create(automatic_from=timezone.now() - timedelta(days=1))
    said = word([{"line": "1", "quantity": 1}])
    for number in ("a", "a", "b"):
        answer = tell(PATH, said, number=number)
        assert answer.status_code == 200
    (line,) = answer.json()["lines"]
    assert (line["line"], line["quantity"], line["refund"]) == ("1", 1, None)
    starting.start_due(at=timezone.now())
    (line,) = tell(PATH, said, number="c").json()["lines"]
    assert line["refund"] == order.refunds.get().number
    assert order.refunds.get().amount_fen == 4_000


def test_without_lines_it_is_the_whole_order_and_without_pieces_the_whole_line(order):
    lines = tell(PATH, word([{"line": "1"}]), number="a").json()["lines"]
    assert [(line["line"], line["quantity"]) for line in lines] == [("1", 2)]
    lines = tell(PATH, word(number="R2"), number="b").json()["lines"]
    assert [(line["line"], line["quantity"]) for line in lines] == [("2", 1)]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (word([{"line": "9", "quantity": 1}]), 400),
        (word([{"line": "1", "quantity": 0}]), 400),
        (word([{"line": "1"}, {"line": "1"}]), 400),
        (word([]), 400),
        (word([{"line": "1"}] * 501), 400),
        (word(number=""), 400),
        (word(number="x" * 65), 400),
        (word(number="a\0"), 400),
        (word(arrived_at="tomorrow"), 400),
        (word(arrived_at="2126-01-01T00:00:00Z"), 400),
        (word(order="O9"), 404),
        (word([{"line": "1", "quantity": 3}]), 409),
        (b"[]", 400),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(order, said, status):
    assert tell(PATH, said).status_code == status
    assert not PieceReturn.objects.exists()


def test_nobody_else_may_say_so(order):
    assert tell(PATH, word(), webhooks.new_secret()).status_code == 401
    assert not PieceReturn.objects.exists()


def test_the_same_message_with_other_content_is_refused(order):
    tell(PATH, word([{"line": "1", "quantity": 1}]), number="a")
    assert tell(PATH, word([{"line": "1", "quantity": 2}]), number="a").status_code == 422


@pytest.mark.django_db(transaction=True)
def test_told_at_once_it_is_one(order):
    said = word([{"line": "1", "quantity": 1}])
    answers = at_once(*[lambda: tell(PATH, said, number="a").status_code for _ in range(4)])
    assert answers == [200] * 4
    assert PieceReturn.objects.get().quantity == 1
