"""What coupons take off an order, alone and together: examples, and what holds of any."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compensation.coupons.rules import (
    Basket,
    Item,
    Offer,
    Reason,
    Taken,
    best,
    clash,
    fits,
    spread,
    take_off,
    together,
    turn,
    validity,
)
from compensation.models import CouponKind, Stacking
from tests.factories.money import AT

pytestmark = pytest.mark.req("C5")
PERCENT, SHIPPING = CouponKind.PERCENT, CouponKind.SHIPPING


def offer(value_fen=500, number=1, **fields):
    return Offer(id=number, value_fen=value_fen, **fields)


@pytest.mark.parametrize(
    ("coupon", "goods", "freight", "fen"),
    [
        (offer(500), 10_000, 0, 500),
        (offer(500), 300, 0, 300),
        (offer(500), 0, 1_000, 0),
        (offer(5_000, kind=PERCENT, percent_off=20), 10_000, 0, 2_000),
        (offer(1_500, kind=PERCENT, percent_off=20), 10_000, 0, 1_500),
        (offer(5_000, kind=PERCENT, percent_off=15), 10_003, 0, 1_500),
        (offer(5_000, kind=PERCENT, percent_off=15), 10_004, 0, 1_501),
        (offer(5_000, kind=PERCENT, percent_off=100), 4_999, 0, 4_999),
        (offer(1_000, kind=SHIPPING), 10_000, 800, 800),
        (offer(1_000, kind=SHIPPING), 10_000, 1_200, 1_000),
    ],
)
def test_what_one_takes_off(coupon, goods, freight, fen):
    assert take_off(Basket.of(goods, freight), coupon) == fen


TEA = Basket((Item(3_000, "tea"), Item(1_000, "cups")), 600)


def test_a_scope_counts_its_goods_alone():
    for_tea = offer(5_000, categories=frozenset({"tea"}))
    assert take_off(TEA, for_tea) == 3_000
    assert fits(TEA, offer(categories=frozenset({"tea"}), min_spend_fen=3_000)) is None
    assert fits(TEA, offer(categories=frozenset({"tea"}), min_spend_fen=3_001)) == Reason.SPEND_TOO_SMALL
    assert fits(TEA, offer(categories=frozenset({"pots"}))) == Reason.NOT_FOR_THESE


def test_a_threshold_leaves_the_freight_out():
    assert fits(Basket.of(4_000, 600), offer(min_spend_fen=4_000)) is None
    assert fits(Basket.of(4_000, 600), offer(min_spend_fen=4_001)) == Reason.SPEND_TOO_SMALL
    assert fits(Basket.of(4_000), offer(kind=SHIPPING)) == Reason.NO_FREIGHT


def test_the_order_of_application():
    """Percentages, the largest first, then amounts, the largest first, then freight; then who ends sooner."""
    soon, late = AT, AT + timedelta(days=1)
    offers = [
        offer(9_000, 1, kind=SHIPPING),
        offer(500, 2, expires_at=late),
        offer(500, 3, expires_at=soon),
        offer(900, 4),
        offer(5_000, 5, kind=PERCENT, percent_off=10),
        offer(5_000, 6, kind=PERCENT, percent_off=20),
    ]
    assert [one.id for one in sorted(offers, key=turn)] == [6, 5, 4, 3, 2, 1]
    plan = together(Basket.of(10_000, 700), offers)
    assert [(one.offer.id, one.fen) for one in plan.taken] == [
        (6, 2_000), (5, 800), (4, 900), (3, 500), (2, 500), (1, 700),
    ]  # fmt: skip


def test_an_earlier_coupon_does_not_spoil_a_threshold():
    offers = [offer(5_000, 1, kind=PERCENT, percent_off=50), offer(500, 2, min_spend_fen=10_000)]
    assert together(Basket.of(10_000), offers).total_fen == 5_500


def test_which_stand_together():
    alone, any_, other = offer(number=1, stacking=Stacking.ALONE), offer(number=2), offer(number=3)
    red, red2 = (offer(number=n, stacking=Stacking.GROUP, group="red") for n in (4, 5))
    blue = offer(number=6, stacking=Stacking.GROUP, group="blue")
    assert clash(alone, any_) == clash(any_, alone) == Reason.ALONE
    assert clash(red, red2) == Reason.SAME_GROUP
    assert clash(any_, other) is clash(red, blue) is clash(red, any_) is None
    plan = together(Basket.of(10_000), [red, red2, alone, blue, any_])
    assert {one.offer.id for one in plan.taken} == {4, 6, 2}
    assert {one.offer.id: one.reason for one in plan.refused} == {5: Reason.SAME_GROUP, 1: Reason.ALONE}


def test_of_two_that_clash_the_first_named_goes_on():
    one, other = (offer(number=n, stacking=Stacking.ALONE) for n in (1, 2))
    assert together(Basket.of(1_000), [other, one]).taken[0].offer == other


def test_what_finds_nothing_left_is_told_so():
    plan = together(Basket.of(800), [offer(500, 1), offer(400, 2), offer(300, 3)])
    assert [(one.offer.id, one.fen) for one in plan.taken] == [(1, 500), (2, 300)]
    assert plan.refused[0].reason == Reason.NOTHING_LEFT


def test_a_lone_coupon_that_takes_more_is_the_better_choice():
    small = [offer(500, 1), offer(400, 2)]
    lone = offer(1_000, 3, stacking=Stacking.ALONE)
    assert [one.offer.id for one in best(Basket.of(10_000), [*small, lone]).taken] == [3]
    assert len(best(Basket.of(10_000), [*small, offer(800, 3, stacking=Stacking.ALONE)]).taken) == 2


def test_validity():
    day = timedelta(days=1)
    assert validity(AT, days=7).expires_at == AT + 7 * day
    later = validity(AT, days=7, after_days=2)
    assert (later.valid_from, later.expires_at) == (AT + 2 * day, AT + 9 * day)
    fixed = {"valid_from": AT, "valid_until": AT + day}
    assert validity(AT - day, days=7, **fixed).valid_from == AT
    assert validity(AT, days=7, **fixed).valid_from is None
    assert validity(AT + day, days=7, **fixed) is None


CATEGORIES = ["tea", "cups", "pots", ""]
fen = st.integers(0, 30_000)
baskets = st.builds(
    Basket,
    items=st.lists(st.builds(Item, amount_fen=fen, category=st.sampled_from(CATEGORIES)), max_size=5).map(
        tuple
    ),
    freight_fen=st.integers(0, 2_000),
)


@st.composite
def offers_(draw):
    kind = draw(st.sampled_from(CouponKind))
    stacking = draw(st.sampled_from(Stacking))
    return Offer(
        id=draw(st.integers(1, 10**6)),
        kind=kind,
        value_fen=draw(st.integers(1, 20_000)),
        percent_off=draw(st.integers(1, 100)) if kind == PERCENT else None,
        min_spend_fen=draw(st.sampled_from([0, 0, 5_000, 20_000])),
        categories=draw(st.frozensets(st.sampled_from(CATEGORIES), max_size=2)),
        stacking=stacking,
        group=draw(st.sampled_from(["red", "blue"])) if stacking == Stacking.GROUP else "",
        expires_at=AT + timedelta(days=draw(st.integers(0, 3))),
    )


many = st.lists(offers_(), max_size=6, unique_by=lambda one: one.id)


@given(baskets, many, st.sampled_from([together, best]))
def test_no_order_ever_gives_more_than_it_comes_to(basket, offers, choose):
    plan = choose(basket, offers)
    assert plan.total_fen <= basket.total_fen
    freight = sum(one.fen for one in plan.taken if one.offer.kind == SHIPPING)
    assert freight <= basket.freight_fen
    assert plan.total_fen - freight <= basket.total_fen - basket.freight_fen
    for one in plan.taken:
        covered = sum(item.amount_fen for item in basket.items if one.offer.covers(item))
        assert 0 < one.fen <= one.offer.value_fen
        assert one.fen <= (basket.freight_fen if one.offer.kind == SHIPPING else covered)
        assert covered >= one.offer.min_spend_fen


@given(baskets, many, st.sampled_from([together, best]))
def test_what_goes_on_stands_together_in_the_order_of_application(basket, offers, choose):
    chosen = [one.offer for one in choose(basket, offers).taken]
    assert chosen == sorted(chosen, key=turn)
    assert not any(clash(one, other) for one in chosen for other in chosen if one.id != other.id)


@given(baskets, many)
def test_every_coupon_gets_an_answer(basket, offers):
    plan = together(basket, offers)
    answered = [one.offer.id for one in (*plan.taken, *plan.refused)]
    assert sorted(answered) == sorted(one.id for one in offers)


@given(baskets, many)
def test_one_after_the_other_takes_what_they_take_together(basket, offers):
    """What a quote promises is what reserving in its order gives."""
    standing: list[Taken] = []
    for one in best(basket, offers).taken:
        plan = together(basket, [one.offer], standing)
        assert plan.taken == (one,)
        standing += plan.taken


@given(baskets, many, offers_())
def test_whoever_comes_later_takes_from_what_is_left(basket, offers, late):
    plan = together(basket, [one for one in offers if one.id != late.id])
    more = together(basket, [late], plan.taken)
    assert plan.total_fen + more.total_fen <= basket.total_fen


@given(baskets, many)
def test_the_choice_is_no_worse_than_any_one_coupon(basket, offers):
    lone = [take_off(basket, one) for one in offers if fits(basket, one) is None]
    assert best(basket, offers).total_fen >= max(lone, default=0)


@given(st.lists(st.integers(0, 10**9), max_size=8), st.data())
def test_shares_add_up_and_fit(amounts, data):
    whole = data.draw(st.integers(0, sum(amounts)))
    shares = spread(whole, amounts)
    assert sum(shares) == whole
    assert all(0 <= share <= amount for share, amount in zip(shares, amounts, strict=True))
