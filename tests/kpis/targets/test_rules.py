"""States, attainment and forecasts of periods."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.metrics.rules import Counted, Figure, Form, Goal
from kpis.models import Direction
from kpis.targets.rules import (
    FEWEST,
    HIGHEST,
    UNKNOWN,
    Forecast,
    State,
    attainment,
    forecast,
    in_force,
    state,
)

pytestmark = pytest.mark.req("K2")
goals = st.builds(Goal, st.sampled_from(Direction.values), st.floats(0.5, 100), warning=st.floats(0, 5))
values = st.floats(0, 100)
counts = st.builds(lambda n, share: Counted(n, round(n * share)), st.integers(0, 500), st.floats(0, 1))
weeks = st.integers(2, 8).flatmap(
    lambda m: st.fixed_dictionaries({day: st.lists(counts, min_size=m, max_size=m) for day in range(7)})
)


@dataclass(frozen=True)
class V:
    since: date


@given(
    st.lists(st.dates(date(2026, 1, 1), date(2026, 12, 31))), st.dates(date(2026, 1, 1), date(2026, 12, 31))
)
def test_the_newest_version_that_had_begun_holds(days, first):
    found = in_force([V(day) for day in days], first)
    begun = [day for day in days if day <= first]
    assert (found.since if found else None) == max(begun, default=None)


@given(goals, values)
def test_a_hundred_percent_is_exactly_what_meets_the_goal(goal, value):
    found = attainment(goal, value)
    assert 0 <= found <= HIGHEST
    assert (found >= 100) is (goal.ahead(value) >= 0)


@given(goals, values, values)
def test_better_is_never_less_attained(goal, one, other):
    worse, better = sorted((one, other), reverse=goal.direction == Direction.DOWN)
    assert attainment(goal, better) >= attainment(goal, worse)


@pytest.mark.parametrize(
    ("direction", "goal", "value", "percent"),
    [
        ("up", 4.5, 4.05, 90),
        ("up", 30, -10, 0),
        ("up", 0, 5, None),
        ("up", -5, 5, None),
        ("down", 1, 2, 50),
        ("down", 1, 0, HIGHEST),
        ("down", 0, 0, 100),
        ("down", 0, 3, 0),
        ("up", 95, None, None),
        ("up", 1, 50, HIGHEST),
    ],
)
def test_attainment_by_hand(direction, goal, value, percent):
    found = attainment(Goal(direction, goal), value)
    assert found == (percent if percent is None else pytest.approx(percent))


@pytest.mark.parametrize("form", Form)
@given(so_far=counts, usual=weeks, left=st.lists(st.integers(0, 6), max_size=31))
def test_a_forecast_lies_in_its_interval_and_counts_what_is_counted(form, so_far, usual, left):
    found = forecast(form, so_far, usual, left)
    if found.value is None:
        assert found.n == 0
        return
    assert found.n >= so_far.n - 1
    assert found.low <= found.value + 1e-6
    assert found.value <= found.high + 1e-6
    if form is Form.SHARE:
        assert found.low >= -1e-9
        assert found.high <= 100 + 1e-9


@given(so_far=counts, usual=weeks)
def test_with_no_day_left_the_forecast_is_the_figure(so_far, usual):
    found = forecast(Form.SHARE, so_far, usual, [])
    assert found.value == (pytest.approx(100 * so_far.total / so_far.n) if so_far.n else None)


def test_a_forecast_by_hand():
    usual = {0: [Counted(10, 9), Counted(10, 7)], 1: [Counted(20, 10), Counted(20, 10)]}
    found = forecast(Form.SHARE, Counted(30, 26), usual, [0, 1, 1])
    assert found.value == pytest.approx(100 * (26 + 8 + 20) / (30 + 10 + 40))
    # Monday's totals spread by 1.41 around their mean, Tuesday's not: variance 2 x (1 + 1/2), t of 2 degrees
    assert found.high - found.value == pytest.approx(100 * 4.302653 * 3**0.5 / 80, rel=1e-4)
    assert found.n == 80


def test_one_day_before_has_no_spread_and_none_no_forecast():
    assert forecast(Form.MEAN, Counted(), {0: [Counted(10, 45)]}, [0]) == Forecast(4.5, 10)
    assert forecast(Form.MEAN, Counted(), {}, [0, 1]) == UNKNOWN
    assert not Forecast(1.0, 10).misses(Goal("up", 5))


@pytest.mark.parametrize(
    ("low", "high", "direction", "misses"),
    [(90, 94, "up", True), (90, 96, "up", False), (6, 8, "down", True), (4, 8, "down", False)],
)
def test_a_goal_is_missed_for_sure_where_the_whole_interval_misses_it(low, high, direction, misses):
    goal = Goal(direction, 95 if direction == "up" else 5)
    assert Forecast((low + high) / 2, 100, low, high).misses(goal) is misses


UP = Goal("up", 95, 1)


@pytest.mark.parametrize(
    ("value", "n", "expected"),
    [
        (None, 0, State.NO_DATA),
        (99, FEWEST - 1, State.FEW),
        (95, FEWEST, State.MET),
        (94.9, FEWEST, State.MISSED),
    ],
)
def test_the_state_of_a_period_that_is_over(value, n, expected):
    assert state(UP, Figure(value, n), None) is expected


@pytest.mark.parametrize(
    ("value", "n", "expected"),
    [
        (None, 0, State.NO_DATA),
        (50, FEWEST - 1, State.FEW),
        (96, 100, State.OPEN),
        (95.9, 100, State.AT_RISK),
        (94, 100, State.AT_RISK),
    ],
)
def test_the_state_of_a_period_that_runs_is_that_of_its_forecast(value, n, expected):
    assert state(UP, Figure(10.0, 5), Forecast(value, n)) is expected


@given(goals, values, st.integers(0, 1000), values, st.integers(0, 1000))
def test_a_period_is_never_two_things(goal, value, n, expected, m):
    over = {State.NO_DATA, State.FEW, State.MET, State.MISSED}
    runs = {State.NO_DATA, State.FEW, State.OPEN, State.AT_RISK}
    assert state(goal, Figure(value if n else None, n), None) in over
    assert state(goal, Figure(value, n), Forecast(expected if m else None, m)) in runs


def test_forecasts_hold_what_they_say():
    """Over simulated months that are cut after ten days: how many end inside their interval.

    Weekdays differ in number and level, days vary more than by chance alone.
    """
    random = np.random.default_rng(20261101)
    first, inside, runs = date(2026, 9, 1), 0, 400
    for _ in range(runs):
        days = [first + timedelta(back) for back in range(-56, 30)]
        n = [int(random.poisson(120 if day.weekday() < 5 else 50)) for day in days]
        share = [
            min(0.999, max(0.001, random.normal(0.92 if day.weekday() < 5 else 0.85, 0.03))) for day in days
        ]
        counted = [Counted(m, int(random.binomial(m, p))) for m, p in zip(n, share, strict=True)]
        cut = 56 + 10
        usual = {
            weekday: [
                c
                for day, c in zip(days[cut - 56 : cut], counted[cut - 56 : cut], strict=True)
                if day.weekday() == weekday
            ]
            for weekday in range(7)
        }
        so_far = sum(counted[56:cut], Counted())
        found = forecast(Form.SHARE, so_far, usual, [day.weekday() for day in days[cut:]])
        whole = sum(counted[56:], Counted())
        inside += found.low <= 100 * whole.total / whole.n <= found.high
    assert 0.91 <= inside / runs <= 0.99


def test_left_days_count_by_weekday():
    left = [0, 0, 3]
    assert Counter(left)[0] == 2
    usual = {0: [Counted(10, 5)] * 2, 3: [Counted(40, 40)] * 2}
    assert forecast(Form.SHARE, Counted(), usual, left).value == pytest.approx(100 * 50 / 60)
