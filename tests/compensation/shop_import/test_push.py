"""Orders that the shop tells one by one."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event as Event_

import pytest
from django.db import connection, transaction

from compensation.grants.commands import Content, request
from compensation.models import Order, OrderLine, PieceReturn, Product, Shipment
from compensation.orders import commands as orders
from compensation.points import commands as points
from compensation.refunds import commands as refunds
from compensation.shop_import import push
from compensation.shop_import.push import LineFacts, OrderFacts, ReturnFacts, ShipmentFacts, record_order
from compensation.shop_import.shop import LINE as LINES
from compensation.shop_import.shop import ORDER as ORDERS
from compensation.shop_import.targets import Item
from config.common.errors import DomainError, Invalid
from config.common.models import Event
from tests.factories.compensation import MemberFactory
from tests.factories.money import PointsRuleFactory
from tests.factories.points import held, rules
from tests.factories.refunds import refund
from tests.threads import at_once, refused

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


def test_an_order_moves_to_another_member_as_long_as_nothing_hangs_on_it(member):
    other = MemberFactory(external_id="M2", registered_at=AT)
    tell()
    assert tell(replace(ORDER, member="M2")).member == other
    one = refund(Order.objects.get(), 1_000)
    with pytest.raises(Invalid):
        tell(replace(ORDER, member="M1", status="delivered"))
    order = Order.objects.get()
    assert (order.member, order.status, one.member) == (other, "shipped", other)
    assert tell(replace(ORDER, member="M2", status="delivered")).status == "delivered"


@pytest.mark.parametrize("hanging", ["grant", "points"])
def test_of_many_orders_only_the_one_that_may_not_move_is_rejected(member, hanging):
    rules(AT - timedelta(days=1))
    other = MemberFactory(external_id="M2", registered_at=AT)
    tell(), tell(replace(ORDER, external_id="O2"), shipments=(), lines=())
    bound = Order.objects.get(external_id="O1")
    if hanging == "grant":
        PointsRuleFactory()
        content = Content(kind="points", points=5)
        request(
            key="k", cause="c", member=member, order=bound, content=content, reason="x", actor=None, at=AT
        )
    else:
        tell(replace(ORDER, status="delivered"))
    rows = [
        Item("f", line, (number,), {"external_id": number, "member": "M2", "status": "paid", "placed_at": AT})
        for line, number in enumerate(("O1", "O2"), start=1)
    ]
    with transaction.atomic():
        written = ORDERS.write(rows, AT)
    assert (written.updated, [(row.field, bool(row.fault)) for row in rows]) == (
        1,
        [("member", True), ("", False)],
    )
    assert rows[0].shown == "O1"
    assert set(Order.objects.values_list("external_id", "member")) == {("O1", member.pk), ("O2", other.pk)}


@pytest.mark.django_db(transaction=True)
def test_told_while_it_is_refunded_both_wait_in_the_same_order(monkeypatch):
    """The one held the order and waited for its member, the other the other way round."""
    rules(AT - timedelta(days=1))
    MemberFactory(external_id="M1", registered_at=AT - timedelta(days=9))
    order = tell()
    has_order, has_member, hold, after = Event_(), Event_(), refunds._hold, points.orders_changed

    def refunded(*args):
        has_member.set(), has_order.wait(0.5)
        return hold(*args)

    def changed(**how):
        has_order.set(), has_member.wait(0.5)
        return after(**how)

    monkeypatch.setattr(refunds, "_hold", refunded)
    monkeypatch.setattr(points, "orders_changed", changed)
    delivered = replace(ORDER, status="delivered")
    assert not refused(at_once(lambda: refund(order, 1_000), lambda: tell(delivered, lines=(), shipments=())))


@pytest.mark.django_db(transaction=True)
def test_told_while_its_lines_are_imported_both_wait_in_the_same_order(monkeypatch):
    MemberFactory(external_id="M1", registered_at=AT - timedelta(days=9))
    order = tell()
    has_line, has_order, touch, write = Event_(), Event_(), orders.touch, push._write

    def touched(**how):
        has_line.set(), has_order.wait(0.5)
        return touch(**how)

    def written(target, *args):
        if target is LINES:
            has_order.set(), has_line.wait(0.5)
        return write(target, *args)

    def imported():
        row = {"order": order.external_id, "external_id": "1", "product": "P1", "paid": 5_000}
        with transaction.atomic():
            LINES.write([Item("f", 1, ("O1", "1"), row)], AT)

    monkeypatch.setattr(orders, "touch", touched)
    monkeypatch.setattr(push, "_write", written)
    news = replace(ORDER, total=7_000), (replace(LINE, paid=7_000),)
    assert not refused(at_once(imported, lambda: tell(*news, shipments=())))
    assert OrderLine.objects.get().paid_fen in {5_000, 7_000}
