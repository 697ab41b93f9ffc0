"""When somebody is on duty, and whether they are there: spans of time, without a database."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from feedback.models import PresenceState

Span = tuple[datetime, datetime]
"""From a moment up to, but not including, another."""

SILENT = timedelta(minutes=2)
"""Who was not heard of for longer is offline."""

OFFLINE = "offline"

LONGEST_SHIFT, LONGEST_LEAVE = timedelta(hours=24), timedelta(days=366)
NOTE_LENGTH = 200


def state_at(state: str | None, seen_at: datetime | None, at: datetime) -> str:
    """What somebody's presence is at a moment: what they said, unless they were not heard of for too long."""
    if state is None or seen_at is None or at - seen_at > SILENT:
        return OFFLINE
    return state


def gone_since(state: str | None, since: datetime | None, seen_at: datetime | None, at: datetime) -> datetime:
    """Since when somebody is away or offline; `at` itself while they are there.

    Who never said anything is gone since the beginning of time.
    """
    now = state_at(state, seen_at, at)
    if now == OFFLINE:
        began = since if state == PresenceState.AWAY else None
        return began or seen_at or datetime.min.replace(tzinfo=at.tzinfo)
    return since if now == PresenceState.AWAY and since else at


def union(*many: Iterable[Span]) -> list[Span]:
    """All spans in order, those that overlap or touch joined."""
    joined: list[Span] = []
    for start, end in sorted(span for spans in many for span in spans):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def minus(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """The spans without the holes."""
    left = union(spans)
    for start, end in union(holes):
        left = [
            part
            for begin, until in left
            for part in ((begin, min(until, start)), (max(begin, end), until))
            if part[0] < part[1]
        ]
    return left


def cut(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """What of the spans lies between two moments."""
    return [
        (max(begin, start), min(until, end)) for begin, until in spans if max(begin, start) < min(until, end)
    ]


def covers(spans: Iterable[Span], at: datetime) -> bool:
    """Whether a moment lies in one of the spans."""
    return any(start <= at < end for start, end in spans)


def duty(
    pattern: Iterable[Span], shifts: Iterable[Span], leave: Iterable[Span], start: datetime, end: datetime
) -> list[Span]:
    """When somebody is on duty between two moments: by calendar or roster, but not on leave."""
    return cut(minus(union(pattern, shifts), leave), start, end)


def gaps(spans: Sequence[Span], start: datetime, end: datetime) -> list[Span]:
    """The times between two moments in which there is nobody."""
    return minus([(start, end)], spans)


def overlapping(spans: Iterable[Span]) -> list[tuple[Span, Span]]:
    """Neighbours that overlap, for telling somebody which."""
    return [(one, other) for one, other in pairwise(sorted(spans)) if other[0] < one[1]]
