"""Means, shares, changes, weeks and months."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from feedback.voice.rules import BY_WEEK, Span, Sums, change, last

STARS = st.lists(st.integers(0, 40), min_size=5, max_size=5)
DAYS = st.dates(date(2001, 1, 1), date(2199, 1, 1))


def listed(stars):
    return [value for value, n in enumerate(stars, 1) for _ in range(n)]


@given(STARS, STARS)
def test_a_change_is_welchs(now, before):
    one, other = listed(now), listed(before)
    how = change(now, before)
    assert how.n == min(len(one), len(other))
    if how.n > 1 and (len(set(one)) > 1 or len(set(other)) > 1):
        test = stats.ttest_ind(one, other, equal_var=False)
        interval = test.confidence_interval(0.95)
        assert how.chance == pytest.approx(test.pvalue)
        assert (how.low, how.high) == pytest.approx((interval.low, interval.high))


def test_few_are_small_and_none_have_no_change():
    assert change([0, 0, 0, 0, 29], [0, 0, 0, 0, 100]).is_small
    assert not change([0, 0, 0, 0, 30], [0, 0, 0, 0, 30]).is_small
    assert change([0] * 5, [1] * 5).value is None
    assert change([1, 0, 0, 0, 0], [0, 0, 0, 0, 1]).low is None
    assert change([5, 0, 0, 0, 0], [0, 0, 0, 0, 5]).chance == 0.0


@given(DAYS, st.integers(1, 800))
def test_the_parts_of_a_time_are_all_of_it_and_do_not_overlap(until, days):
    span = last(until, days)
    parts = list(span.parts())
    assert (parts[0].since, parts[-1].until, span.days) == (span.since, span.until, days)
    assert all(one.until + timedelta(days=1) == two.since for one, two in pairwise(parts))
    assert all(part.days <= (7 if days <= BY_WEEK else 31) for part in parts)
    assert (span.before.until + timedelta(days=1), span.before.days) == (span.since, days)


def test_a_longer_time_is_told_by_calendar_month():
    parts = list(Span(date(2026, 1, 15), date(2026, 7, 2)).parts())
    assert [(part.since.day, part.until.day) for part in parts][:2] == [(15, 31), (1, 28)]
    assert parts[-1] == Span(date(2026, 7, 1), date(2026, 7, 2))


def test_sums_add_up():
    sums = Sums()
    sums.add([1, 0, 0, 0, 1], 1, [1, 0, 1, 0], {"service": [2, 1, 1]}, {"7": [2, 6, 26]})
    sums.add([0, 1, 0, 0, 0], 0, [1, 0, 0, 0], {"service": [1, 0, 1], "price": [1, 0, 0]}, {})
    assert (sums.n, sums.texts, sums.mean.n, sums.bad.value) == (3, 3, 3, pytest.approx(2 / 3))
    assert sums.mean.value == pytest.approx(8 / 3)
    assert sums.given_for.value == pytest.approx(1 / 3)
    assert (sums.spoken("service").n, sums.spoken("service").ill.value) == (3, pytest.approx(2 / 3))
    assert sums.rated("7").value == 3
    assert sums.spoken("app").n == sums.rated("8").n == 0


def test_the_interval_of_a_mean_ends_where_stars_do():
    few = Sums(stars=[1, 0, 0, 0, 1]).mean
    assert (few.low, few.value, few.high) == (1, 3, 5)
    many = Sums(stars=[0, 0, 50, 50, 0]).mean
    assert 3 < many.low < 3.5 < many.high < 4
