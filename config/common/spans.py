"""Lengths of time in words, in the language of the moment."""

from datetime import timedelta

from django.utils.translation import gettext as _

MINUTE, HOUR, DAY = 60, 3600, 86_400


def span(value: timedelta | float | None) -> str:
    """Say a length of time in its two largest units, cut off: "2 d 3 h", "1 h 5 min", "12 min", "40 s".

    A number is in seconds; the sign does not count; None is nothing.
    """
    if value is None:
        return ""
    seconds = abs(int(value.total_seconds() if isinstance(value, timedelta) else value))
    days, hours, minutes = seconds // DAY, seconds % DAY // HOUR, seconds % HOUR // MINUTE
    if days:
        parts = [_("%d d") % days, _("%d h") % hours if hours else ""]
    elif hours:
        parts = [_("%d h") % hours, _("%d min") % minutes if minutes else ""]
    elif minutes:
        parts = [_("%d min") % minutes]
    else:
        parts = [_("%d s") % seconds]
    return " ".join(part for part in parts if part)


def work_span(value: timedelta) -> str:
    """Say a length of working time: "24 h", "1 h 30 min"; never in days, for nobody works 24 hours a day."""
    hours = int(value.total_seconds()) // HOUR
    rest = value - timedelta(hours=hours)
    parts = [_("%d h") % hours if hours else "", span(rest) if rest or not hours else ""]
    return " ".join(part for part in parts if part)
