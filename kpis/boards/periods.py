"""The days that a dashboard is of, and the parts that its charts show. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from kpis.models import Grain
from kpis.snapshots.calendar import before, period_of, periods, year_before

LONGEST = 366
DAILY, WEEKLY = 35, 210
"""Up to so many days are shown by day, up to so many by week, more by month."""


class Named(StrEnum):
    """Periods that have a name; they end today or are over."""

    WEEK = "7d"
    MONTH = "30d"
    SEASON = "90d"
    THIS_MONTH = "month"
    LAST_MONTH = "last-month"
    THIS_QUARTER = "quarter"
    LAST_QUARTER = "last-quarter"
    YEAR = "year"


ROLLING = {Named.WEEK: 7, Named.MONTH: 30, Named.SEASON: 90, Named.YEAR: 364}
RUNNING = {Named.THIS_MONTH: Grain.MONTH, Named.THIS_QUARTER: Grain.QUARTER}
OVER = {Named.LAST_MONTH: Grain.MONTH, Named.LAST_QUARTER: Grain.QUARTER}


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a dashboard, both ends included."""

    first: date
    last: date

    @property
    def grain(self) -> Grain:
        """How long the parts are that charts show."""
        length = (self.last - self.first).days + 1
        if length <= DAILY:
            return Grain.DAY
        return Grain.WEEK if length <= WEEKLY else Grain.MONTH

    @property
    def before(self) -> "Days":
        """As many days before, or the whole period before."""
        return Days(*before(self.first, self.last))

    @property
    def year_before(self) -> "Days":
        """The same days a year before."""
        return Days(*year_before(self.first, self.last))

    @property
    def parts(self) -> list[tuple[date, date]]:
        """The parts that charts show; the first and last are cut where the days begin and end."""
        return [
            (max(first, self.first), min(last, self.last))
            for first, last in periods(self.first, self.last, self.grain)
        ]

    def holds(self, day: date) -> bool:
        """Whether a day is among them."""
        return self.first <= day <= self.last


def named(one: Named, today: date) -> Days:
    """The days of a named period."""
    if one in ROLLING:
        return Days(today - timedelta(ROLLING[one] - 1), today)
    if one in RUNNING:
        return Days(period_of(today, RUNNING[one])[0], today)
    day = period_of(today, OVER[one])[0] - timedelta(1)
    return Days(*period_of(day, OVER[one]))
