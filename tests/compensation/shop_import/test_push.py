"""Orders that the shop tells one by one."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from compensation.models import Order, OrderLine, PieceReturn, Product, Shipment
from compensation.shop_import.push import LineFacts, OrderFacts, ReturnFacts, ShipmentFacts, record_order
from config.common.errors import DomainError, Invalid
from config.common.models import Event
from tests.factories.compensation import MemberFactory
from tests.factories.points import held, rules

pytestmark = [pytest.mark.django_db, pytest.mark.req("C1")]
AT = datetime(2026, 3, 10, tzinfo=UTC)
ORDER = OrderFacts(external_id="O1", member="M1", status="shipped", total=6_000, placed_at=AT)
PARCEL = ShipmentFacts(external_id="S1", shipped_at=AT)
LINE = LineFacts(external_id="1", product="P1", paid=6_000, shipment="S1", deliver_by=AT + timedelta(days=2))


def tell(order=ORDER, lines=(LINE,), shipments=(PARCEL,), at=AT):
    return record_order(order=order, lines=lines, shipments=shipments, actor=None, at=at)


@pytest.fixture
def member(db):
    return MemberFactory(external_id="M1", registered_at=AT - timedelta(days=9))


def test_an_order_comes_with_its_lines_and_parcels(member):
    order = tell()
    line = order.lines.get()
    assert (order.member, order.total_fen, line.shipment.shipped_at) == (member, 6_000, AT)
    assert (line.product.external_id, line.deliver_by) == ("P1", LINE.deliver_by)


def test_the_same_facts_again_change_nothing(member):
    tell()
    before = Order.objects.values().get()
    tell(at=AT + timedelta(hours=1))
    assert Order.objects.values().get() == before
    assert Event.objects.filter(kind="order.recorded").count() == 1


def test_new_facts_are_taken_and_the_order_is_looked_at_again(member):
    tell()
    later = AT + timedelta(hours=1)
    order = tell(shipments=[replace(PARCEL, delivered_at=later)], at=later)
    assert (order.changed_at, order.shipments.get().delivered_at) == (later, later)
    assert OrderLine.objects.count() == Product.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"order": replace(ORDER, member="M9")},
        {"order": replace(ORDER, status="lost")},
        {"order": replace(ORDER, placed_at=datetime(1970, 1, 1, tzinfo=UTC))},
        {"order": replace(ORDER, paid_at=AT + timedelta(days=2))},
        {"shipments": [replace(PARCEL, delivered_at=datetime(2199, 1, 1, tzinfo=UTC))]},
        {"lines": [replace(LINE, deliver_by=datetime(9999, 1, 1, tzinfo=UTC))]},
        {"order": replace(ORDER, total=-1)},
        {"order": replace(ORDER, external_id="")},
        {"order": replace(ORDER, region="x" * 65)},
        {"order": replace(ORDER, channel="a\0b")},
        {"order": replace(ORDER, placed_at=AT.replace(tzinfo=None))},
        {"lines": [replace(LINE, shipment="S9")]},
        {"lines": [replace(LINE, quantity=0)]},
        {"lines": [LINE, LINE]},
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_kept(member, wrong):
    with pytest.raises(Invalid):
        tell(**wrong)
    assert not Order.objects.exists()
    assert not Shipment.objects.exists()
    assert not Product.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_order_told_twice_at_once_is_one():
    MemberFactory(external_id="M1", registered_at=AT - timedelta(days=9))
    together, errors = threading.Barrier(2), []

    def work():
        try:
            together.wait()
            tell()
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert Order.objects.count() == OrderLine.objects.count() == 1
    assert Event.objects.filter(kind="order.recorded").count() == 1


def test_an_order_that_came_earns_its_points_and_loses_them_when_it_goes_back(member):
    rules(AT - timedelta(days=1))
    for number in range(3):  # told again and again
        tell(replace(ORDER, status="delivered"), at=AT + timedelta(hours=number))
        assert held(member, AT + timedelta(days=8)) == (60, 0, 0)
    tell(replace(ORDER, status="returned"), at=AT + timedelta(hours=5))
    assert held(member, AT + timedelta(days=8)) == (0, 0, 0)


def test_what_came_back_comes_with_the_order_and_again_changes_nothing(member):
    lines = [replace(LINE, quantity=3), replace(LINE, external_id="2")]
    back = [ReturnFacts(external_id="R1", arrived_at=AT, pieces={"1": 2})]
    for _again in range(2):
        order = record_order(
            order=replace(ORDER, status="delivered"), lines=lines, shipments=[PARCEL], returns=back,
            actor=None, at=AT,
        )  # fmt: skip
    assert [(row.order_line.external_id, row.quantity) for row in PieceReturn.objects.all()] == [("1", 2)]
    assert Event.objects.filter(kind="order.pieces_returned", subject_id=order.pk).count() == 1


@pytest.mark.parametrize("pieces", [{"1": 9}, {"9": 1}, {"1": 1}])
def test_a_part_is_not_told_as_the_whole_nor_more_than_was_bought(member, pieces):
    back = [ReturnFacts(external_id="R1", arrived_at=AT, pieces=pieces)]
    returned = replace(ORDER, status="returned", returned_at=AT)
    with pytest.raises(DomainError):
        record_order(
            order=returned,
            lines=[replace(LINE, quantity=2)],
            shipments=[PARCEL],
            returns=back,
            actor=None,
            at=AT,
        )
    assert not PieceReturn.objects.exists()
    assert not Order.objects.exists()
    whole = [ReturnFacts(external_id="R1", arrived_at=AT)]
    record_order(order=returned, lines=[LINE], shipments=[PARCEL], returns=whole, actor=None, at=AT)
    assert PieceReturn.objects.get().quantity == 1
