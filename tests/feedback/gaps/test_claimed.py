"""What claims promise about orders: by when, for how much; and the gaps of price."""

from datetime import timedelta
from decimal import Decimal

import pytest

from compensation.models import Order, OrderLine
from config.common.models import Event
from feedback.claims import commands as claims
from feedback.gaps import commands
from feedback.models import ClaimValue, Gap, LinesDue, Promise
from tests.factories.claims import BEGIN, fact, kind, promise
from tests.factories.common import UserFactory
from tests.factories.shop import PLACED, LineFactory, OrderFactory, ProductFactory, ShipmentFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("F10")]
DAY = timedelta(days=1)
NOW = PLACED + 30 * DAY


def bought(paid=12_000, *, product=None, quantity=1, delivered=None, **order):
    made = OrderFactory(**order)
    parcel = ShipmentFactory(order=made, delivered_at=delivered)
    return LineFactory(
        order=made, product=product or ProductFactory(), paid_fen=paid, quantity=quantity, shipment=parcel
    )


def detect(*lines, at=NOW):
    return commands.detect(at=at, order_ids=[line.order_id for line in lines])


def test_an_advert_that_says_48_hours_is_a_promise():
    line = bought(delivered=PLACED + 4 * DAY)
    made = promise("delivery", 48, product_id=line.product_id)
    detect(line)
    row = Promise.objects.get()
    assert (row.source, row.claim, row.due_at) == ("advert", made, PLACED + 2 * DAY)
    gap = Gap.objects.get()
    assert (gap.aspect, gap.days, gap.promise, gap.member) == ("delivery", -2, row, line.order.member)


def test_a_suggestion_that_nobody_confirmed_is_none():
    line = bought()
    made = promise("delivery", 48, product_id=line.product_id)
    promise("delivery", 48, key="another", product_id=ProductFactory().pk)
    ClaimValue.objects.filter(claim=made).update(state="suggested", decided_at=None)
    detect(line)
    assert not Promise.objects.exists()


@pytest.mark.parametrize(
    ("claimed", "holds"),
    [
        ({}, True),
        ({"category": "服装"}, True),
        ({"category": "食品"}, False),
        ({"valid_from": PLACED + DAY}, False),
        ({"valid_to": PLACED}, False),
        ({"valid_to": PLACED + DAY}, True),
        ({"order_channel": "douyin"}, True),
        ({"order_channel": "tmall"}, False),
    ],
)
def test_a_claim_holds_for_what_it_is_about_in_its_time(claimed, holds):
    line = bought(channel="douyin")
    promise("delivery", 48, **claimed)
    detect(line)
    assert Promise.objects.filter(withdrawn_at=None).exists() == holds


def test_of_two_claims_in_a_channel_the_stricter_is_the_promise_and_each_channel_has_its_own():
    line = bought()
    promise("delivery", 72)
    strict = promise("delivery", 24, key="c2")
    promise("delivery", 48, key="c3", channel="kol")
    detect(line)
    assert set(Promise.objects.values_list("source", "claim__key", "due_at")) == {
        ("advert", strict.key, PLACED + DAY),
        ("kol", "c3", PLACED + 2 * DAY),
    }


def test_a_claim_that_ends_before_the_order_takes_its_promise_back_by_itself():
    line = bought(delivered=PLACED + 9 * DAY)
    made = promise("delivery", 48, product_id=line.product_id)
    LinesDue.objects.all().delete()
    detect(line)
    assert Gap.objects.filter(withdrawn_at=None).exists()
    value = made.values.get()
    claims.decide_value(value_id=value.pk, state="refused", actor=UserFactory(), at=NOW)
    found = commands.detect(at=NOW)
    assert found.counts["gap.withdrawn"] == 1
    assert Promise.objects.get().withdrawn_at is not None
    assert not LinesDue.objects.exists()


def test_orders_of_a_claim_are_looked_at_in_parts():
    product = ProductFactory()
    lines = [bought(product=product, delivered=PLACED + 9 * DAY) for _ in range(5)]
    commands.detect(at=NOW)
    promise("delivery", 48, product_id=product.pk)
    counts = []
    while True:
        found = commands.detect(at=NOW, limit=2)
        counts.append(found.counts["gap.found"])
        if not found.more:
            break
    assert sum(counts) == len(lines)
    assert max(counts) <= 2


