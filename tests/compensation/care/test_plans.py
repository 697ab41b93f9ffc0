"""A dry run over past orders reads those of its days, by an index."""

from datetime import timedelta

import pytest
from django.db import connection

from compensation.batches.sources import of_orders
from compensation.care import occasions, queries
from compensation.models import Trigger
from tests.factories.care import AT, DAY, RuleFactory, willing
from tests.factories.compensation import OrderFactory, ShipmentFactory
from tests.plans import forget

pytestmark = [pytest.mark.django_db, pytest.mark.req("C11")]


def plan(rows):
    """What the planner would do where reading all rows is out of the question."""
    sql, values = rows.query.sql_with_params()
    forget("compensation_order", "compensation_shipment", "compensation_member")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + sql, values)
        return "\n".join(row[0] for row in cursor.fetchall())


@pytest.mark.parametrize(
    ("trigger", "index"),
    [
        (Trigger.ORDER_PAID, "order_paid"),
        (Trigger.FIRST_ORDER, "order_paid"),
        (Trigger.SHIPPED, "shipment_shipped"),
        (Trigger.DELIVERED, "order_delivered"),
    ],
)
def test_what_happened_to_orders_on_a_day(trigger, index):
    rule = RuleFactory(trigger=trigger)
    assert index in plan(occasions.of_time(rule, since=AT - DAY, at=AT, upto=AT))


def test_the_orders_of_a_period():
    criteria = {"since": (AT - DAY).isoformat(), "until": AT.isoformat()}
    assert "order_placed" in plan(of_orders(criteria))


def test_a_dry_run_finds_what_was_received_with_parcels_and_without():
    rule = RuleFactory(trigger=Trigger.DELIVERED)
    known = {"member": willing(), "status": "delivered", "placed_at": AT - 9 * DAY, "paid_at": AT - 9 * DAY}
    with_parcel = OrderFactory(changed_at=AT - timedelta(hours=5), **known)
    ShipmentFactory(order=with_parcel, delivered_at=AT - timedelta(hours=6))
    OrderFactory(changed_at=AT - timedelta(hours=30), **known)
    long_ago = OrderFactory(changed_at=AT - timedelta(hours=1), **known)
    ShipmentFactory(order=long_ago, delivered_at=AT - 40 * DAY)
    found = queries.forecast(rule, at=AT)
    assert (found.today, found.week) == (1, 2)
