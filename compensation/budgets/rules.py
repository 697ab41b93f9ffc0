"""When a cap begins anew, and what stops a grant. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from compensation.models import CapPeriod
from config.common.asked import in_years
from config.common.errors import Invalid

FIRST = date(2024, 1, 1)
"""The Monday that periods of so many days are counted from."""


@dataclass(frozen=True, slots=True)
class Window:
    """From a moment until another, which is not included."""

    starts_at: datetime
    ends_at: datetime


def window(period: str, days: int | None, at: datetime, zone: ZoneInfo) -> Window:
    """The period of a cap that a moment falls into: whole days of the calendar where the house is.

    A week begins on Monday. Periods of so many days follow one another from a fixed Monday.
    """
    today = at.astimezone(zone).date()
    match period:
        case CapPeriod.DAY:
            first, last = today, today + timedelta(days=1)
        case CapPeriod.WEEK:
            first = today - timedelta(days=today.weekday())
            last = first + timedelta(days=7)
        case CapPeriod.MONTH:
            first = today.replace(day=1)
            last = (first + timedelta(days=32)).replace(day=1)
        case _:
            length = days or 1
            first = today - timedelta(days=(today - FIRST).days % length)
            last = first + timedelta(days=length)
    return Window(datetime.combine(first, time(), zone), datetime.combine(last, time(), zone))


def fits(used: int, more: int, limit: int | None) -> bool:
    """Whether more can be used within a limit; none is no limit."""
    return limit is None or used + more <= limit


def next_period(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> Window:
    """The period that follows one: a month after a month or months, else as many days again.

    Raises:
        Invalid: it would be beyond the years that can be reckoned with.
    """
    if not (in_years(starts_at) and in_years(ends_at)):
        raise Invalid(_("This is not a moment in time."))
    start, end = starts_at.astimezone(zone), ends_at.astimezone(zone)
    months = (end.year - start.year) * 12 + end.month - start.month
    if months > 0 and start.day == end.day == 1 and start.time() == end.time():
        year, month = divmod(end.year * 12 + end.month - 1 + months, 12)
        return Window(end, end.replace(year=year, month=month + 1))
    naive = end.replace(tzinfo=None) + (end.replace(tzinfo=None) - start.replace(tzinfo=None))
    return Window(end, naive.replace(tzinfo=zone))
