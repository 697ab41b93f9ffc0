"""Durations and clocks in words, in the language of the moment."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def duration(time: timedelta) -> str:
    """Say a time in its two largest units, cut off: "45 s", "12 min", "3 h 5 min", "2 d 4 h"."""
    seconds = int(abs(time).total_seconds())
    if seconds < _MINUTE:
        return _("%(seconds)d s") % {"seconds": seconds}
    if seconds < _HOUR:
        return _("%(minutes)d min") % {"minutes": seconds // _MINUTE}
    if seconds < _DAY:
        hours, rest = divmod(seconds, _HOUR)
        if minutes := rest // _MINUTE:
            return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
        return _("%(hours)d h") % {"hours": hours}
    days, rest = divmod(seconds, _DAY)
    if hours := rest // _HOUR:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    return _("%(days)d d") % {"days": days}


def exact(time: timedelta) -> str:
    """Say a time to the second: "1:02:03", for sums that must add up."""
    seconds = int(abs(time).total_seconds())
    return f"{seconds // _HOUR}:{seconds % _HOUR // _MINUTE:02}:{seconds % _MINUTE:02}"


def left(due_at: datetime, now: datetime) -> str:
    """Say how long until it is due, or how late it is: "12 min left", "3 h 5 min late"."""
    time = duration(due_at - now)
    return (_("%(time)s late") if now >= due_at else _("%(time)s left")) % {"time": time}


def ended(due_at: datetime, at: datetime) -> str:
    """Say how well a milestone was met: "met, 12 min to spare" or "met 3 h 5 min late"."""
    time = duration(due_at - at)
    return (_("met %(time)s late") if at > due_at else _("met, %(time)s to spare")) % {"time": time}
