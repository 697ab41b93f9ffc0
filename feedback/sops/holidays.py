"""China's public holidays and make-up workdays, as exceptions of a `WorkCalendar`."""

from collections.abc import Iterable
from datetime import date, timedelta

import holidays

_DAY = timedelta(days=1)
_WEEKEND = (5, 6)

Hours = list[list[str]]


def china_exceptions(years: Iterable[int], hours: Hours) -> dict[str, Hours]:
    """Give the closed days of some years, and the weekend days on which people work `hours` instead.

    The days are those of the State Council's yearly notice, as the `holidays` library holds them. A weekend
    that touches a holiday belongs to its break, as in the notices, so that a shop that works on weekends
    closes too. The notice for a year appears in the November before; until the library has it (see
    `announced`), a year holds the statutory holidays only, without bridges and make-up workdays.
    """
    wanted = sorted(set(years))
    known = _load(wanted)
    worked = {day for day in known.weekend_workdays if day.year in wanted}
    closed = {day for holiday in known for day in _break(holiday)}
    # a make-up workday is named in the notice: it stands, even where it touches a holiday
    days = dict.fromkeys((day for day in closed if day.year in wanted), False) | dict.fromkeys(worked, True)
    return {day.isoformat(): [list(shift) for shift in hours] if days[day] else [] for day in sorted(days)}


def announced(year: int) -> bool:
    """Tell whether the library holds the State Council's notice for a year: each names make-up workdays."""
    return any(day.year == year for day in _load([year]).weekend_workdays)


def _load(years: list[int]) -> holidays.HolidayBase:
    """Load some years and their neighbours, as a break may begin in the year before."""
    return holidays.country_holidays(
        "CN", years={near for year in years for near in (year - 1, year, year + 1)}
    )


def _break(holiday: date) -> Iterable[date]:
    """Give a holiday and the weekend days that touch it, on either side."""
    yield holiday
    for step in (_DAY, -_DAY):
        day = holiday + step
        while day.weekday() in _WEEKEND:
            yield day
            day += step
