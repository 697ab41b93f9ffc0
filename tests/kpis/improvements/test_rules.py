"""Windows, effects and verdicts; how often a planted effect is found, and nothing taken for one."""

import math
import random
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.improvements import rules
from kpis.improvements.rules import Days, Effect
from kpis.metrics.rules import Counted, Form
from kpis.models import Direction, Verdict

pytestmark = pytest.mark.req("K6")

DAY = date(2026, 3, 2)
shares = st.integers(0, 400).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


def counted(pair):
    n, hits = pair
    return Counted(n, hits, hits)


def test_both_windows_have_the_same_weekdays_and_leave_the_work_out():
    before = rules.before_days(DAY, 28)
    after = rules.after_days(DAY + timedelta(5), 28, {}, 0, DAY + timedelta(99))
    assert before == Days(DAY - timedelta(28), DAY - timedelta(1))
    assert after == Days(DAY + timedelta(6), DAY + timedelta(33))
    assert before.number == after.number == 28


@given(st.integers(1, 13), st.integers(0, 5_000), st.integers(0, 400), st.integers(0, 60))
def test_the_window_afterwards_grows_by_whole_weeks_until_enough_was_measured(weeks, needed, passed, each):
    by_day = {DAY + timedelta(number): Counted(each) for number in range(500)}
    days = rules.after_days(DAY, 7 * weeks, by_day, needed, DAY + timedelta(passed))
    if days is None:
        return
    assert days.number % 7 == 0
    assert 7 * weeks <= days.number <= 7 * rules.LONGEST_WEEKS
    assert days.last < DAY + timedelta(passed)
    longest = days.number == 7 * rules.LONGEST_WEEKS
    assert longest or rules.total(by_day, days).n >= needed
    if days.number > 7 * weeks:
        assert rules.total(by_day, Days(days.first, days.last - timedelta(7))).n < needed


@pytest.mark.parametrize("form", list(Form))
@given(one=shares, two=shares)
def test_the_change_lies_in_its_interval_and_turns_round(form, one, two):
    there, back = (
        rules.compare(form, counted(one), counted(two)),
        rules.compare(form, counted(two), counted(one)),
    )
    if there.change is None:
        assert there == Effect(None, None, None, None)
        return
    assert math.isclose(there.change, -back.change, abs_tol=1e-9)
    if there.low is not None:
        assert there.low - 1e-9 <= there.change <= there.high + 1e-9
        assert math.isclose(there.low, -back.high, abs_tol=1e-6)


@pytest.mark.parametrize("form", list(Form))
@given(one=shares, two=shares, three=shares, four=shares)
def test_a_control_group_that_changes_as_much_leaves_nothing(form, one, two, three, four):
    a, b, c, d = (counted(each) for each in (one, two, three, four))
    found = rules.in_differences(form, a, b, c, d)
    if found.change is None:
        return
    same = rules.in_differences(form, a, b, a, b)
    assert math.isclose(same.change, 0, abs_tol=1e-9)
    plain, control = rules.compare(form, a, b).change, rules.compare(form, c, d).change
    assert math.isclose(found.change, plain - control, abs_tol=1e-6)
    swapped = rules.in_differences(form, c, d, a, b)
    assert math.isclose(found.change, -swapped.change, abs_tol=1e-6)


def test_difference_in_differences_by_hand():
    """20 % to 10 % of 200 each, the control group 20 % to 18 %: ten points less two."""
    found = rules.in_differences(
        Form.SHARE, Counted(200, 40), Counted(200, 20), Counted(200, 40), Counted(200, 36)
    )
    variances = [10_000 * (hits + 1) / 202 * (1 - (hits + 1) / 202) / 202 for hits in (40, 20, 40, 36)]
    assert found.change == pytest.approx(-8)
    assert found.high - found.change == pytest.approx(1.959964 * math.sqrt(sum(variances)), rel=1e-5)


