"""When a task force meets, and what comes first on its agenda. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from kpis.models import TopicKind

WEEK = 7
CALLED_DAYS = 3
"""So many days before its day a meeting is called by itself."""
MOST: Mapping[TopicKind, int] = {
    TopicKind.DECISION: 8,
    TopicKind.GOAL: 4,
    TopicKind.ALERT: 4,
    TopicKind.SPOT: 3,
    TopicKind.IMPROVEMENT: 4,
}
"""So many of each kind have room on an agenda: each kind has its own, so that none crowds another out."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something that may come on an agenda; of one kind the more urgent has the higher `urgency`."""

    kind: TopicKind
    urgency: float
    numbers: dict[str, Any]


def next_on(weekday: int, today: date) -> date:
    """The first day from today on that is this weekday (Monday is 0)."""
    return today + timedelta((weekday - today.weekday()) % WEEK)


def week_of(day: date) -> tuple[date, date]:
    """The Monday and the Sunday of a day's week."""
    monday = day - timedelta(day.weekday())
    return monday, monday + timedelta(WEEK - 1)


def agenda(found: Iterable[Found]) -> tuple[list[Found], dict[str, int]]:
    """What comes on the agenda, kind by kind and the most urgent first; and how many of each had no room.

    What was found first comes first of equals.
    """
    by_kind: dict[TopicKind, list[Found]] = {kind: [] for kind in MOST}
    for one in found:
        by_kind[one.kind].append(one)
    chosen, left_out = [], {}
    for kind, room in MOST.items():
        in_order = sorted(by_kind[kind], key=lambda one: -one.urgency)
        chosen += in_order[:room]
        if len(in_order) > room:
            left_out[kind.value] = len(in_order) - room
    return chosen, left_out
