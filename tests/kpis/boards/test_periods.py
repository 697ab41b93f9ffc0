"""The days of dashboards: whole, forward, and their parts make them up."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.boards.periods import Days, Named, named
from kpis.models import Grain

days = st.dates(date(2001, 1, 1), date(2190, 1, 1))


@given(days, st.integers(0, 365))
def test_the_parts_make_up_the_days_without_gap_or_overlap(first, length):
    asked = Days(first, first + timedelta(length))
    parts = asked.parts
    assert (parts[0][0], parts[-1][1]) == (asked.first, asked.last)
    assert all(one[0] <= one[1] for one in parts)
    assert all(after[0] == one[1] + timedelta(1) for one, after in pairwise(parts))
    assert len(parts) <= 36


@given(days, st.sampled_from(Named))
def test_named_periods_end_by_today_and_what_is_before_them_ends_before(today, one):
    asked = named(one, today)
    assert asked.first <= asked.last <= today
    assert asked.before.last == asked.first - timedelta(1)
    assert asked.year_before.last < asked.first


@pytest.mark.parametrize(
    ("one", "first", "last", "grain"),
    [
        (Named.WEEK, date(2026, 11, 17), date(2026, 11, 23), Grain.DAY),
        (Named.LAST_MONTH, date(2026, 10, 1), date(2026, 10, 31), Grain.DAY),
        (Named.THIS_QUARTER, date(2026, 10, 1), date(2026, 11, 23), Grain.WEEK),
        (Named.LAST_QUARTER, date(2026, 7, 1), date(2026, 9, 30), Grain.WEEK),
        (Named.YEAR, date(2025, 11, 25), date(2026, 11, 23), Grain.MONTH),
    ],
)
def test_named_periods(one, first, last, grain):
    asked = named(one, date(2026, 11, 23))
    assert (asked, asked.grain) == (Days(first, last), grain)
