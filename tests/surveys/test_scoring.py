from decimal import Decimal
from fractions import Fraction
from math import gamma, isclose, pi, sqrt
from statistics import fmean, variance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.scoring import ScoreError, ces, csat, nps, student, wilson

pytestmark = pytest.mark.req("S5")


def about(value: float, digits: int = 2):
    return pytest.approx(value, abs=0.5 * 10**-digits)


def answers(scale: int, at_least: int):
    return st.tuples(st.just(scale), st.lists(st.integers(1, scale), min_size=at_least))


# --- nobody answered ---


@pytest.mark.parametrize("figure", [nps([]), csat([]), ces([]), csat([], scale=7), ces([], scale=7)])
def test_no_answer_is_no_figure(figure):
    assert figure.value is figure.low is figure.high is None
    assert figure.n == 0


def test_no_answer_keeps_the_scale():
    assert csat([], scale=7).counts == (0,) * 7
    assert (csat([]).mean, ces([]).agree) == (None, None)


# --- NPS ---


def test_nps_by_hand():
    figure = nps([10] * 30 + [9] * 20 + [8] * 20 + [7] * 10 + [6] * 10 + [0] * 10)
    # 50 promoters, 30 passives, 20 detractors: 0.5 - 0.2 = 0.3; variance 0.7 - 0.09; 1.96·√0.0061 = 0.1531
    assert (figure.promoters, figure.passives, figure.detractors, figure.n) == (50, 30, 20, 100)
    assert figure.value == pytest.approx(30)
    assert (figure.low, figure.high) == (about(14.69), about(45.31))


@pytest.mark.parametrize(("score", "value"), [(0, -100), (6, -100), (7, 0), (8, 0), (9, 100), (10, 100)])
def test_nps_groups(score, value):
    assert nps([score]).value == value


def test_nps_stays_within_its_scale():
    figure = nps([10] * 9 + [0])
    assert figure.value == pytest.approx(80)
    assert (figure.low, figure.high) == (about(42.81), 100)  # 1.96·√(0.36 / 10) = 0.3719
    assert nps([0] * 9 + [10]).low == -100


@given(st.lists(st.integers(0, 10), min_size=1))
def test_nps_is_the_mean_of_plus_one_zero_minus_one(scores):
    marks = [100 if score > 8 else -100 if score < 7 else 0 for score in scores]
    figure = nps(scores)
    assert figure.value == pytest.approx(fmean(marks), abs=1e-9)
    assert -100 <= figure.low <= figure.value + 1e-9
    assert figure.value - 1e-9 <= figure.high <= 100
    spread = sum((mark - fmean(marks)) ** 2 for mark in marks) / len(marks)
    assert figure.high - figure.low <= 2 * 1.96 * sqrt(spread / len(marks)) + 1e-6


# --- CSAT ---


def test_csat_by_hand():
    figure = csat([5] * 50 + [4] * 31 + [3] * 10 + [2] * 5 + [1] * 4)
    assert figure.counts == (4, 5, 10, 31, 50)
    assert (figure.satisfied, figure.n, figure.value) == (81, 100, 81)
    assert figure.mean == pytest.approx(4.18)
    assert (figure.low, figure.high) == (about(72.22), about(87.49))


def test_wilson_gives_the_published_intervals():
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", Stat. in Medicine 17, table I
    for (successes, n), (low, high) in {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0000, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }.items():
        assert wilson(successes, n) == (about(low, 4), about(high, 4))


@pytest.mark.parametrize(
    ("scale", "scores", "value"), [(3, [1, 2, 3], 200 / 3), (7, [5, 6, 7], 200 / 3), (10, [8, 9], 50)]
)
def test_csat_counts_the_top_two_of_any_scale(scale, scores, value):
    assert csat(scores, scale=scale).value == pytest.approx(value)


