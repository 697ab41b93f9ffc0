"""Working hours as people write them in JSON: read so that each mistake is named by its path."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, NamedTuple, NoReturn
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from config.common.errors import Invalid

Shifts = tuple[tuple[int, int], ...]  # minutes from the day's midnight; an end above 1,440 is on the next day

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = 1_440

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00)")


class CalendarError(Invalid, ValueError):
    """A calendar is not well formed, or was asked what it cannot answer.

    What is wrong in a calendar's JSON is told with its path, which `details["path"]` repeats for programs.
    """


class Hours(NamedTuple):
    """What a calendar's JSON says."""

    zone: str
    week: tuple[Shifts, ...]  # from Monday
    exceptions: tuple[tuple[date, Shifts], ...]  # by date


def read(data: Any) -> Hours:
    """Check a calendar's JSON (see `WorkCalendar.from_json`).

    Raises:
        CalendarError: with the path of the first mistake.
    """
    parts = _mapping("", data, known=("zone", "hours", "exceptions"))
    week = _mapping("hours", parts.get("hours"), known=DAYS)
    dated = _mapping("exceptions", parts.get("exceptions", {}))
    hours = Hours(
        zone=_zone(parts.get("zone")),
        week=tuple(_shifts(f"hours.{day}", week.get(day, [])) for day in DAYS),
        exceptions=tuple(sorted((_date(key), _shifts(f"exceptions.{key}", dated[key])) for key in dated)),
    )
    _check_nights(hours)
    if not any(hours.week) and not any(shifts for _day, shifts in hours.exceptions):
        wrong("hours", _("the calendar never opens"))
    return hours


def write(hours: Hours) -> dict[str, Any]:
    """Give the JSON that reads as these hours: all seven days, shifts and dates in order."""
    return {
        "zone": hours.zone,
        "hours": {day: _written(shifts) for day, shifts in zip(DAYS, hours.week, strict=True)},
        "exceptions": {day.isoformat(): _written(shifts) for day, shifts in hours.exceptions},
    }


def wrong(path: str, problem: str) -> NoReturn:
    """Refuse a calendar for what is wrong at a path."""
    place = path or _("calendar")
    raise CalendarError(_("%(path)s: %(problem)s") % {"path": place, "problem": problem}, path=path)


def _mapping(path: str, value: Any, known: Iterable[str] = ()) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        wrong(path, _("must be an object with named entries"))
    for key in value:
        if known and key not in known:
            name = f"{path}.{key}" if path else key
            wrong(name, _("is not known here; known are %(names)s") % {"names": ", ".join(known)})
    return value


def _zone(name: Any) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, TypeError, AttributeError, OSError):  # what the library raises on odd names
        wrong("zone", _("%(name)s is not a time zone, such as Asia/Shanghai") % {"name": repr(name)})


def _date(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text or not 1800 < day.year < 9900:  # noqa: PLR2004
        wrong(f"exceptions.{text}", _("must be a date, such as 2026-10-01"))
    return day


def _shifts(path: str, value: Any) -> Shifts:
    if not isinstance(value, list):
        wrong(path, _('must be a list of shifts, such as [["09:00", "18:00"]]'))
    shifts = sorted((*_shift(f"{path}[{index}]", item), index) for index, item in enumerate(value))
    for (_start, end, _index), (start, _end, index) in pairwise(shifts):
        if start < end:
            wrong(f"{path}[{index}]", _("overlaps another shift"))
    return tuple((start, end) for start, end, _index in shifts)


def _shift(path: str, value: Any) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004
        wrong(path, _('must be a start and an end, such as ["09:00", "18:00"]'))
    start, end = (_minutes(f"{path}[{index}]", text) for index, text in enumerate(value))
    if start == MIDNIGHT:
        wrong(f"{path}[0]", _("a shift cannot start at 24:00"))
    if start == end:
        wrong(path, _("is empty; a whole day is 00:00 to 24:00"))
    return start, end if end > start else end + MIDNIGHT


def _minutes(path: str, text: Any) -> int:
    if not isinstance(text, str) or not (match := _TIME.fullmatch(text)):
        wrong(path, _("%(text)s is not a time from 00:00 to 24:00") % {"text": repr(text)})
    hour, minute = (int(part) for part in match.groups() if part)
    return hour * 60 + minute


def _check_nights(hours: Hours) -> None:
    """Refuse a shift over midnight that runs into the next day's first shift."""
    for index, name in enumerate(DAYS):
        if _collide(hours.week[index - 1], hours.week[index]):
            wrong(f"hours.{name}[0]", _("overlaps the shift that runs over from the day before"))
    exceptions = dict(hours.exceptions)
    for day, shifts in hours.exceptions:
        before, after = (
            exceptions.get(near, hours.week[near.weekday()])
            for near in (day - timedelta(days=1), day + timedelta(days=1))
        )
        if _collide(before, shifts) or _collide(shifts, after):
            wrong(f"exceptions.{day}", _("overlaps a shift that runs over midnight"))


def _collide(evening: Shifts, morning: Shifts) -> bool:
    return bool(evening and morning) and evening[-1][1] - MIDNIGHT > morning[0][0]


def _written(shifts: Shifts) -> list[list[str]]:
    return [[_clock(start), _clock(end if end <= MIDNIGHT else end - MIDNIGHT)] for start, end in shifts]


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
