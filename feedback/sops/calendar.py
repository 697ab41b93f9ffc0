"""Working calendars: which moments are working time, and when an amount of it will have passed.

A moment is *open* when the local clock reads a time within a shift, from its start up to but not including
its end. That one rule settles daylight saving: the hour that spring skips is no working time, the hour that
autumn repeats is worked twice, and what is counted is real elapsed time. A shift such as 22:00-06:00 runs
over midnight and belongs to the day on which it starts; an exception replaces the shifts that start on its
day, so the night shift of the evening before still runs to its end.

Answers are exact to the microsecond. They come from tables, one a year and built when first asked for, of the
open intervals and their running sum, so that a due date costs a bisection however far away it is.
"""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from feedback.sops.hours import MIDNIGHT, CalendarError, Hours, read, write

Pauses = Iterable[tuple[datetime, datetime | None]]

HORIZON = 100  # years: a due date farther away than this is a mistake
FIRST_YEAR, LAST_YEAR = 1800, 9900

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000  # in microseconds, the unit of all sums here
_DAY = 86_400  # in seconds
_ALWAYS = (((0, MIDNIGHT),),) * 7
_NEVER = _SECOND * _DAY * 366 * 10_000


class StillPaused(CalendarError):
    """There is no due date yet: the clock stands still, and nobody knows until when."""


class _Year(NamedTuple):
    """A UTC year's open intervals, in microseconds since 1970, and the working time up to each one's end."""

    opens: list[int]
    closes: list[int]
    sums: list[int]

    def total(self) -> int:
        return self.sums[-1] if self.sums else 0

    def before(self, at: int) -> int:
        """Working time of this year before a moment."""
        index = bisect_right(self.opens, at)
        return self.sums[index - 1] - max(0, self.closes[index - 1] - at) if index else 0


