"""Turns and outliers: by hand, of nothing planted, and of what is planted. Seeds are fixed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.alerts.rules import (
    FAR,
    FEWEST_A_DAY,
    LIMIT,
    REFERENCE,
    SHORTEST,
    WATCHED,
    Series,
    is_back,
    outlier,
    standardised,
    turn,
    usual,
)
from kpis.metrics.rules import Counted, Form

pytestmark = pytest.mark.req("K2")
HISTORY = REFERENCE + WATCHED


def shares(random, days, *, n=60, level=0.92, shift=None):
    """Days of a share that varies a little beyond chance, weekends lower; `shift` moves it from a day on."""
    weekend = np.arange(days) % 7 >= 5
    each = random.poisson(np.where(weekend, n / 2, n))
    rates = np.clip(random.normal(np.where(weekend, level - 0.04, level), 0.02), 0.01, 0.99)
    if shift:
        rates[shift[0] :] = np.clip(rates[shift[0] :] + shift[1], 0.01, 0.99)
    hits = random.binomial(each, rates)
    return Series(Form.SHARE, 0, each.astype(float), hits.astype(float), hits.astype(float))


def constant(form, days, n, total, squares=None):
    return Series.of(form, 0, [Counted(n, total, total if squares is None else squares)] * days)


def changed(series, day, n, total, squares=None):
    parts = [part.copy() for part in (series.n, series.total, series.squares)]
    for part, one in zip(parts, (n, total, total if squares is None else squares), strict=True):
        part[day] = one
    return Series(series.form, series.weekday, *parts)


def test_a_chance_of_few_is_told_exactly():
    days = Series.of(Form.SHARE, 0, [Counted(4, 4), Counted(4, 0), Counted(0, 0)])
    z = standardised(days, np.full(3, 0.5), 0.25)
    # 4 of 4 at one half: less likely than 15/16, half of the last 1/16 on top (mid-p): ndtri(31/32)
    assert z == pytest.approx([1.8627, -1.8627, 0.0], abs=1e-4)


def test_counts_are_told_by_poisson_and_means_by_their_spread():
    z = standardised(Series.of(Form.RATIO, 0, [Counted(100, 0)]), np.full(1, 0.01), 0.01)
    assert z == pytest.approx([-0.9004], abs=1e-4)  # ndtri(exp(-1) / 2)
    z = standardised(Series.of(Form.MEAN, 0, [Counted(25, 110)]), np.full(1, 4.0), 1.0)
    assert z == pytest.approx([2.0])


@given(st.lists(st.tuples(st.integers(0, 300), st.floats(0, 1)), min_size=1, max_size=100), st.integers(0, 6))
def test_whatever_there_is_nothing_breaks(days, weekday):
    counts = [Counted(n, round(n * share), round(n * share)) for n, share in days]
    for form in Form:
        series = Series.of(form, weekday, counts)
        for found in (turn(series), outlier(series)):
            assert found is None or np.isfinite([found.usual, found.now]).all()


def test_too_few_days_or_measured_are_not_watched():
    assert usual(constant(Form.SHARE, 19, 100, 90)) is None
    assert usual(constant(Form.SHARE, 56, 3, 2)) is None
    series = constant(Form.SHARE, SHORTEST, 100, 90)
    assert turn(series) is None
    assert outlier(changed(series, -1, 100, 0)) is None
    assert outlier(changed(constant(Form.SHARE, HISTORY, 100, 90), -1, FEWEST_A_DAY - 1, 0)) is None


def test_weekdays_that_differ_are_learned_and_chance_is_not():
    random = np.random.default_rng(7)
    n = np.full(56, 400.0)
    weekend = np.arange(56) % 7 >= 5
    hits = random.binomial(400, np.where(weekend, 0.6, 0.9)).astype(float)
    known = usual(Series(Form.SHARE, 0, n, hits, hits))
    assert known.rates[5] == pytest.approx(0.6, abs=0.03)
    assert known.rates[0] == pytest.approx(0.9, abs=0.03)
    hits = random.binomial(400, 0.9, 56).astype(float)
    known = usual(Series(Form.SHARE, 0, n, hits, hits))
    assert np.ptp(known.rates) < 0.02


def test_a_day_far_from_its_weekdays_is_an_outlier_and_a_usual_weekend_is_none():
    random = np.random.default_rng(3)
    series = shares(random, HISTORY)
    n = series.n[-1]
    assert outlier(series) is None
    found = outlier(changed(series, -1, n, 0.4 * n))
    assert found.z < -FAR
    assert found.now == pytest.approx(40)
    assert found.usual == pytest.approx(88, abs=4)


def test_one_bad_answer_among_few_is_no_outlier():
    series = constant(Form.RATIO, HISTORY, 100, 1)
    assert outlier(changed(series, -1, 100, 5)) is None
    assert outlier(changed(series, -1, 100, 12)) is not None


def test_a_turn_says_since_when_and_which_way():
    random = np.random.default_rng(5)
    begin = HISTORY - 12
    found = turn(shares(random, HISTORY, shift=(begin, -0.12)))
    assert not found.is_up
    assert abs(found.begins - begin) <= 3
    assert found.statistic > LIMIT
    assert found.now == pytest.approx(79, abs=4)
    assert turn(shares(random, HISTORY, level=0.8, shift=(begin, 0.12))).is_up


def test_a_single_far_day_is_no_turn():
    series = shares(np.random.default_rng(11), HISTORY)
    assert turn(series) is None
    n = series.n[-1]
    assert turn(changed(series, -1, n, 0.3 * n)) is None


def test_what_is_back_is_back():
    assert is_back(90, 900, is_up=False, now=91, n=100)
    assert is_back(90, 900, is_up=False, now=88, n=100)  # within a deviation: 3
    assert not is_back(90, 900, is_up=False, now=86, n=100)
    assert not is_back(90, 900, is_up=True, now=94, n=100)
    assert not is_back(90, 900, is_up=True, now=90, n=0)


def walked(series):
    """The turns and outliers that a year of nights finds, as the sweep looks at it."""
    turns = outliers = since = 0
    for day in range(HISTORY, len(series.n)):
        found = turn(series.part(max(since, day + 1 - HISTORY), day + 1))
        if found:
            turns, since = turns + 1, max(since, day + 1 - HISTORY) + found.begins
        outliers += outlier(series.part(day + 1 - HISTORY, day + 1)) is not None
    return turns, outliers


def test_where_nothing_is_planted_next_to_nothing_is_found():
    """Measured by benchmarks/alerts.py: about 0.15 turns and 0.3 outliers a figure and year."""
    random = np.random.default_rng(20261123)
    found = [walked(shares(random, HISTORY + 365)) for _ in range(8)]
    assert sum(turns for turns, _outliers in found) / 8 <= 0.75
    assert sum(outliers for _turns, outliers in found) / 8 <= 1.25


def test_what_is_planted_is_found():
    """A level that falls by one deviation of a day is found within three weeks in nine of ten."""
    random = np.random.default_rng(42)
    fallen = jumped = 0
    for _ in range(60):
        series = shares(random, HISTORY + 21, shift=(HISTORY, -0.05))
        fallen += any(turn(series.part(day - HISTORY, day)) for day in range(HISTORY + 5, HISTORY + 22))
        calm = shares(random, HISTORY)
        n = calm.n[-1]
        jumped += outlier(changed(calm, -1, n, round(0.5 * n))) is not None
    assert fallen / 60 >= 0.85
    assert jumped / 60 >= 0.85
