"""The shop tells of orders: signed, each message once, the newest counts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from compensation.models import Order, OrderLine, Product, Shipment
from config.common import webhooks
from config.common.models import Event
from tests.compensation.api.test_settling import SHOP, tell
from tests.factories.compensation import MemberFactory
from tests.factories.refunds import refund
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("C1")]
PATH, HOUR = "shop/orders", timedelta(hours=1)


@pytest.fixture(autouse=True)
def keys(settings):
    settings.SHOP_API_SECRETS = [SHOP]


@pytest.fixture
def member(db):
    return MemberFactory(external_id="M1")


def word(ago=HOUR, **more):
    placed = (timezone.now() - 9 * HOUR).isoformat()
    said = {
        "as_of": (timezone.now() - ago).isoformat(), "order": "O1", "member": "M1", "status": "paid",
        "total_fen": 6_800, "freight_fen": 800, "placed_at": placed, "paid_at": placed,
        "lines": [{"line": "1", "product": "P1", "paid_fen": 6_000, "parcel": "S1", "deliver_by": placed}],
        "parcels": [{"number": "S1", "carrier": "顺丰", "shipped_at": placed}],
    }  # fmt: skip
    return said | more


def test_an_order_comes_whole_and_again_changes_nothing(member):
    said = word()
    for number in ("a", "a", "b"):
        answer = tell(PATH, said, number=number)
        assert (answer.status_code, answer.json()["status"]) == (200, "paid")
    order, line = Order.objects.get(), OrderLine.objects.get()
    assert (order.member, order.total_fen, order.freight_fen) == (member, 6_800, 800)
    assert (line.paid_fen, line.shipment.carrier, line.product.external_id) == (6_000, "顺丰", "P1")
    assert Event.objects.filter(kind="order.recorded").count() == 1


def test_what_is_older_than_what_was_told_is_not_taken(member):
    newer = word(HOUR, status="shipped")
    tell(PATH, newer, number="1")
    late = tell(PATH, word(2 * HOUR, lines=[], parcels=[]), number="2")
    assert (late.status_code, late.json()["status"]) == (200, "shipped")
    assert Order.objects.get().status == "shipped"
    assert tell(PATH, word(timedelta(0), status="delivered"), number="3").json()["status"] == "delivered"
    assert tell(PATH, newer, number="1").json()["status"] == "delivered"  # the same message, as it stands


def test_what_is_known_only_by_a_file_is_older_than_anything(member):
    tell(PATH, word(), number="1")
    Order.objects.update(as_of=None)
    assert tell(PATH, word(8 * HOUR, status="shipped"), number="2").json()["status"] == "shipped"


@pytest.mark.parametrize(
    "wrong",
    [
        {"member": "M9"}, {"order": ""}, {"order": "x" * 65}, {"status": "lost"}, {"total_fen": -1},
        {"total_fen": 10**13}, {"total_fen": "x"}, {"as_of": "2199-01-01T00:00:00Z"}, {"as_of": None},
        {"placed_at": "1950-01-01T00:00:00Z"}, {"region": "a\0b"}, {"lines": "x"}, {"lines": [{}]},
        {"lines": [{"line": "1", "product": "P", "paid_fen": 1, "parcel": "S9"}]},
        {"lines": [{"line": "1", "product": "P", "paid_fen": 1, "quantity": 0}]},
        {"lines": [{"line": "1", "product": "P", "paid_fen": 1}] * 2},
        {"lines": [{"line": str(n), "product": "P", "paid_fen": 1} for n in range(501)]},
        {"parcels": [{"number": "S1", "delivered_at": "2199-01-01T00:00:00Z"}]},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_and_nothing_kept(member, wrong):
    answer = tell(PATH, word(**wrong))
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    for model in (Order, Shipment, Product):
        assert not model.objects.exists()
    assert tell(PATH, word()).status_code == 200  # under the same number: nothing came of it before


def test_only_what_the_shop_signed_is_taken(member, settings):
    assert tell(PATH, word(), webhooks.new_secret()).status_code == 401
    assert tell(PATH, word(), signed=b"{}").status_code == 401
    assert tell(PATH, word(), number="1").status_code == 200
    assert tell(PATH, word(status="shipped"), number="1").status_code == 422
    settings.SHOP_API_SECRETS = []
    assert tell(PATH, word(), number="2").status_code == 401
    assert Order.objects.get().status == "paid"


def test_an_order_that_was_refunded_stays_with_its_member(member):
    MemberFactory(external_id="M2")
    tell(PATH, word(), number="1")
    refund(Order.objects.get(), 1_000)
    assert tell(PATH, word(timedelta(0), member="M2"), number="2").status_code == 400
    assert Order.objects.get().member == member


@pytest.mark.django_db(transaction=True)
def test_told_at_once_in_any_order_the_newest_stands():
    MemberFactory(external_id="M1")
    words = [word(n * HOUR, status=status) for n, status in enumerate(("delivered", "shipped", "paid"))]
    results = at_once(*[lambda n=n, one=one: tell(PATH, one, number=str(n)) for n, one in enumerate(words)])
    assert [answer.status_code for answer in results] == [200] * 3
    assert Order.objects.get().status == "delivered"
