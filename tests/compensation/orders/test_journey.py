"""Promise beside fact on an order's way."""

from datetime import timedelta

import pytest

from compensation.models import Order
from compensation.orders.journey import Step, journey
from tests.factories.orders import PLACED, OrderFactory, OrderLineFactory, ShipmentFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("F10")]
DAY = timedelta(days=1)
NONE = timedelta(0)


def steps(order: Order, at=PLACED + 3 * DAY) -> dict[str, Step]:
    return {step.name: step for step in journey(order, at)}


def test_a_parcel_in_time_is_not_late() -> None:
    order = OrderFactory()
    parcel = ShipmentFactory(order=order, shipped_at=PLACED + DAY, delivered_at=PLACED + 2 * DAY)
    OrderLineFactory(order=order, shipment=parcel)
    assert list(steps(order)) == ["placed", "paid", "shipped", "delivered"]
    assert all(step.late_by == NONE for step in steps(order).values())


def test_what_has_not_happened_is_late_until_now() -> None:
    order = OrderFactory()
    OrderLineFactory(order=order)
    assert steps(order)["shipped"].late_by == 2 * DAY
    assert steps(order, PLACED)["shipped"].late_by == NONE


def test_an_order_is_as_late_as_its_latest_line() -> None:
    order = OrderFactory()
    early = ShipmentFactory(order=order, shipped_at=PLACED, delivered_at=PLACED)
    late = ShipmentFactory(order=order, shipped_at=PLACED, delivered_at=PLACED + 5 * DAY)
    OrderLineFactory(order=order, shipment=late)
    OrderLineFactory(order=order, shipment=early)
    assert steps(order)["delivered"].late_by == 3 * DAY


def test_without_promises_only_facts_are_told() -> None:
    order = OrderFactory()
    parcel = ShipmentFactory(order=order, shipped_at=PLACED + DAY)
    OrderLineFactory(order=order, shipment=parcel, ship_by=None, deliver_by=None)
    shipped, delivered = steps(order)["shipped"], steps(order)["delivered"]
    assert (shipped.promised_at, shipped.happened_at) == (None, PLACED + DAY)
    assert (delivered.happened_at, delivered.late_by) == (None, NONE)


def test_of_a_cancelled_order_nothing_more_is_expected() -> None:
    order = OrderFactory(cancelled_at=PLACED + DAY, status="cancelled")
    OrderLineFactory(order=order)
    assert list(steps(order)) == ["placed", "paid", "cancelled"]


def test_an_order_without_lines_has_a_journey_too() -> None:
    assert list(steps(OrderFactory(paid_at=None))) == ["placed", "shipped", "delivered"]
