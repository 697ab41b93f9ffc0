"""Points, belief in few rows, and spreading of weights, whatever the numbers."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.appraisals.rules import Given, credibility, judge, points

pytestmark = pytest.mark.req("K8")

numbers = st.floats(-1e6, 1e6, allow_nan=False)
OWN = Given(weight=100, is_own=True, n=50, value=4.2, floor=3, goal=4.5, least_n=10, role=4.0)


@st.composite
def givens(draw):
    kind = draw(st.sampled_from(["own", "company", "mark", "nothing"]))
    weight = draw(st.integers(1, 100))
    if kind == "mark":
        return Given(weight=weight, is_own=False, mark=draw(st.integers(0, 100)))
    if kind == "nothing":
        return Given(weight=weight, is_own=draw(st.booleans()), floor=0, goal=1)
    floor, goal = draw(numbers), draw(numbers)
    if abs(floor - goal) < 1e-3:
        goal = floor + 1
    return Given(
        weight=weight, is_own=kind == "own", n=draw(st.integers(1, 500)), value=draw(numbers), floor=floor,
        goal=goal, least_n=draw(st.integers(0, 100)), role=draw(numbers) if kind == "own" else None,
    )  # fmt: skip


@given(st.lists(givens(), min_size=1, max_size=8))
def test_a_score_lies_between_nothing_and_all_and_shares_make_a_whole(lines):
    result = judge(lines)
    assert result == judge(lines)
    if result.score is None:
        assert all(one.share is None for one in result.lines)
        return
    counted = [one.points for one in result.lines if one.share is not None]
    assert min(counted) - 0.01 <= float(result.score) <= max(counted) + 0.01
    assert sum(one.share or 0 for one in result.lines) == pytest.approx(100)
    assert all((one.points is None) is (one.share is None) for one in result.lines)


@given(numbers, numbers, numbers, numbers)
def test_better_never_gives_fewer_points(floor, goal, one, other):
    if abs(floor - goal) < 1e-3:
        return
    better, worse = (max, min) if goal > floor else (min, max)
    assert points(better(one, other), floor, goal) >= points(worse(one, other), floor, goal)
    assert points(floor, floor, goal) == 0
    assert points(goal, floor, goal) == 100


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_more_rows_are_believed_more_and_enough_in_full(n, least):
    assert 0 <= credibility(n, least) <= credibility(n + 1, least) <= 1
    assert credibility(max(n, least), least) == 1


def test_points_are_linear_between_floor_and_goal_whichever_way_is_better():
    assert points(3.75, 3, 4.5) == 50
    assert points(60, 120, 30) == pytest.approx(200 / 3)
    assert (points(99, 3, 4.5), points(-99, 3, 4.5)) == (100, 0)


def test_few_rows_are_drawn_towards_the_role_by_the_square_root():
    line = judge([replace(OWN, n=4, least_n=16, value=5.0, role=4.0)]).lines[0]
    assert (line.credibility, line.judged) == (0.5, 4.5)
    assert judge([replace(OWN, n=16, least_n=16, value=5.0)]).lines[0].judged == 5.0


def test_what_was_not_measured_is_left_out_and_its_weight_spread():
    gone = Given(weight=50, is_own=True, floor=0, goal=1)
    result = judge([replace(OWN, weight=30, value=4.5), gone, Given(weight=20, is_own=False, mark=50)])
    assert [one.share for one in result.lines] == [60, None, 40]
    assert result.score == Decimal("80.00")


def test_few_rows_of_the_company_are_left_out():
    shared = replace(OWN, is_own=False, role=None, n=3)
    assert judge([OWN, shared]).lines[1].share is None


def test_whoever_was_away_has_no_score_whatever_the_mark_and_the_company():
    away = replace(OWN, n=0, value=None)
    company = replace(OWN, is_own=False, role=None)
    assert judge([away, company, Given(weight=30, is_own=False, mark=100)]).score is None
    assert judge([company, Given(weight=30, is_own=False, mark=100)]).score is not None
    assert judge([Given(weight=30, is_own=False)]).score is None


def test_halves_go_up():
    line = Given(weight=100, is_own=True, n=1, value=0.12345, floor=0, goal=1, role=0.5)
    assert judge([line]).score == Decimal("12.35")
