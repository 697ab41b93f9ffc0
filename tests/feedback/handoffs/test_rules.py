from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedback.handoffs.rules import OUTSIDE, Life, Stretch, share
from tests.factories.compensation import T0

MINUTE, MICRO = timedelta(minutes=1), timedelta(microseconds=1)


def at(minutes):
    return T0 + minutes * MINUTE


def test_all_of_it_is_the_departments_own():
    assert share(Life(at(0), at(60), 1)) == {1: 60 * MINUTE}


def test_a_question_is_the_time_of_who_is_asked():
    assert share(Life(at(0), at(60), 1, asked=[Stretch(2, at(10), at(25))])) == {
        1: 45 * MINUTE,
        2: 15 * MINUTE,
    }


def test_two_questions_at_once_share_and_the_remainder_goes_to_the_first():
    asked = [Stretch(2, at(0), None), Stretch(3, at(0) + 2 * MICRO, None)]
    parts = share(Life(at(0), at(0) + 5 * MICRO, 1, asked=asked))
    assert parts == {2: 2 * MICRO + 2 * MICRO, 3: MICRO}


def test_a_transfer_divides_at_its_moment_and_waiting_is_nobodys():
    life = Life(at(0), at(60), 2, moves=[(at(20), 1, 2)], waits=[(at(30), True), (at(40), False)])
    assert share(life) == {1: 20 * MINUTE, 2: 30 * MINUTE, OUTSIDE: 10 * MINUTE}


moments = st.integers(-50, 250).map(lambda n: T0 + n * timedelta(seconds=7, microseconds=3))
departments = st.integers(1, 4)


@given(
    st.lists(moments, min_size=2, max_size=2).map(sorted),
    departments,
    st.lists(st.tuples(moments, departments, departments), max_size=4),
    st.lists(st.tuples(moments, st.booleans()), max_size=5),
    st.lists(st.tuples(departments, moments, st.none() | moments), max_size=5),
)
@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
@pytest.mark.req("F4")
def test_parts_add_up_to_the_whole(ends, department, moves, waits, asked):
    opened, until = ends
    life = Life(opened, until, department, moves, waits, [Stretch(*one) for one in asked])
    parts = share(life)
    assert sum(parts.values(), timedelta()) == until - opened
    assert all(time >= timedelta() for time in parts.values())
