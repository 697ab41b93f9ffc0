"""Breakpoints: where too many are lost, and which groups lose more than the rest."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.funnels.breaks import Reached, breakpoints, joined
from kpis.models import FunnelStep

pytestmark = pytest.mark.req("K4")
PAY = {FunnelStep.PAY: 20}


def reached(ordered, paid, carted=None):
    return Reached((carted or ordered, carted or ordered, ordered, paid, 0), (0, 60, 60, 60, 0))


def test_a_loss_above_the_threshold_is_a_breakpoint_one_at_it_is_none():
    assert breakpoints(reached(1000, 800), {}, most=PAY, few=30) == []
    [found] = breakpoints(reached(1000, 700), {}, most=PAY, few=30)
    assert (found.step, found.loss.value, found.loss.n, found.most) == (FunnelStep.PAY, 30.0, 1000, 20)
    assert found.is_sure
    [found] = breakpoints(reached(40, 31), {}, most=PAY, few=30)
    assert not found.is_sure  # 22.5 % of forty may be chance
    assert breakpoints(reached(29, 0), {}, most=PAY, few=30) == []
    assert breakpoints(reached(1000, 0), {}, most={FunnelStep.PAY: None}, few=30) == []
    assert breakpoints(Reached(), {}, most=dict.fromkeys(FunnelStep, 1), few=2) == []


def test_the_group_that_loses_more_is_named_with_interval_and_adjusted_p():
    groups = {
        ("payment", "card"): reached(400, 200),
        ("payment", "alipay"): reached(600, 500),
        ("device", "ios"): reached(500, 350),
        ("device", "web"): reached(12, 0),
        ("device", ""): reached(0, 0),
    }
    [found] = breakpoints(reached(1000, 700), groups, most=PAY, few=30)
    named = {(one.by, one.key): one for one in found.groups}
    assert ("device", "") not in named  # nobody of it came so far
    worst = found.groups[0]
    assert (worst.by, worst.key, worst.is_worse) == ("payment", "card", True)
    assert worst.loss.value == 50.0
    assert worst.rest.value == pytest.approx(100 / 6)
    assert worst.low < worst.difference < worst.high
    assert not named["payment", "alipay"].is_worse  # it is better
    assert not named["device", "ios"].is_worse
    few = named["device", "web"]
    assert (few.is_few, few.is_worse, few.p) == (True, False, None)
    assert found.groups[-1] is few


def test_what_is_known_from_the_order_on_is_not_compared_before():
    groups = {("payment", "card"): reached(50, 50, 100), ("device", "ios"): reached(50, 50, 200)}
    most = {FunnelStep.ORDER: 10}
    [found] = breakpoints(reached(100, 100, 900), groups, most=most, few=5, late=frozenset({"payment"}))
    assert {one.by for one in found.groups} == {"device"}


def test_nothing_is_found_by_chance_more_often_than_said():
    """Groups that are alike in truth: some group is called worse in at most about one of forty runs."""

    dice, false = random.Random(11), 0
    for _run in range(400):
        parts = {
            ("payment", str(key)): reached(200, sum(dice.random() < 0.7 for _ in range(200)))
            for key in range(5)
        }
        [found] = breakpoints(joined(list(parts.values())), parts, most=PAY, few=30)
        false += any(one.is_worse for one in found.groups)
    assert false / 400 < 0.05


counts = st.lists(st.integers(0, 50), min_size=5, max_size=5).map(lambda ns: tuple(sorted(ns, reverse=True)))


@given(st.lists(counts, max_size=5))
def test_parts_add_up_and_rates_stay_in_bounds(parts):
    whole = joined([Reached(one) for one in parts])
    assert whole.counts == tuple(sum(one[place] for one in parts) for place in range(5))
    for place in range(1, 5):
        loss = whole.loss(place)
        assert (loss.value is None) == (whole.counts[place - 1] == 0)
        assert loss.value is None or 0 <= loss.low <= loss.value + 1e-9 <= loss.high + 1e-6 <= 100.1
    for one in parts:
        rest = whole - Reached(one)
        assert all(n >= 0 for n in rest.counts)
