"""What people give: texts and days, as they are kept."""

from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.common.asked import in_years
from config.common.errors import Invalid


def text_of(text: str, limit: int, field: str, *, is_needed: bool = True) -> str:
    """A text as it is kept.

    Raises:
        Invalid: there is none, it is too long, or holds a character that no text has.
    """
    text = text.strip()
    if is_needed and not text:
        raise Invalid(_("Write something here."), field=field)
    if len(text) > limit:
        raise Invalid(_("This is too long."), field=field)
    if "\x00" in text:
        raise Invalid(_("There is a character in it that no text has."), field=field)
    return text


def day_of(at: datetime) -> date:
    """The day of a moment, where the house stands."""
    return timezone.localdate(at)


def coming_day(day: date | None, at: datetime, field: str) -> date:
    """A day that is still to come, or today.

    Raises:
        Invalid: there is none, it is past, or beyond what calendars know.
    """
    if day is None or not in_years(day) or day < day_of(at):
        raise Invalid(_("Choose a day that is not past."), field=field)
    return day
