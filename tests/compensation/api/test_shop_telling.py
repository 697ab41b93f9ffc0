"""The shop tells of members and parcels, many at a time: the newest counts, each row for itself."""

from datetime import timedelta

import pytest
from django.utils import timezone

from compensation.models import Member, Order, Shipment, ShipmentEvent, Tier
from config.common.models import Event
from tests.compensation.api.test_settling import SHOP, tell
from tests.factories.compensation import MemberFactory, OrderFactory, ShipmentFactory, TierFactory
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C1")]
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def keys(settings, db):
    settings.SHOP_API_SECRETS = [SHOP]
    TierFactory()


def ago(hours):
    return (timezone.now() - hours * HOUR).isoformat()


def person(number="M1", hours=1, **more):
    since = "2026-01-02T03:04:05Z"
    return {"as_of": ago(hours), "member": number, "registered_at": since, "name": "王芳", **more}


def parcel(hours=1, **more):
    return {"as_of": ago(hours), "order": "O1", "parcel": "S1", **more}


def members(*rows):
    answer = tell("shop/members", {"members": list(rows)}, number=f"m{timezone.now().timestamp()}")
    assert answer.status_code == 200, answer.content
    return [one["result"] for one in answer.json()["results"]]


def parcels(*rows):
    answer = tell("shop/shipments", {"shipments": list(rows)}, number=f"s{timezone.now().timestamp()}")
    assert answer.status_code == 200, answer.content
    return [one["result"] for one in answer.json()["results"]]


def test_a_new_member_comes_with_their_tier_and_again_changes_nothing():
    row = person(phone="13812345678", birthday="1990-02-03", consent_marketing=True)
    assert members(row) == ["taken"]
    assert members(row) == ["same"]
    member = Member.objects.get()
    assert (member.name, member.phone, str(member.birthday)) == ("王芳", "13812345678", "1990-02-03")
    assert (member.consent_marketing, member.tier) == (True, Tier.objects.get())
    assert Event.objects.filter(kind="member.recorded").count() == 1


def test_the_newest_counts_and_what_is_left_out_stays():
    assert members(person(hours=5, phone="13812345678")) == ["taken"]
    assert members(person(hours=3, name="王小芳")) == ["taken"]
    assert members(person(hours=4, name="旧")) == ["older"]
    assert members(person(hours=2, name="王小芳")) == ["same"]  # still so, later
    assert members(person(hours=2.5, name="旧")) == ["older"]
    member = Member.objects.get()
    assert (member.name, member.phone) == ("王小芳", "13812345678")


def test_of_a_known_member_a_number_and_a_moment_will_do():
    known = MemberFactory(external_id="M7", name="王芳")
    assert members({"as_of": ago(1), "member": "M7"}) == ["same"]
    assert members({"as_of": ago(0.5), "member": "M7", "name": "王小芳"}) == ["taken"]
    was, since = known.name, known.registered_at
    known.refresh_from_db()
    assert (was, known.name, known.registered_at) == ("王芳", "王小芳", since)


def test_bad_rows_stop_none_of_the_others():
    MemberFactory(external_id="gone", erased_at=timezone.now())
    rows = [
        person("M1"), None, person("M2", email="nobody"), person("M3", registered_at=None), person("gone"),
        {"as_of": ago(1), "member": "M4"}, person("M5", as_of=(timezone.now() + HOUR).isoformat()),
        person("M6", name="x" * 121), person("M7", name="a\0b"), person("M8", name="<script>'--"),
        person("M9", birthday="1800-01-01"), person("M10", referrer="nobody"),
    ]  # fmt: skip
    found = members(*rows)
    assert found == ["taken", *["refused"] * 8, "taken", "refused", "taken"]
    assert Member.objects.get(external_id="M8").name == "<script>'--"


