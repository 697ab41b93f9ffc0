"""The index in SQL is the rule's; what it is reckoned of is what is on record, by sets."""

from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compensation.models import Order
from kpis.loyalty.gathering import COLUMNS, FRESH, gather
from kpis.loyalty.reckoning import reckon
from kpis.loyalty.rules import Input, Part, index
from kpis.loyalty.summing import place
from kpis.loyalty.weighing import SHIPPED
from kpis.models import LoyaltyMonth
from tests.factories.compensation import MemberFactory, OrderFactory
from tests.kpis.loyalty.test_rules import schemes

pytestmark = [pytest.mark.req("K9")]
MONTH = date(2026, 10, 1)
LAST = date(2026, 10, 31)
VALUES = st.none() | st.floats(-1e6, 1e6)
ROWS = st.lists(st.fixed_dictionaries({name.value: VALUES for name in Input}), min_size=1, max_size=6)


def fresh(rows, members):
    columns = ", ".join(f"{one} double precision" for one in COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{FRESH}")
        cursor.execute(f"CREATE TEMP TABLE {FRESH} (member_id bigint, tier text, {columns})")
        for row, member in zip(rows, members, strict=False):
            names = ", ".join(row)
            marks = ", ".join(["%s"] * (len(row) + 2))
            cursor.execute(
                f"INSERT INTO {FRESH} (member_id, tier, {names}) VALUES ({marks})",
                [member.pk, "gold", *row.values()],
            )


@pytest.mark.django_db(transaction=True)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(rows=ROWS, scheme=schemes())
def test_in_sql_it_is_the_rules_index(rows, scheme):
    members = [MemberFactory() for _row in rows]
    with transaction.atomic():
        fresh(rows, members)
        number = reckon(MONTH, scheme)
        kept = {one.member_id: one for one in LoyaltyMonth.objects.all()}
        expected = {}
        for row, member in zip(rows, members, strict=True):
            found = index({Input(name): value for name, value in row.items()}, scheme)
            if found.value is not None:
                expected[member.pk] = found
        assert number == len(kept) == len(expected)
        for pk, found in expected.items():
            one = kept[pk]
            assert one.value == pytest.approx(found.value, abs=1e-6)
            for part in Part:
                value = found.parts[part]
                assert getattr(one, part.value) == (None if value is None else pytest.approx(value, abs=1e-6))
        assert {one.percentile for one in kept.values()} <= {None}  # fewer than ten
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ([0] * 4 + [1, 1, 2, 3, 4, 5], [20] * 4 + [50, 50, 65, 75, 85, 95]),
        ([3] * 10, [50] * 10),
        ([3] * 9, [None] * 9),
    ],
)
def test_who_has_the_same_is_half_below_and_half_above(orders, expected):
    fresh([{"frequency": number} for number in orders], [MemberFactory() for _each in orders])
    reckon(MONTH, SHIPPED)
    kept = LoyaltyMonth.objects.order_by("member").values_list("percentile", flat=True)
    assert list(kept) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(9, 0), (10, 12.5), (11, 27.5), (12, 30), (30, 100), (31, 100)]
)
def test_within_cuts_it_is_the_middle_of_those_with_the_same(value, expected):
    cuts = [10.0] * 6 + [float(number) for number in range(12, 27)]
    assert place(value, [*cuts[:-1], 30.0]) == pytest.approx(expected)


def gathered():
    with transaction.atomic():
        gather(LAST)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT member_id, {', '.join(COLUMNS)} FROM {FRESH}")
            return {row[0]: dict(zip(COLUMNS, row[1:], strict=True)) for row in cursor.fetchall()}


@pytest.mark.django_db
def test_what_is_on_record_is_counted_and_the_rest_is_not_known():
    end = timezone.make_aware(timezone.datetime(2026, 10, 31, 12))
    buyer, gone, stranger, refused = (MemberFactory() for _each in range(4))
    type(refused).objects.filter(pk=refused.pk).update(refused_profiling_at=end)
    for member, days in ((buyer, 3), (buyer, 40), (gone, 500), (refused, 1)):
        order = OrderFactory(member=member, placed_at=end - timedelta(days))
        Order.objects.filter(pk=order.pk).update(total_fen=12_345, status="delivered")
    found = gathered()
    assert set(found) == {buyer.pk, gone.pk}
    assert stranger.pk not in found
    assert found[buyer.pk]["frequency"] == 2
    assert found[buyer.pk]["amount"] == pytest.approx(246.9)
    assert found[buyer.pk]["recency"] == 3
    assert (found[gone.pk]["frequency"], found[gone.pk]["amount"]) == (0, 0)
    assert found[buyer.pk]["satisfaction"] is None
