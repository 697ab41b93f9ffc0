"""Clocks for the screens: of a case, of one clock's life, of a list."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from feedback.clocks.replay import Replay, replay
from feedback.clocks.states import Chip, State, chip, chips, running_chips, state_of
from feedback.models import Clock, Department

__all__ = [
    "Chip",
    "Replay",
    "State",
    "breaches",
    "chip",
    "chips",
    "due_within",
    "replay",
    "running_chips",
    "standing",
    "state_of",
]

RUNNING = Q(met_at=None, stopped_at=None)
SHOWN = ("case__member", "case__agent__user", "case__department", "review__member", "department")
"""What a list of clocks shows of each."""
AUDITED = ("policy_version__policy", "breach_note__cause", "breach_note__by")
"""What the breach list shows besides."""


def standing(now: datetime) -> dict[State, Q]:
    """Say in SQL what `state_of` says of clocks that run: each is in exactly one of these states."""
    late = Q(breached_at__isnull=False) | Q(due_at__lte=now, paused_at=None)
    paused = ~late & Q(paused_at__isnull=False)
    goes_on = ~late & Q(paused_at=None)
    soon = Q(rungs_fired__gt=0) | Q(next_fire_at__lte=now)
    return {
        State.RUNNING: goes_on & ~soon,
        State.WARNED: goes_on & soon,
        State.BREACHED: late,
        State.PAUSED: paused,
    }


def due_within(ahead: timedelta, now: datetime) -> Q:
    """Say in SQL which running clocks fall due in the next time and are not late yet."""
    return Q(breached_at=None, paused_at=None, due_at__gt=now, due_at__lte=now + ahead)


def breaches(
    departments: Iterable[Department],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    milestones: Iterable[str] = (),
    is_running: bool | None = None,
) -> QuerySet[Clock]:
    """Give the breached clocks of some departments, latest first, with all that a list shows of each.

    `since` and `until` bound the moment of the breach, half-open. Page by (breached_at, id).
    """
    found = Clock.objects.filter(department__in=departments, breached_at__isnull=False)
    if since is not None:
        found = found.filter(breached_at__gte=since)
    if until is not None:
        found = found.filter(breached_at__lt=until)
    if wanted := list(milestones):
        found = found.filter(milestone__in=wanted)
    if is_running is not None:
        found = found.filter(RUNNING) if is_running else found.exclude(RUNNING)
    return found.select_related(*SHOWN, *AUDITED).order_by("-breached_at", "-pk")
