import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from kpis.experiments import rules
from kpis.experiments.rules import Arm, Difference, Form
from kpis.models import Direction, Finding
from kpis.stats import sample_size

pytestmark = pytest.mark.req("K7")
UP, DOWN = Direction.UP, Direction.DOWN
HALVES = {"a": 50, "b": 50}
salts = st.text(min_size=1, max_size=20)
shares = st.integers(1, 99)


@given(salts, st.integers(1, 10**12), shares)
def test_a_member_has_the_same_variant_each_time(salt, member, share):
    weights = {"a": 100 - share, "b": share}
    assert rules.arm_of(salt, member, weights) == rules.arm_of(salt, member, dict(reversed(weights.items())))


@pytest.mark.parametrize("share", [1, 10, 50, 90])
def test_members_are_split_by_the_shares(share):
    counts = Counter(rules.arm_of("salt", member, {"a": 100 - share, "b": share}) for member in range(20_000))
    assert rules.split_of(counts, {"a": 100 - share, "b": share}) > rules.RARE


def test_two_experiments_split_independently():
    both = Counter(
        (rules.arm_of("one", member, HALVES), rules.arm_of("two", member, HALVES)) for member in range(20_000)
    )
    table = [[both[first, second] for second in "ab"] for first in "ab"]
    assert scipy_stats.chi2_contingency(table).pvalue > rules.RARE


def test_no_member_is_ever_moved():
    # by hand: the first 16 hex digits of `printf 'salt:1' | sha256sum`, and so on, modulo 100
    assert "".join(rules.arm_of("salt", member, HALVES) for member in range(1, 13)) == "baabaabbbbba"


def test_shares_are_planned_by_the_textbook():
    assert rules.planned(Form.SHARE, Arm(1_000, 200, 200), 5, 0.8, UP) == sample_size(0.2, 0.25)
    assert rules.planned(Form.SHARE, Arm(1_000, 200, 200), 5, 0.9, DOWN) == sample_size(0.2, 0.15, 0.9)


def test_means_are_planned_by_their_spread():
    before = rules.arm([3.0] * 50 + [5.0] * 50)
    # n = 2 (1.96 + 0.8416)² σ² / δ², σ² = 100/99, δ = 0.5
    assert rules.planned(Form.MEAN, before, 0.5, 0.8, UP) == math.ceil(2 * 7.8489 * 100 / 99 / 0.25)


@pytest.mark.parametrize(
    ("form", "before", "effect"),
    [
        (Form.SHARE, Arm(1_000, 950, 950), 10),
        (Form.SHARE, Arm(29, 10, 10), 10),
        (Form.MEAN, rules.arm([4.0] * 100), 0.5),
        (Form.MEAN, rules.arm([4.0, 5.0] * 50), 0),
    ],
)
def test_what_cannot_be_planned_is_refused(form, before, effect):
    with pytest.raises(ValueError, match=r"\w"):
        rules.planned(form, before, effect, 0.8, UP)


@given(st.integers(2, 10_000), shares)
def test_uneven_shares_take_more_and_no_more_than_needed(size, share):
    total = rules.in_all(size, {"a": 100 - share, "b": share})
    assert total >= 2 * size
    worth, one_less = (
        rules.effective(number * share / 100, number * (100 - share) / 100) for number in (total, total - 1)
    )
    assert one_less < size + 1e-6
    assert worth > size - 1e-6


@given(st.integers(0, 500), st.integers(0, 500))
def test_two_arms_are_worth_no_more_than_twice_the_smaller(first, second):
    worth = rules.effective(first, second)
    assert min(first, second) <= worth <= min(2 * min(first, second), max(first, second)) or not worth


def test_means_are_compared_after_welch():
    one, two = [1.0, 2, 3, 4, 5], [2.0, 4, 6, 8, 10, 12]
    found = rules.compare(Form.MEAN, rules.arm(one), rules.arm(two))
    wanted = scipy_stats.ttest_ind(two, one, equal_var=False)
    assert found.p == pytest.approx(wanted.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(wanted.confidence_interval()))


def test_shares_are_told_in_percentage_points():
    found = rules.compare(Form.SHARE, Arm(80, 48, 48), Arm(70, 56, 56))
    assert (found.change, found.low, found.high) == pytest.approx((20, 5.24, 33.39), abs=0.01)


@pytest.mark.parametrize(("better", "sign"), [(UP, -1), (DOWN, 1)])
def test_harm_is_more_than_the_margin_to_the_worse(better, sign):
    generator = np.random.default_rng(1)
    first = rules.arm(list(generator.normal(10, 2, 400)))
    worse = rules.arm(list(generator.normal(10 + 2 * sign, 2, 400)))
    assert rules.harm(Form.MEAN, first, worse, better, 1) < rules.RARE
    assert rules.harm(Form.MEAN, first, worse, better, 3) > 0.9
    assert rules.harm(Form.MEAN, worse, first, better, 1) > 0.9


def test_few_harm_nothing_and_none_is_not_certainty():
    assert rules.harm(Form.SHARE, Arm(29, 0, 0), Arm(29, 29, 29), DOWN, 0) == 1.0
    assert 0.001 < rules.harm(Form.SHARE, Arm(40, 0, 0), Arm(40, 4, 4), DOWN, 0) < 0.2


SURE, NONE = Difference(5, 2, 8, 0.001), Difference(1, -2, 4, 0.4)


@pytest.mark.parametrize(
    ("split", "main", "better", "harms", "found"),
    [
        (0.5, SURE, UP, [], Finding.BETTER),
        (0.5, SURE, DOWN, [0.5], Finding.WORSE),
        (0.5, NONE, UP, [0.5], Finding.NO_DIFFERENCE),
        (0.5, Difference(None, None, None, None), UP, [], Finding.NO_DIFFERENCE),
        (0.5, SURE, UP, [0.01, 0.9], Finding.HARM),
        (0.5, SURE, UP, [0.03, 0.9], Finding.BETTER),  # Holm: 0.06
        (0.0009, SURE, UP, [0.001], Finding.BROKEN),
    ],
)
def test_what_the_numbers_say(split, main, better, harms, found):
    assert rules.judge(split=split, main=main, better=better, harms=harms).finding == found


def test_what_was_not_judged_is_not_shipped():
    assert rules.may_keep(Finding.STOPPED) == rules.may_keep(Finding.BROKEN) == ("a",)
    assert rules.may_keep(Finding.NO_DIFFERENCE) == ("a", "b")
