from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.models import Grain
from kpis.snapshots.calendar import before, day_span, period_of, periods, year_before

days = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@given(days, st.sampled_from(Grain))
def test_a_day_is_in_its_period_and_the_next_begins_after_it(day, grain):
    first, last = period_of(day, grain)
    assert first <= day <= last
    assert period_of(first, grain) == period_of(last, grain) == (first, last)
    assert period_of(last + timedelta(1), grain)[0] == last + timedelta(1)


@given(days, st.integers(0, 400), st.sampled_from(Grain))
def test_periods_have_no_holes(day, length, grain):
    found = periods(day, day + timedelta(length), grain)
    assert found[0][0] <= day
    assert found[-1][1] >= day + timedelta(length)
    assert all(a[1] + timedelta(1) == b[0] for a, b in pairwise(found))


@given(days, st.integers(0, 100))
def test_before_ends_the_day_before(day, length):
    last = day + timedelta(length)
    assert before(day, last)[1] == day - timedelta(1)


@pytest.mark.parametrize(
    ("first", "last", "wanted"),
    [
        (date(2026, 3, 1), date(2026, 3, 31), (date(2026, 2, 1), date(2026, 2, 28))),
        (date(2026, 1, 1), date(2026, 3, 31), (date(2025, 10, 1), date(2025, 12, 31))),
        (date(2026, 11, 16), date(2026, 11, 22), (date(2026, 11, 9), date(2026, 11, 15))),
        (date(2026, 11, 3), date(2026, 11, 5), (date(2026, 10, 31), date(2026, 11, 2))),
    ],
)
def test_a_whole_period_is_held_against_a_whole_one(first, last, wanted):
    assert before(first, last) == wanted


def test_a_year_before():
    assert year_before(date(2028, 2, 1), date(2028, 2, 29)) == (date(2027, 2, 1), date(2027, 2, 28))
    week = year_before(date(2026, 11, 16), date(2026, 11, 22))
    assert week == (date(2025, 11, 17), date(2025, 11, 23))  # a Monday to a Sunday


def test_days_are_those_of_the_shop():
    assert day_span(date(2026, 11, 18)).start.isoformat() == "2026-11-18T00:00:00+08:00"