def test_nothing_measured_is_no_effect_and_no_verdict():
    for form in Form:
        assert rules.compare(form, Counted(), Counted(5, 1, 1)).change is None
        assert rules.in_differences(form, *[Counted()] * 4).change is None


JUDGED = {"today": DAY, "check_on": DAY, "is_over": True}


@pytest.mark.parametrize(
    ("better", "low", "high", "verdict"),
    [
        (Direction.UP, 1, 2, Verdict.PROVED),
        (Direction.UP, -2, -1, Verdict.NO_EFFECT),
        (Direction.UP, -1, 1, Verdict.NO_EFFECT),
        (Direction.UP, 0, 1, Verdict.NO_EFFECT),
        (Direction.DOWN, -2, -1, Verdict.PROVED),
        (Direction.DOWN, 1, 2, Verdict.NO_EFFECT),
        (Direction.DOWN, None, None, Verdict.NO_EFFECT),
    ],
)
def test_proved_only_where_the_interval_excludes_nothing_on_the_better_side(better, low, high, verdict):
    effect = Effect(0.0, low, high, None)
    assert rules.judge(effect=effect, better=better, **JUDGED) == verdict
    for late in ({"today": DAY - timedelta(1)}, {"is_over": False}):
        assert rules.judge(effect=effect, better=better, **{**JUDGED, **late}) == Verdict.TOO_EARLY


def test_how_many_are_needed():
    before = Counted(1000, 200, 200)
    alone = rules.needed(Form.SHARE, Direction.DOWN, before, 5, with_control=False)
    assert alone == 906  # of 20 % and 15 %: Fleiss's tables say 906 without his correction
    assert rules.needed(Form.SHARE, Direction.DOWN, before, 5, with_control=True) == 2 * alone
    assert rules.needed(Form.SHARE, Direction.UP, Counted(100, 100), 50, with_control=False) == 30
    assert rules.needed(Form.MEAN, Direction.UP, Counted(), 1, with_control=False) == rules.FEWEST


@given(shares, st.floats(0.001, 1e6), st.sampled_from(list(Form)), st.sampled_from(list(Direction)))
def test_whatever_is_expected_some_number_is_needed(pair, expected, form, better):
    assert rules.needed(form, better, counted(pair), expected, with_control=True) >= rules.FEWEST


def test_what_came_back_is_as_bad_as_before_and_worse_than_afterwards():
    before, after = of_thousand(200), of_thousand(100)

    def is_back(now, control=None):
        own = rules.Course(before, after, now)
        return rules.came_back(own, control, form=Form.SHARE, better=Direction.DOWN)

    assert is_back(before)
    assert not is_back(after)
    assert not is_back(of_thousand(160))  # worse again, not as before
    assert not is_back(Counted(20, 20, 20))  # too few
    assert not is_back(Counted())


def of_thousand(hits):
    return Counted(1000, hits, hits)


@pytest.mark.parametrize(
    ("now", "control_now", "is_back"),
    [
        (200, 200, True),
        (200, 350, False),  # everything got worse, this no more than that: the effect is still there
        (100, 100, True),  # everything got better, this no more than that: it is gone
        (100, 200, False),
    ],
)
def test_what_was_proved_beside_a_control_group_is_looked_at_beside_it(now, control_now, is_back):
    own = rules.Course(of_thousand(200), of_thousand(50), of_thousand(now))
    control = rules.Course(of_thousand(200), of_thousand(200), of_thousand(control_now))
    found = rules.came_back(own, control, form=Form.SHARE, better=Direction.DOWN)
    assert found is is_back