@given(
    st.integers(3, 10).flatmap(
        lambda scale: st.tuples(st.just(scale), st.lists(st.integers(1, scale), min_size=1))
    )
)
def test_csat_is_the_share_within_its_interval(drawn):
    scale, scores = drawn
    figure = csat(iter(scores), scale)
    assert figure.n == len(scores) == sum(figure.counts)
    assert isclose(figure.value, 100 * sum(score >= scale - 1 for score in scores) / len(scores))
    assert figure.mean == pytest.approx(fmean(scores))
    assert 0 <= figure.low <= figure.value <= figure.high <= 100
    assert figure.low < figure.high


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_solves_the_score_equation(drawn):
    successes, n = drawn
    share = successes / n
    for bound in wilson(successes, n):
        assert (share - bound) ** 2 == pytest.approx(1.959964**2 * bound * (1 - bound) / n, abs=1e-6)


# --- CES ---


def test_ces_by_hand():
    figure = ces([5, 4, 4, 3, 2])
    # mean 18 / 5; s² = (1.96 + 0.16 + 0.16 + 0.36 + 2.56) / 4 = 1.3; t(4)·√(1.3 / 5) = 2.7764·0.5099 = 1.4157
    assert figure.value == pytest.approx(3.6)
    assert (figure.low, figure.high) == (about(2.18), about(5.0))
    assert figure.low == about(2.1843, 4)
    assert (figure.agree, figure.agreeing, figure.counts) == (60, 3, (0, 1, 1, 2, 1))


def test_ces_of_seven_agrees_from_five():
    figure = ces([7, 6, 5, 4], scale=7)
    assert (figure.value, figure.agree) == (5.5, 75)
    assert ces([4], scale=5).agree == 100


def test_one_answer_has_a_mean_but_no_interval():
    figure = ces([4])
    assert (figure.value, figure.n, figure.low, figure.high) == (4, 1, None, None)


@given(
    st.sampled_from([5, 7]).flatmap(
        lambda scale: st.tuples(st.just(scale), st.lists(st.integers(1, scale), min_size=2))
    )
)
def test_ces_is_the_mean_within_its_interval(drawn):
    scale, scores = drawn
    figure = ces(scores, scale)
    margin = student(len(scores) - 1) * sqrt(variance(map(Fraction, scores)) / len(scores))
    assert figure.value == pytest.approx(fmean(scores))
    assert figure.low == pytest.approx(max(1, fmean(scores) - margin))
    assert figure.high == pytest.approx(min(scale, fmean(scores) + margin))


def mass(t: float, freedom: int, steps: int = 4000) -> float:
    """The probability between -t and t, by Simpson's rule."""
    scale = gamma((freedom + 1) / 2) / gamma(freedom / 2) / sqrt(pi * freedom)
    width = t / steps
    values = [scale * (1 + (k * width) ** 2 / freedom) ** (-(freedom + 1) / 2) for k in range(steps + 1)]
    return 2 * width / 3 * (values[0] + 4 * sum(values[1:-1:2]) + 2 * sum(values[2:-1:2]) + values[-1])


@pytest.mark.parametrize("freedom", [*range(1, 41), 60, 100, 250])
def test_student_leaves_five_percent_outside(freedom):
    assert mass(student(freedom), freedom) == pytest.approx(0.95, abs=5e-6)


def test_student_becomes_normal():
    assert student(10**9) == pytest.approx(1.959964, abs=1e-6)
    assert all(student(freedom) > student(freedom + 1) for freedom in range(1, 100))


# --- what is not an answer ---


@pytest.mark.parametrize("figure", [nps, csat, ces])
@pytest.mark.parametrize("score", [-1, 11, 4.0, 4.5, "4", True, None, Decimal(4), float("nan"), [4], 10**30])
def test_what_is_no_answer_is_refused(figure, score):
    with pytest.raises(ScoreError):
        figure([4, score, 5])


def test_the_ends_of_the_scale():
    assert nps([0, 10]).n == 2
    for figure in (csat, ces):
        assert figure([1, 5]).n == 2
        for score in (0, 6):
            with pytest.raises(ScoreError):
                figure([score])


@pytest.mark.parametrize("scale", [0, 2, 11, 5.5, "5", None])
def test_csat_refuses_an_unknown_scale(scale):
    with pytest.raises(ScoreError):
        csat([1], scale=scale)


@pytest.mark.parametrize("scale", [3, 6, 10, "5", None])
def test_ces_refuses_a_scale_without_a_meaning(scale):
    with pytest.raises(ScoreError):
        ces([1], scale=scale)
