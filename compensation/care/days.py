"""The days of the programme: birthdays, festivals and quiet hours. Pure functions on dates and moments.

Somebody born on 29 February has their birthday on the 28th in a year without one: so it stays in the month
that they were born in, nothing given for it comes late, and a segment of February's birthdays holds them.
"""

from calendar import isleap
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from compensation.models import Festival

LEAP_DAY, BEFORE_IT = (2, 29), (2, 28)
UTC = ZoneInfo("UTC")

NAMES = {
    Festival.NEW_YEAR: "New Year's Day",
    Festival.SPRING: "Chinese New Year (Spring Festival)",
    Festival.LABOUR: "Labor Day",
    Festival.DRAGON_BOAT: "Dragon Boat Festival",
    Festival.MID_AUTUMN: "Mid-Autumn Festival",
    Festival.NATIONAL: "National Day",
}
"""What the holidays library calls them in English; of several days the first is the festival."""


def born_on(day: date) -> frozenset[tuple[int, int]]:
    """The months and days of birth that are celebrated on a day."""
    own = (day.month, day.day)
    if own == BEFORE_IT and not isleap(day.year):
        return frozenset({own, LEAP_DAY})
    return frozenset({own})


@lru_cache(maxsize=256)
def festival_in(festival: str, year: int) -> date | None:
    """The first day of a festival in a year; None for years that the library does not date."""
    known = holidays.country_holidays("CN", years=year, language="en_US")
    days = known.get_named(NAMES[Festival(festival)], lookup="exact", split_multiple_names=True)
    return min((day for day in days if day.year == year), default=None)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins in a zone, in UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def out_of_quiet(at: datetime, start: time | None, end: time | None, zone: ZoneInfo) -> datetime:
    """The first moment from `at` on that is not within the quiet hours of a zone; they may span midnight.

    Where clocks are put back, an hour that comes twice is quiet twice; where they are put forward, hours
    that end at a time that does not exist end when that time would have been.
    """
    if start is None or end is None or start == end:
        return at
    local = at.astimezone(zone)
    now = local.time()
    if not (start <= now < end if start < end else now >= start or now < end):
        return at
    day = local.date() + timedelta(days=1) if start > end and now >= start else local.date()
    ends = [datetime.combine(day, end, zone).replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    return next((one for one in ends if one > at), at)
