"""Days, weeks, months and quarters of figures: half-open, in the shop's time zone. Pure."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from kpis.metrics.sources import Span
from kpis.models import Grain

MONTHS_OF_QUARTER, MONTHS = 3, 12


def days_span(first: date, last: date) -> Span:
    """The time from midnight before the first day until midnight after the last."""
    zone = timezone.get_default_timezone()
    return Span(datetime.combine(first, time(), zone), datetime.combine(last + timedelta(1), time(), zone))


def day_span(day: date) -> Span:
    """The day from midnight to midnight."""
    return days_span(day, day)


def period_of(day: date, grain: Grain) -> tuple[date, date]:
    """The first and last day of the period that a day is in."""
    if grain == Grain.DAY:
        return day, day
    if grain == Grain.WEEK:
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=6)
    months = 1 if grain == Grain.MONTH else MONTHS_OF_QUARTER
    first = day.replace(month=day.month - (day.month - 1) % months, day=1)
    return first, _months_later(first, months) - timedelta(1)


def periods(first: date, last: date, grain: Grain) -> list[tuple[date, date]]:
    """The whole periods that the days from first to last touch, in order."""
    found = []
    day = first
    while day <= last:
        period = period_of(day, grain)
        found.append(period)
        day = period[1] + timedelta(1)
    return found


def before(first: date, last: date) -> tuple[date, date]:
    """The days before some days: a whole period before a whole one, else as many days."""
    for grain in (Grain.WEEK, Grain.MONTH, Grain.QUARTER):
        if period_of(first, grain) == (first, last):
            return period_of(first - timedelta(1), grain)
    return first - (last - first) - timedelta(1), first - timedelta(1)


def year_before(first: date, last: date) -> tuple[date, date]:
    """The same days a year earlier: whole months by their names, weeks and other days by their weekdays."""
    for grain in (Grain.MONTH, Grain.QUARTER):
        if period_of(first, grain) == (first, last):
            return period_of(first.replace(year=first.year - 1), grain)
    weeks = timedelta(weeks=52)
    return first - weeks, last - weeks


def runs(days: Sequence[date]) -> list[tuple[date, date]]:
    """Days, the newest first, as runs without a hole."""
    found: list[tuple[date, date]] = []
    for day in days:
        if found and found[-1][0] - timedelta(1) == day:
            found[-1] = (day, found[-1][1])
        else:
            found.append((day, day))
    return found


def _months_later(first: date, months: int) -> date:
    count = first.year * MONTHS + first.month - 1 + months
    return date(count // MONTHS, count % MONTHS + 1, 1)
