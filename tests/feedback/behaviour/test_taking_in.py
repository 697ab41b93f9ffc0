"""Events are taken once, each with a verdict of its own."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config.common.errors import Invalid
from feedback.behaviour import taking_in
from feedback.models import BehaviourEvent
from tests.factories.behaviour import take, told
from tests.factories.compensation import MemberFactory
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F24")]


def test_an_event_is_kept_as_it_was_told():
    member = MemberFactory(external_id="M1")
    row = told("search", member="M1", query="连衣裙 打折", hints=["price_sort"], visitor="v", device="ios")
    assert take(row) == ["taken"]
    event = BehaviourEvent.objects.get()
    assert (event.member, event.source, event.query) == (member, "shop", "连衣裙 打折")
    assert (event.hints, event.visitor, event.device) == (["price_sort"], "v", "ios")
    assert event.txid > 0


def test_the_same_again_counts_once_and_another_content_is_refused():
    row = told(visitor="v")
    assert take(row, {**row}) == ["taken", "repeated"]
    assert take(row) == ["repeated"]
    results = taking_in.take_in(source="shop", rows=[{**row, "page": "/x"}], at=timezone.now())
    assert (results[0].result, bool(results[0].why)) == ("refused", True)
    assert take(row, source="other") == ["taken"]
    assert BehaviourEvent.objects.count() == 2


def test_bad_rows_stop_none_of_the_others():
    MemberFactory(external_id="M2", erased_at=timezone.now())
    rows = [
        told(visitor="v"), None, told("dance", visitor="v"), told(member="nobody"), told(member="M2"),
        told(visitor="v", at=timezone.now() + timedelta(minutes=6)),
        told(visitor="v", at=timezone.now() - timedelta(days=401)),
        told("pay", visitor="'; DROP TABLE--", query="<script>\0\x07'\"{},NULL\\"),
    ]  # fmt: skip
    results = taking_in.take_in(source="shop", rows=rows, at=timezone.now())
    assert [one.result for one in results] == ["taken", *["refused"] * 6, "taken"]
    assert all(one.why for one in results[1:7])
    assert BehaviourEvent.objects.get(name="pay").query == "<script> '\"{},NULL\\"


def test_more_than_a_thousand_are_refused_together():
    with pytest.raises(Invalid):
        taking_in.take_in(source="shop", rows=[None] * 1_001, at=timezone.now())


def test_of_who_refused_only_the_step_is_kept():
    MemberFactory(external_id="M1", refused_profiling_at=timezone.now())
    row = told(
        "search", member="M1", visitor="v", session="s", query="礼物", order="O1", page="/me", product="P"
    )
    assert take(row) == ["taken"]
    event = BehaviourEvent.objects.get()
    assert (event.member, event.visitor, event.session, event.query, event.order_number, event.page) == (
        None, "", "", "", "", "",
    )  # fmt: skip
    assert event.product == "P"
    assert take(row) == ["repeated"]


def test_a_thousand_take_as_many_queries_as_one(django_assert_num_queries):
    MemberFactory(external_id="M1")
    for number in (1, 3):
        with django_assert_num_queries(4):  # savepoint, whose, write
            take(*(told(member="M1") for _n in range(number)))


@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_the_same_events_take_each_once():
    rows = [told(visitor="v") for _n in range(40)]
    found = at_once(lambda: take(*rows), lambda: take(*reversed(rows)))
    assert not refused(found)
    assert sorted(one for results in found for one in results) == ["repeated"] * 40 + ["taken"] * 40
    assert BehaviourEvent.objects.count() == 40
