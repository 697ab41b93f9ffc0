import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from kpis.stats import holm, paired, sample_size, srm, two_proportions

pytestmark = pytest.mark.req("K7")
floats = st.floats(-1e3, 1e3)


def test_two_shares_with_newcombes_interval():
    # Newcombe 1998, table II, 56/70 less 48/80: 0.2 (0.0524 to 0.3339); here the second less the first
    found = two_proportions(48, 80, 56, 70)
    assert [round(one, 4) for one in (found.difference, found.low, found.high)] == [0.2, 0.0524, 0.3339]


def test_few_are_judged_by_fisher():
    # Fisher 1935, the lady tasting tea: 3 of 4 against 1 of 4, two-sided
    assert round(two_proportions(1, 4, 3, 4).fisher_p, 4) == 0.4857


def test_nobody_in_an_arm_is_no_figure():
    found = two_proportions(0, 0, 3, 4)
    assert (found.difference, found.p, found.fisher_p) == (None, None, None)


def test_holm_keeps_order_and_stays_below_one():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@given(st.lists(st.integers(0, 500), min_size=2, max_size=5))
def test_srm_is_pearsons_chi_square(counts):
    if sum(counts):
        assert srm(counts, [1] * len(counts)) == pytest.approx(scipy_stats.chisquare(counts).pvalue)
    assert srm([*counts, 7], [*[1] * len(counts), 0]) == srm(counts, [1] * len(counts))


def test_srm_by_weights():
    assert srm([900, 100], [9, 1]) == pytest.approx(1)
    assert srm([821, 179], [9, 1]) < 1e-9
    assert srm([5], [1]) == srm([0, 0], [1, 1]) == srm([], []) == 1.0
    for counts, weights in (([1], [1, 1]), ([-1, 2], [1, 1]), ([1, 2], [1, -1])):
        with pytest.raises(ValueError, match="weight"):
            srm(counts, weights)


@given(st.lists(st.tuples(floats, floats), min_size=2, max_size=40))
def test_paired_is_students_test_of_the_differences(pairs):
    before, after = [one for one, _ in pairs], [one for _, one in pairs]
    found, differences = paired(before, after), [b - a for a, b in pairs]
    if max(differences) - min(differences) < 1e-6:
        return
    wanted = scipy_stats.ttest_rel(after, before)
    low, high = wanted.confidence_interval()
    assert (found.p, found.low, found.high) == pytest.approx((wanted.pvalue, low, high), rel=1e-6, abs=1e-9)


def test_paired_of_too_little():
    assert paired([], []).difference is None
    assert (paired([1], [3]).difference, paired([1], [3]).p) == (2, None)
    assert paired([1, 2], [3, 4]).p == 0
    with pytest.raises(ValueError, match="after"):
        paired([1], [])


def test_sample_size_of_the_textbook():
    # Fleiss, Levin & Paik 2003, table A.4 without correction: 0.25 against 0.40 at 80 % takes 152 an arm
    assert sample_size(0.25, 0.40) == 152
    assert sample_size(0.4, 0.25) == 152
    for wrong in ((0, 0.5), (0.5, 0.5), (0.5, 1)):
        with pytest.raises(ValueError, match="between"):
            sample_size(*wrong)


def test_the_planned_size_finds_the_planned_difference_as_often_as_promised():
    rng = random.Random(7)
    n, runs = sample_size(0.3, 0.4), 400
    found = sum(
        two_proportions(
            sum(rng.random() < 0.3 for _ in range(n)), n, sum(rng.random() < 0.4 for _ in range(n)), n
        ).p
        < 0.05
        for _ in range(runs)
    )
    assert 0.74 < found / runs < 0.86