@dataclass(frozen=True)
class WorkCalendar:
    """Working hours in a time zone: shifts by weekday, and dated exceptions. Build it with `from_json`."""

    hours: Hours
    _years: dict[int, _Year] = field(default_factory=dict, init=False, repr=False, compare=False)

    @staticmethod
    def from_json(content: Mapping[str, Any]) -> "WorkCalendar":
        """Read a calendar; the same content gives the same object, with its tables.

        `{"zone": "Asia/Shanghai", "hours": {"mon": [["09:00", "12:00"], ["13:00", "18:00"]], …},
        "exceptions": {"2026-10-01": [], "2026-10-10": [["09:00", "18:00"]]}}`. Days without shifts may be
        left out. A day ends at "24:00"; an end before its start is on the next day.

        Raises:
            CalendarError: with the path to what is wrong: an unknown zone, key, day, date or time, shifts
                that overlap, or a calendar that never opens.
        """
        try:
            text = json.dumps(content, sort_keys=True)
        except (TypeError, ValueError) as error:
            raise CalendarError(_("The calendar is not valid JSON.")) from error
        return _calendar(text)

    def to_json(self) -> dict[str, Any]:
        """Give the content in canonical form: all seven days, shifts and dates in order."""
        return write(self.hours)

    def due(self, start: datetime, work: timedelta, pauses: Pauses = ()) -> datetime:
        """Tell when `work` has been worked since `start`, in UTC.

        Work that runs out exactly at closing time (or as a pause begins) is due then; no work at all is due
        at the first open moment that is not paused, which may be `start` itself. Pauses may overlap, come in
        any order and lie outside working hours. A pause that has not ended (its end is None) lasts for ever.

        Raises:
            StillPaused: the work does not run out before a pause that has not ended.
            CalendarError: negative work, or the calendar never opens for long enough within 100 years.
        """
        left = work // _MICROSECOND
        if left < 0:
            raise CalendarError(_("The working time must not be negative."))
        at = _number(start)
        for begin, end in _merged(pauses):
            if end <= at:
                continue
            if begin > at:
                due = self._advance(at, left)
                if due < begin or (due == begin and left):
                    return _moment(due)
                left -= self._between(at, begin)
            if end == _NEVER:
                raise StillPaused(_("There is no due date while the clock is paused."))
            at = end
        return _moment(self._advance(at, left))

    def worked(self, start: datetime, end: datetime, pauses: Pauses = ()) -> timedelta:
        """Measure the open, unpaused time from `start` up to `end`.

        Raises:
            CalendarError: `end` is before `start`.
        """
        first, last = _number(start), _number(end)
        if last < first:
            raise CalendarError(_("The end must not be before the start."))
        total = self._between(first, last)
        for begin, until in _merged(pauses):
            if (begin := max(begin, first)) < (until := min(until, last)):
                total -= self._between(begin, until)
        return timedelta(microseconds=total)

    def is_open(self, at: datetime) -> bool:
        """Tell whether a moment is working time."""
        return any(self._intervals(number := _number(at), number + 1))

    def next_open(self, at: datetime) -> datetime:
        """Find the first open moment from `at` on, `at` included.

        Raises:
            CalendarError: the calendar does not open any more.
        """
        return _moment(self._advance(_number(at), 0))

    def intervals(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Go through the open intervals between two moments, cut off at both, joined where they touch."""
        held: tuple[int, int] | None = None
        for opens, closes in self._intervals(_number(start), _number(end)):
            if held and held[1] == opens:
                held = held[0], closes
                continue
            if held:
                yield _moment(held[0]), _moment(held[1])
            held = opens, closes
        if held:
            yield _moment(held[0]), _moment(held[1])

    def _intervals(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        for year in range(_year_of(start), _year_of(end) + 1) if start < end else ():
            table = self._year(year)
            for index in range(bisect_right(table.closes, start), bisect_left(table.opens, end)):
                yield max(table.opens[index], start), min(table.closes[index], end)

    def _advance(self, at: int, work: int) -> int:
        """Find the moment at which `work` has passed since `at`."""
        if not work:  # the next open moment is where the next working microsecond begins
            return self._advance(at, 1) - 1
        year = _year_of(at)
        last = year + HORIZON if any(self.hours.week) else self.hours.exceptions[-1][0].year + 1
        need = self._year(year).before(at) + work
        while need > (total := self._year(year).total()):
            need -= total
            year += 1
            if year > last:
                raise CalendarError(_("The calendar is not open for long enough to give a due date."))
        table = self._year(year)
        index = bisect_left(table.sums, need)
        return table.closes[index] - (table.sums[index] - need)

    def _between(self, start: int, end: int) -> int:
        first, last = _year_of(start), _year_of(end)
        whole = sum(self._year(year).total() for year in range(first, last))
        return whole + self._year(last).before(end) - self._year(first).before(start)

    def _year(self, year: int) -> _Year:
        """Look up or build a year's table. Two threads may build the same one: both are right."""
        if (table := self._years.get(year)) is None:
            table = self._years[year] = self._build(year)
        return table

    def _build(self, year: int) -> _Year:
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise CalendarError(_("The year %(year)d is out of range.") % {"year": year})
        first, last = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
        start, end = (first - _EPOCH_DAY) * _DAY, (last - _EPOCH_DAY) * _DAY
        if self.hours.week == _ALWAYS and not self.hours.exceptions:
            spans = [(start, end)]
        else:  # local clocks are less than a day off UTC, and a shift ends on its second day at the latest
            local = list(self._local(range(first - 2, last + 2)))
            spans = sorted(
                (max(opens - offset, since, start), min(closes - offset, until, end))
                for since, until, offset in _offsets(ZoneInfo(self.hours.zone), start, end)
                for opens, closes in local
                if max(opens - offset, since, start) < min(closes - offset, until, end)
            )
        opens = [span[0] * _SECOND for span in spans]
        closes = [span[1] * _SECOND for span in spans]
        return _Year(opens, closes, list(accumulate(b - a for a, b in zip(opens, closes, strict=True))))

    def _local(self, days: range) -> Iterator[tuple[int, int]]:
        """Go through the shifts that start on some days, in seconds since 1970 on the local clock."""
        exceptions = {day.toordinal(): shifts for day, shifts in self.hours.exceptions}
        for day in days:
            midnight = (day - _EPOCH_DAY) * _DAY
            for start, end in exceptions.get(day, self.hours.week[(day - 1) % 7]):
                yield midnight + start * 60, midnight + end * 60


@lru_cache(maxsize=256)
def _calendar(text: str) -> WorkCalendar:
    return WorkCalendar(read(json.loads(text)))


def _offsets(zone: ZoneInfo, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Cut a stretch of days (in seconds since 1970) where the zone's offset changes: (from, to, offset)."""

    def offset(at: int) -> int:
        local = datetime.fromtimestamp(at, zone).utcoffset()
        return int(local.total_seconds()) if local else 0

    def change(day: int) -> int:
        old = offset(day)
        return day + bisect_left(range(day, day + _DAY), True, key=lambda at: offset(at) != old)

    since, current = start, offset(start)
    for day in range(start, end, _DAY):
        if (later := offset(day + _DAY)) != current:
            yield since, change(day), current
            since, current = change(day), later
    yield since, end, current


def _number(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _moment(number: int) -> datetime:
    return _EPOCH + timedelta(microseconds=number)


def _year_of(number: int) -> int:
    return _moment(number).year


def _merged(pauses: Pauses) -> list[tuple[int, int]]:
    """Put pauses in order and join those that overlap or touch."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted((_number(a), _NEVER if b is None else _number(b)) for a, b in pauses):
        if end < begin:
            raise CalendarError(_("A pause must not end before it begins."))
        if merged and begin <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((begin, end))
    return merged
