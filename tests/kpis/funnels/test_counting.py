"""The ways by SQL are those of the rule."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compensation.models import Member, Order, Shipment
from feedback.models import BehaviourEvent, BehaviourName
from kpis.funnels import counting
from kpis.funnels.counting import PLACES
from kpis.funnels.rules import entries, funnel
from kpis.snapshots.calendar import days_span
from tests.factories.compensation import MemberFactory, OrderFactory, ShipmentFactory
from tests.factories.funnels import happened

pytestmark = [pytest.mark.django_db, pytest.mark.req("K4")]
T0 = datetime(2026, 11, 17, 16, tzinfo=UTC)  # midnight in Shanghai
DAY = date(2026, 11, 18)
HOUR = timedelta(hours=1)
STEPS = tuple(PLACES)
WINDOW = timedelta(days=1)


def by_sql(first, last, window_days=1):
    """Moments by who and day, as the rule gives them; who is a member's key, or anything of a visitor's."""
    with connection.cursor() as cursor:
        cursor.execute(counting.ways(), counting.given(days_span(first, last), window_days))
        return [(row[0], row[1], row[4:9]) for row in cursor.fetchall()]


def by_rule(events, first, last):
    found = entries(events, STEPS, WINDOW, timezone.localdate)
    return {key: moments for key, moments in found.items() if first <= key[1] <= last}


steps = st.tuples(
    st.sampled_from([0, 0, 0, 0, 1, "v", "w"]),
    st.sampled_from([*STEPS, *STEPS[:2], BehaviourName.SEARCH]),
    st.integers(0, 5).map(lambda n: 12 * n),  # so that many are at one moment, or a window apart
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(steps, max_size=24), first=st.integers(0, 3), length=st.integers(0, 3))
def test_they_are_those_of_the_rule(db, told, first, length):
    BehaviourEvent.objects.all().delete()
    members = list(Member.objects.order_by("pk")[:2]) or [MemberFactory(), MemberFactory()]
    happened(
        *(
            (name, T0 + hours * HOUR, {"member": members[who]} if who in {0, 1} else {"visitor": who})
            for who, name, hours in told
        )
    )
    rows = [
        (members[who].pk if who in {0, 1} else who, str(name), T0 + hours * HOUR) for who, name, hours in told
    ]
    start, end = DAY + timedelta(first), DAY + timedelta(first + length)
    expected = by_rule(rows, start, end)
    found = by_sql(start, end)
    known = {(who, day): moments for who, day, moments in found if who > 0}
    assert known == {key: moments for key, moments in expected.items() if key[0] in {m.pk for m in members}}
    strangers = sorted((str(day), str(moments)) for who, day, moments in found if who < 0)
    assert strangers == sorted(
        (str(day), str(moments)) for (who, day), moments in expected.items() if who in {"v", "w"}
    )
    whole = by_rule(rows, DAY, DAY + timedelta(30))
    best = funnel(rows, STEPS, WINDOW).depths
    for who, depth in best.items():
        assert depth == max(5 - m.count(None) for (whose, _day), m in whole.items() if whose == who)


def depths(found):
    return sorted((f"{day:%d}", 5 - moments.count(None)) for _who, day, moments in found)


def test_the_end_of_the_window_is_in_it_and_what_begins_anew_counts_there():
    one, two, three = MemberFactory(), MemberFactory(), MemberFactory()
    happened(
        ("browse", T0, {"member": one}),
        ("add_to_cart", T0 + WINDOW, {"member": one}),
        ("order", T0 + WINDOW, {"member": one}),
        ("pay", T0 + WINDOW, {"member": one}),
        ("receive", T0 + WINDOW, {"member": one}),
        ("browse", T0, {"member": two}),
        ("add_to_cart", T0 + WINDOW + timedelta(microseconds=1), {"member": two}),
        ("browse", T0 + 23 * HOUR, {"member": three}),
        ("browse", T0 + 25 * HOUR, {"member": three}),
        ("add_to_cart", T0 + 26 * HOUR, {"member": three}),
    )
    assert depths(by_sql(DAY, DAY + timedelta(1))) == [("18", 1), ("18", 1), ("18", 5), ("19", 2)]


def test_orders_and_parcels_are_steps_of_their_members():
    member = MemberFactory()
    happened(("browse", T0, {"member": member}), ("add_to_cart", T0 + HOUR, {"member": member}))
    order = OrderFactory(
        member=member, placed_at=T0 + 2 * HOUR, paid_at=T0 + 3 * HOUR, payment_method="alipay"
    )
    ShipmentFactory(order=order, delivered_at=T0 + 5 * HOUR)
    late = ShipmentFactory(order=order, delivered_at=None)
    assert depths(by_sql(DAY, DAY)) == [("18", 4)]  # a parcel is still on its way
    Shipment.objects.filter(pk=late.pk).update(delivered_at=T0 + 6 * HOUR)
    [(_who, _day, moments)] = by_sql(DAY, DAY)
    assert [(one - T0) / HOUR for one in moments] == [0, 1, 2, 3, 6]
    Order.objects.update(paid_at=None)
    assert depths(by_sql(DAY, DAY)) == [("18", 3)]


def test_an_order_without_looking_round_is_no_way_and_nobodys_events_are_none():
    OrderFactory(placed_at=T0 + HOUR, paid_at=T0 + HOUR)
    happened(("browse", T0, {}), ("add_to_cart", T0 + HOUR, {}))
    assert by_sql(DAY, DAY) == []


def test_a_visitor_of_another_source_is_somebody_else():
    happened(("browse", T0, {"visitor": "v"}), ("add_to_cart", T0 + HOUR, {"visitor": "v"}))
    BehaviourEvent.objects.filter(name="add_to_cart").update(source="other")
    assert depths(by_sql(DAY, DAY)) == [("18", 1)]
