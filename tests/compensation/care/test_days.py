"""Birthdays on the leap day, festivals by the moon, quiet hours over midnight and changes of the clock."""

from calendar import isleap
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compensation.care import days
from compensation.models import Festival

pytestmark = pytest.mark.req("C11")
SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])
DATES = st.dates(date(1920, 1, 1), date(2090, 12, 31))
NEW_MOON, MONTH = datetime(2000, 1, 6, 18, 14, tzinfo=UTC), 29.530588861


def test_a_birthday_on_the_leap_day_is_the_28th_in_other_years():
    assert days.born_on(date(2027, 2, 28)) == {(2, 28), (2, 29)}
    assert days.born_on(date(2028, 2, 28)) == {(2, 28)}
    assert days.born_on(date(2028, 2, 29)) == {(2, 29)}
    assert days.born_on(date(2027, 3, 1)) == {(3, 1)}


@given(DATES, st.integers(1950, 2090))
def test_everybody_has_one_birthday_a_year(born, year):
    first, number = date(year, 1, 1), 366 if isleap(year) else 365
    on = [first + timedelta(days=n) for n in range(number)]
    found = [day for day in on if (born.month, born.day) in days.born_on(day)]
    leap = (born.month, born.day) == (2, 29) and not isleap(year)
    assert found == [date(year, 2, 28) if leap else born.replace(year=year)]
    assert found[0].month == born.month


KNOWN = {  # as the Hong Kong Observatory's tables have them
    Festival.SPRING: ["2026-02-17", "2027-02-06", "2028-01-26", "2029-02-13", "2030-02-03", "2033-01-31"],
    Festival.DRAGON_BOAT: [
        "2026-06-19",
        "2027-06-09",
        "2028-05-28",
        "2029-06-16",
        "2030-06-05",
        "2033-06-01",
    ],
    Festival.MID_AUTUMN: ["2026-09-25", "2027-09-15", "2028-10-03", "2029-09-22", "2030-09-12", "2033-09-08"],
}


@pytest.mark.parametrize("festival", KNOWN)
def test_lunar_festivals_are_where_the_almanac_has_them(festival):
    for text in KNOWN[festival]:
        day = date.fromisoformat(text)
        assert days.festival_in(festival, day.year) == day


def test_two_festivals_may_fall_on_one_day():
    assert days.festival_in(Festival.MID_AUTUMN, 2031) == date(2031, 10, 1)
    assert days.festival_in(Festival.NATIONAL, 2031) == date(2031, 10, 1)


@given(st.integers(2015, 2090))
def test_the_moon_stands_as_the_festival_says(year):
    def age(day):  # days since the new moon before, by the mean month: true within 15 hours
        noon = datetime.combine(day, time(12), SHANGHAI)
        return ((noon - NEW_MOON).total_seconds() / 86_400) % MONTH

    spring, dragon, autumn = (days.festival_in(one, year) for one in KNOWN)
    assert date(year, 1, 21) <= spring <= date(year, 2, 21)
    assert min(age(spring), MONTH - age(spring)) < 2
    assert 2.5 < age(dragon) < 5.5
    assert 12.5 < age(autumn) < 15.5
    assert spring < dragon < autumn


@given(st.sampled_from(Festival), st.integers(2015, 2090))
def test_a_festival_is_one_day_of_its_year(festival, year):
    day = days.festival_in(festival, year)
    assert day is not None
    assert day.year == year


def test_a_year_that_the_library_does_not_date_has_no_festival():
    assert days.festival_in(Festival.SPRING, 2500) is None


@given(DATES, ZONES)
def test_a_day_begins_at_its_midnight(day, zone):
    at = days.midnight(day, ZoneInfo(zone))
    assert at.astimezone(ZoneInfo(zone)).date() == day
    assert (at - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date() < day


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("20:59", "20:59"), ("21:00", "+09:00"), ("23:59", "+09:00"), ("00:00", "09:00"),
        ("08:59", "09:00"), ("09:00", "09:00"), ("12:00", "12:00"),
    ],
)  # fmt: skip
def test_quiet_hours_over_midnight_end_in_the_morning(now, then):
    at = datetime.fromisoformat(f"2026-11-22T{now}:00+08:00")
    day = "23" if then.startswith("+") else "22"
    expected = datetime.fromisoformat(f"2026-11-{day}T{then.strip('+')}:00+08:00")
    assert days.out_of_quiet(at, time(21), time(9), SHANGHAI) == expected


def is_quiet(at, start, end, zone):
    now = at.astimezone(zone).time()
    return start <= now < end if start < end else now >= start or now < end


@given(
    st.integers(1_577_836_800, 2_051_222_400).map(lambda second: datetime.fromtimestamp(second, UTC)),
    st.times(), st.times(), ZONES,
)  # fmt: skip
def test_nothing_is_told_in_quiet_hours_and_nothing_waits_longer_than_them(at, start, end, zone):
    zone = ZoneInfo(zone)
    free = days.out_of_quiet(at, start, end, zone)
    if start == end or not is_quiet(at, start, end, zone):
        assert free == at
        return
    assert at < free <= at + timedelta(hours=25)
    shifted = free.astimezone(zone).utcoffset() != (free - timedelta(hours=3)).astimezone(zone).utcoffset()
    assert shifted or not is_quiet(free, start, end, zone)


@pytest.mark.parametrize("at", ["2026-03-29T00:30:00Z", "2026-10-25T00:10:00Z", "2026-10-25T01:10:00Z"])
def test_quiet_hours_end_though_the_clock_is_changed(at):
    berlin, at = ZoneInfo("Europe/Berlin"), datetime.fromisoformat(at)
    free = days.out_of_quiet(at, time(22), time(2, 30), berlin)
    assert at < free <= at + timedelta(hours=2)


def test_without_quiet_hours_nothing_waits():
    at = datetime(2026, 11, 22, 18, tzinfo=UTC)
    assert days.out_of_quiet(at, None, None, SHANGHAI) == at
