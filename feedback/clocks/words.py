"""Clocks in words, in the language of the moment."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from config.common.spans import span

_MINUTE, _HOUR = 60, 3600


def exact(time: timedelta) -> str:
    """Say a time to the second: "1:02:03", for sums that must add up."""
    seconds = int(abs(time).total_seconds())
    return f"{seconds // _HOUR}:{seconds % _HOUR // _MINUTE:02}:{seconds % _MINUTE:02}"


def left(due_at: datetime, now: datetime) -> str:
    """Say how long until it is due, or how late it is: "12 min left", "3 h 5 min late"."""
    return (_("%s late") if now >= due_at else _("%s left")) % span(due_at - now)


def ended(due_at: datetime, at: datetime) -> str:
    """Say how well a milestone was met: "met, 12 min to spare" or "met 3 h 5 min late"."""
    time = span(due_at - at)
    return (_("met %(time)s late") if at > due_at else _("met, %(time)s to spare")) % {"time": time}
