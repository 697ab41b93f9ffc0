"""The working calendars that ship, with China's public holidays and make-up workdays. Edits stay."""

from datetime import datetime
from typing import Any

from feedback.models import Calendar
from feedback.sops.commands import publish_calendar
from feedback.sops.holidays import china_exceptions
from feedback.sops.hours import DAYS

OFFICE, SERVICE, ALWAYS = "cn-office", "cn-service", "always"
ZONE = "Asia/Shanghai"
YEARS_BEFORE, YEARS_AHEAD = 1, 2

NAMES = {
    OFFICE: ("工作日 9–18 点", "Workdays 9–18"),
    SERVICE: ("每天 9–21 点", "Every day 9–21"),
    ALWAYS: ("全天候", "Around the clock"),
}
HOURS = {
    OFFICE: (DAYS[:5], [["09:00", "12:00"], ["13:00", "18:00"]]),
    SERVICE: (DAYS, [["09:00", "21:00"]]),
    ALWAYS: (DAYS, [["00:00", "24:00"]]),
}


def seed_calendars(at: datetime) -> None:
    """Make and publish the calendars that are not there."""
    for code, (name, name_en) in NAMES.items():
        if not Calendar.objects.filter(code=code).exists():
            calendar = Calendar.objects.create(
                code=code, name=name, name_en=name_en, content=content(code, at.year)
            )
            publish_calendar(calendar=calendar, actor=None, at=at)


def content(code: str, year: int) -> dict[str, Any]:
    """Give a calendar's hours, with the holidays from the year before to two years ahead."""
    days, shifts = HOURS[code]
    years = range(year - YEARS_BEFORE, year + YEARS_AHEAD + 1)
    return {
        "zone": ZONE,
        "hours": {day: shifts for day in days},  # noqa: C420 - the same list, which nobody changes
        "exceptions": {} if code == ALWAYS else china_exceptions(years, shifts),
    }