@pytest.mark.parametrize("few", [0, 2, 29])
@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("form", list(Form))
def test_with_few_in_any_group_nothing_is_said(form, place, few):
    groups = [Counted(400, 300, 300)] * 4
    groups[place] = Counted(few, few // 2, few // 2)
    assert rules.in_differences(form, *groups) == Effect(None, None, None, None)


def test_a_small_control_group_proves_nothing_falsely():
    """At the least that is compared: 2.5 % one-sided, as of big groups."""
    random_, wrong = random.Random(7), 0

    def score(number):
        said = [random_.choice([1, 3, 4, 5, 5]) for _each in range(number)]
        return Counted(number, sum(said), sum(one * one for one in said))

    for _run in range(RUNS):
        few = score(rules.FEWEST), score(rules.FEWEST)
        wrong += rules.in_differences(Form.MEAN, score(400), score(400), *few).is_better(Direction.UP)
    assert wrong / RUNS < 0.04


def test_the_window_afterwards_waits_for_the_control_group_too():
    def days(number, each):
        return {DAY + timedelta(one): Counted(each) for one in range(number)}

    given = {"window": 7, "by_day": days(400, 100), "needed": 30}
    found = rules.after_days(DAY, **given, today=DAY + timedelta(300), control=days(400, 1))
    assert (found.number, rules.after_days(DAY, **given, today=DAY + timedelta(300)).number) == (35, 7)
    assert rules.after_days(DAY, **given, today=DAY + timedelta(20), control=days(400, 1)) is None
    assert rules.after_days(DAY, **given, today=DAY + timedelta(300), control={}).number == 182


RUNS = 1_000


def draw(random_, form, rate, n):
    if form is Form.SHARE:
        hits = int(random_.binomial(n, rate))
        return Counted(n, hits, hits)
    if form is Form.RATIO:
        hits = int(random_.poisson(n * rate))
        return Counted(n, hits, hits)
    stars = random_.choice([1, 2, 3, 4, 5], size=n, p=[rate, 0.1, 0.1, 0.3, 0.5 - rate])
    return Counted(n, int(stars.sum()), int((stars**2).sum()))


def rates_of(form, *, control, seed=7):
    """The share of runs proved with a planted effect of the expected size, and with nothing planted."""
    random_ = np.random.default_rng(seed)
    before, after = (0.20, 0.15)
    expected = {Form.SHARE: 5, Form.RATIO: 5, Form.MEAN: 0.2}[form]
    better = Direction.UP if form is Form.MEAN else Direction.DOWN
    proved = []
    for late in (after, before):
        n = 0
        for _run in range(RUNS):
            big = draw(random_, form, before, 20_000)
            n = rules.needed(form, better, big, expected, with_control=control)
            one, two = draw(random_, form, before, n), draw(random_, form, late, n)
            if control:
                others = draw(random_, form, before, n), draw(random_, form, before, n)
                effect = rules.in_differences(form, one, two, *others)
            else:
                effect = rules.compare(form, one, two)
            proved.append(rules.judge(effect=effect, better=better, **JUDGED) == Verdict.PROVED)
    return sum(proved[:RUNS]) / RUNS, sum(proved[RUNS:]) / RUNS


@pytest.mark.parametrize("control", [False, True])
@pytest.mark.parametrize("form", list(Form))
def test_a_planted_effect_is_found_and_nothing_is_not(form, control, capsys):
    """One side of 95 %: about 2.5 % of nothing; the needed number finds four of five effects."""
    found, mistaken = rates_of(form, control=control)
    with capsys.disabled():
        print(f"\n{form} control={control}: planted {found:.1%} proved, nothing {mistaken:.1%} ({RUNS} runs)")
    assert 0.74 < found < 0.88
    assert mistaken < 0.045


def test_two_simulations_agree_on_a_drift_that_only_a_control_group_sees():
    """Everything gets better by itself: before and after alone is deceived, the control group is not."""
    random_ = np.random.default_rng(random.Random(5).randrange(10**6))
    alone = together = 0
    for _run in range(300):
        one, two, three, four = (draw(random_, Form.SHARE, rate, 1_000) for rate in (0.2, 0.15, 0.2, 0.15))
        alone += rules.compare(Form.SHARE, one, two).is_better(Direction.DOWN)
        together += rules.in_differences(Form.SHARE, one, two, three, four).is_better(Direction.DOWN)
    assert alone > 200
    assert together < 20
