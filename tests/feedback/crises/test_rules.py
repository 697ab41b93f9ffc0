"""What is unusual: against the weeks before, among many, and how often that is wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from feedback.crises import rules, simulation
from feedback.crises.rules import SHIPPED, Terms

pytestmark = pytest.mark.req("F22")
TERMS = Terms(window_hours=2, weeks=4, least=5, ratio=2, rate=0.001)
COUNTS = st.lists(st.integers(0, 60), min_size=5, max_size=5)


def judged(*things, terms=TERMS, kinds=None):
    rows = np.array(things, dtype=float)
    return rules.judge(rows[:, 0], rows[:, 1:], np.array(kinds or [0] * len(rows)), terms)


def test_many_more_than_usual_stand_out():
    found = judged([30, 2, 3, 1, 2], [2, 2, 3, 1, 2], [4, 2, 3, 1, 2])
    assert found.raised.tolist() == [True, False, False]
    assert found.expected[0] == pytest.approx((8 + 0.5) / 4)


@pytest.mark.parametrize(
    ("terms", "stands_out"),
    [
        (TERMS, True),
        (Terms(2, 4, 31, 2, 0.001), False),
        (Terms(2, 4, 5, 20, 0.001), False),
        (Terms(2, 4, 5, 2, 1e-30), False),
    ],
)
def test_each_threshold_holds_it_back(terms, stands_out):
    assert bool(judged([30, 2, 3, 1, 2], terms=terms).raised[0]) is stands_out


def test_the_chance_is_that_of_the_negative_binomial():
    usual = np.array([[3.0, 5, 2, 6]])
    expected, chance = rules.chances(np.array([9.0]), usual, 0.0)
    size = 16.5
    assert chance[0] == pytest.approx(stats.nbinom.sf(8, size, size / (size + expected[0])))


def test_what_varies_a_lot_by_itself_stands_out_less():
    calm, wild = [[20, 10, 10, 10, 10]] * 5, [[20, 1, 30, 2, 7]] * 5
    assert judged(*calm).chance[0] < judged(*wild).chance[0]


@given(COUNTS, st.integers(1, 40))
def test_more_is_never_more_likely(counts, more):
    one = judged(counts).chance[0]
    assert judged([counts[0] + more, *counts[1:]]).chance[0] <= one + 1e-12


@given(st.lists(COUNTS, min_size=1, max_size=8), st.integers(0, 500))
def test_looking_at_more_things_shows_no_more(rows, others):
    found = judged(*rows)
    looked = rules.judge(
        np.array(rows, float)[:, 0],
        np.array(rows, float)[:, 1:],
        np.zeros(len(rows), int),
        TERMS,
        len(rows) + others,
    )
    assert (looked.adjusted >= found.adjusted - 1e-12).all()
    assert not (looked.raised & ~found.raised).any()


def test_benjamini_and_hochberg():
    adjusted = rules.false_share(np.array([0.01, 0.04, 0.03, 0.5]), 4)
    assert adjusted == pytest.approx([0.04, 0.04 * 4 / 3, 0.04 * 4 / 3, 0.5])


def test_what_is_left_has_to_be_unusual_by_itself():
    assert rules.still_unusual(20, [1, 2, 1, 2], TERMS)
    assert not rules.still_unusual(4, [0, 0, 0, 0], TERMS)
    assert not rules.still_unusual(20, [15, 14, 16, 15], TERMS)


def test_it_is_calm_when_no_more_come_than_usual():
    assert rules.is_calm(5, [5, 6, 4, 5])
    assert not rules.is_calm(25, [5, 6, 4, 5])


def test_ordinary_traffic_raises_next_to_nothing_and_a_planted_crisis_is_found():
    found = simulation.traffic(per_day=150, weeks=10, varies=0.08, seed=3)
    since, until = 9 * simulation.WEEK * simulation.STEPS, (found.hours - 1) * simulation.STEPS
    quick = SHIPPED["quick"]
    assert len(simulation.alarms(found, quick, since=since, until=until)) <= 1
    thing, step = found.names.index("product:3"), (9 * simulation.WEEK + 14) * simulation.STEPS
    planted = simulation.plant(found, quick, thing=thing, step=step, per_hour=25, hours=6, seed=1)
    assert planted.found_after is not None
    assert planted.found_after <= simulation.STEPS


def test_traffic_has_the_rhythm_and_the_make_up_that_it_says():
    found = simulation.traffic(per_day=400, weeks=3, varies=0.08, seed=5)
    hourly = found.counts[found.names.index("all:0")].reshape(-1, simulation.STEPS).sum(axis=1)
    by_hour = hourly.reshape(-1, simulation.DAY).mean(axis=0)
    assert by_hour[3:6].sum() < by_hour[14:17].sum()
    assert hourly.sum() == pytest.approx(400 * 21, rel=0.25)
    products = [place for place, name in enumerate(found.names) if name.startswith("product:")]
    assert found.counts[products].sum() == hourly.sum()