def test_of_two_rows_about_one_the_newer_counts():
    assert members(person(hours=2, name="旧"), person(hours=1, name="新")) == ["older", "taken"]
    moment = ago(0.5)
    assert members(person(as_of=moment, name="甲"), person(as_of=moment, name="乙")) == ["taken", "refused"]
    assert Member.objects.get().name == "甲"


def test_who_referred_them_may_come_along():
    assert members(person("M1", hours=9), person("M2", referrer="M1")) == ["taken", "taken"]
    assert Member.objects.get(external_id="M2").referrer.external_id == "M1"


@pytest.mark.parametrize("content", [{}, {"members": []}, {"members": {}}, {"members": [{}] * 501}])
def test_no_rows_or_too_many_are_refused(content):
    assert tell("shop/members", content, number="x").status_code == 400


def test_parcels_come_with_what_carriers_report():
    OrderFactory(external_id="O1")
    reports = [
        {"at": ago(9), "code": "picked", "place": "杭州"},
        {"at": ago(2), "code": "sign", "text": "已签收"},
    ]
    row = parcel(carrier="顺丰", shipped_at=ago(9), delivered_at=ago(2), events=reports)
    assert parcels(row) == ["taken"]
    before = Order.objects.get().changed_at
    assert parcels(row) == ["same"]
    assert Order.objects.get().changed_at == before
    shipment = Shipment.objects.get()
    assert (shipment.carrier, shipment.events.count()) == ("顺丰", 2)
    assert parcels(parcel(hours=0.5, events=[{"at": ago(1), "code": "back"}])) == ["taken"]
    assert ShipmentEvent.objects.count() == 3


def test_an_older_parcel_is_not_taken_but_its_reports_are():
    ShipmentFactory(order=OrderFactory(external_id="O1"), external_id="S1", carrier="顺丰")
    assert parcels(parcel(hours=1, carrier="中通")) == ["taken"]
    assert parcels(parcel(hours=2, carrier="圆通")) == ["older"]
    assert parcels(parcel(hours=3, carrier="圆通", events=[{"at": ago(9), "code": "x"}])) == ["taken"]
    assert Shipment.objects.get().carrier == "中通"
    assert ShipmentEvent.objects.count() == 1


def test_an_order_that_was_told_before_does_not_undo_a_newer_parcel():
    MemberFactory(external_id="M1")
    placed = ago(99)
    order = {
        "as_of": ago(5), "order": "O1", "member": "M1", "status": "shipped", "total_fen": 1,
        "placed_at": placed,
        "parcels": [{"number": "S1", "carrier": "顺丰"}],
    }  # fmt: skip
    tell("shop/orders", order, number="o1")
    assert parcels(parcel(hours=3, delivered_at=ago(4))) == ["taken"]
    tell("shop/orders", {**order, "as_of": ago(4)}, number="o2")
    assert Shipment.objects.get().delivered_at is not None


def test_bad_parcels_stop_none_of_the_others():
    OrderFactory(external_id="O1")
    found = parcels(
        parcel(order="none"), parcel(parcel="S2", delivered_at="2199-01-01T00:00:00Z"),
        parcel(parcel="S3", carrier="a\0b"), parcel(parcel="S4"), parcel(parcel="S5", events=[{"code": "x"}]),
    )  # fmt: skip
    assert found == ["refused", "refused", "refused", "taken", "refused"]


def test_an_order_whose_parcel_changed_is_looked_at_again():
    order = OrderFactory(external_id="O1")
    parcels(parcel(delivered_at=ago(2)))
    assert Order.objects.get().changed_at > order.changed_at


@pytest.mark.django_db(transaction=True)
def test_told_twice_at_once_the_newest_stays():
    rows = [[person(f"M{n}", hours=h, name=f"{h}") for n in range(5)] for h in (2, 1)]
    found = at_once(*(lambda told=told: members(*told) for told in rows))
    assert not refused(found)
    assert set(Member.objects.values_list("name", flat=True)) == {"1"}
