"""The growth test: its chances, its correction, and how often it is wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from feedback.gaps import statistics
from feedback.gaps.statistics import Counts

pytestmark = pytest.mark.req("F12")


def test_the_chance_is_the_binomials_upper_tail():
    counts = Counts(7, 100, 10, 800)
    assert statistics.chance(counts) == pytest.approx(stats.binom.sf(6, 17, 100 / 900))


def test_nothing_can_be_said_of_nothing():
    for counts in (Counts(0, 10, 5, 80), Counts(3, 0, 5, 80), Counts(3, 10, 5, 0)):
        assert statistics.chance(counts) == 1.0
    assert statistics.share(0, 0).value is None
    assert statistics.mean(0, 0, 0).value is None
    assert statistics.mean(4, 16, 1).low is None
    assert statistics.variance([]) == 0.0
    assert not statistics.could_show(Counts(0, 10, 0, 80))


def test_benjamini_and_hochberg_by_an_example():
    chances = [0.01, 0.04, 0.03, 0.5]
    assert statistics.false_share(chances) == pytest.approx(stats.false_discovery_control(chances))


@given(st.lists(st.floats(0, 1), max_size=12))
def test_the_correction_is_that_of_scipy(chances):
    ours = statistics.false_share(chances)
    assert ours == pytest.approx(list(stats.false_discovery_control(chances)) if chances else [])


@given(
    st.integers(1, 60), st.integers(60, 500), st.integers(0, 300), st.integers(300, 4_000), st.floats(0, 2)
)
def test_more_gaps_are_never_likelier(gaps, n, usual, usual_n, varies):
    less, more = Counts(gaps, n, usual, usual_n), Counts(gaps + 1, n, usual, usual_n)
    assert statistics.chance(more, varies) <= statistics.chance(less, varies) + 1e-9


def test_a_mean_has_students_interval():
    interval = statistics.mean(12, 50, 3)
    assert interval.value == 4
    low, high = stats.t.interval(0.95, 2, 4, np.sqrt(1 / 3))
    assert (interval.low, interval.high) == pytest.approx((low, high))
    assert interval.is_small


def test_a_share_has_wilsons_interval():
    interval = statistics.share(5, 50)
    assert (interval.low, interval.high) == pytest.approx((0.04347577, 0.21360233), abs=1e-6)


def test_with_heaps_it_is_the_beta_binomials_upper_tail():
    counts = Counts(7, 100, 10, 800)
    assert statistics.chance(counts, 0.25) == pytest.approx(stats.betabinom.sf(6, 17, 36 / 9, 36 * 8 / 9))
    assert statistics.chance(counts, 1e-9) == pytest.approx(statistics.chance(counts), rel=1e-3)


def test_heaps_are_seen():
    assert statistics.variance([[(5, 100)] * 8] * 20) == 0.0
    random = np.random.default_rng(1)
    weeks = random.poisson(20 * random.gamma(4, 1 / 4, (400, 8)))
    assert 0.2 < statistics.variance([[(int(one), 100) for one in row] for row in weeks]) < 0.3


@pytest.mark.parametrize("size", [None, 4.0])
def test_false_alarms_are_as_rare_as_it_says(size):
    """Where nothing has grown: the share of looks that show anything, at 200 spots of all sizes."""
    random = np.random.default_rng(7)
    looks, alarms = 100, 0
    for _look in range(looks):
        n = random.integers(20, 3_000, 200)
        rate = n * 0.04
        heap = np.ones((200, 9)) if size is None else random.gamma(size, 1 / size, (200, 9))
        weeks = random.poisson(rate[:, None] * heap)
        varies = statistics.variance(
            [[(int(gaps), int(one)) for gaps in row[1:]] for row, one in zip(weeks, n, strict=True)]
        )
        counts = [
            Counts(int(row[0]), int(one), int(row[1:].sum()), int(8 * one))
            for row, one in zip(weeks, n, strict=True)
        ]
        tested = [one for one in counts if statistics.could_show(one, varies)]
        adjusted = statistics.false_share([statistics.chance(one, varies) for one in tested])
        alarms += any(statistics.has_grown(one, at) for one, at in zip(tested, adjusted, strict=True))
    assert alarms / looks <= 0.05 + 2 * (0.05 * 0.95 / looks) ** 0.5