@pytest.mark.req("F12")
@pytest.mark.parametrize(
    ("measure", "number", "paid", "quantity", "expected"),
    [
        ("price", 99, 12_000, 1, 9_900),
        ("price", 99, 9_900, 1, None),
        ("price", 99, 19_000, 2, None),
        ("price", 99, 25_000, 2, 19_800),
        ("discount", 20, 12_000, 1, 11_000),
        ("percent_off", 50, 12_000, 1, 6_500),
        ("price", 0, 100, 1, 0),
    ],
)
def test_what_was_paid_is_held_against_what_was_promised(measure, number, paid, quantity, expected):
    line = bought(paid, quantity=quantity)
    kind("list", "price", is_list_price=True)
    fact(line.product, "list", "130")
    promise(measure, number, product_id=line.product_id)
    detect(line)
    gap = Gap.objects.first()
    assert (gap and (gap.aspect, gap.kind, gap.expected, gap.actual, gap.days)) == (
        None if expected is None else ("price", "price", Decimal(expected) / 100, Decimal(paid) / 100, None)
    )


@pytest.mark.parametrize(("paid", "severity"), [(9_999, 1), (10_890, 2), (10_891, 3)])
def test_severity_goes_by_percent(paid, severity):
    line = bought(paid)
    promise("price", 99, product_id=line.product_id)
    detect(line)
    assert Gap.objects.get().severity == severity


def test_a_guarantee_is_broken_by_a_price_that_falls_within_its_days():
    line = bought(12_000)
    fact(line.product, "price", "120", measure="price")
    promise("guarantee", 7, product_id=line.product_id)
    detect(line)
    assert not Gap.objects.exists()
    fact(line.product, "price", "100", valid_from=PLACED + 6 * DAY)
    found = commands.detect(at=NOW)
    assert found.counts["gap.found"] == 1
    assert (Gap.objects.get().expected, Gap.objects.get().actual) == (100, 120)
    OrderLine.objects.update(refunded_fen=2_000)  # the difference was paid back
    detect(line)
    assert Gap.objects.get().withdrawn_at == NOW


def test_after_its_days_a_guarantee_is_over():
    line = bought(12_000)
    fact(line.product, "price", "120", measure="price")
    promise("guarantee", 7, product_id=line.product_id)
    fact(line.product, "price", "100", valid_from=PLACED + 7 * DAY)
    detect(line)
    assert not Gap.objects.exists()


@pytest.mark.parametrize(
    "order", [{"status": "cancelled", "cancelled_at": PLACED}, {"status": "placed", "paid_at": None}]
)
def test_who_did_not_pay_paid_nothing_too_much(order):
    line = bought(12_000, **order)
    promise("price", 99, product_id=line.product_id)
    detect(line)
    assert not Gap.objects.exists()


def test_an_order_has_one_gap_of_price_over_all_its_lines():
    line = bought(12_000)
    LineFactory(order=line.order, product=line.product, paid_fen=10_000)
    LineFactory(order=line.order, product=line.product, paid_fen=5_000)
    promise("price", 99, product_id=line.product_id)
    detect(line)
    gap = Gap.objects.get()
    assert (gap.expected, gap.actual, gap.promise.line) == (Decimal(198), Decimal(220), line)
    assert Event.objects.get(kind="gap.found").data["after"]["expected"] == "198.00"
    detect(line)
    assert Event.objects.filter(kind__startswith="gap.").count() == 1


def test_time_and_price_do_not_withdraw_one_another():
    line = bought(12_000, delivered=PLACED + 9 * DAY)
    OrderLine.objects.update(deliver_by=PLACED + DAY)
    promise("price", 99, product_id=line.product_id)
    detect(line)
    detect(line)
    assert set(Gap.objects.filter(withdrawn_at=None).values_list("aspect", flat=True)) == {
        "delivery",
        "price",
    }
    assert Order.objects.count() == 1
    assert BEGIN < PLACED
