"""Whose time the time of a case was: parts that add up to the whole, to the microsecond."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

OUTSIDE = None
"""Nobody's here: the case waited for its member, or for somebody else outside the company."""

Share = Mapping[int | None, timedelta]
"""Time by department; `OUTSIDE` for what was nobody's."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which a department was asked."""

    department: int
    start: datetime
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """What is known of a case: its moments need not be in order.

    `moves` are (moment, department before, department after), `waits` the (moment, does it wait for somebody
    outside from then on) of each change.
    """

    opened_at: datetime
    until: datetime
    department: int
    moves: Sequence[tuple[datetime, int, int]] = ()
    waits: Sequence[tuple[datetime, bool]] = ()
    asked: Sequence[Stretch] = ()


def share(life: Life) -> dict[int | None, timedelta]:
    """Divide the time from opening to `until` among the departments.

    While departments are asked, the time is theirs, in equal parts; what cannot be divided goes to the one
    that was asked first. While the case waits for somebody outside, it is nobody's. The rest is the time of
    the department that has the case.
    """
    start, until = life.opened_at, max(life.until, life.opened_at)
    moves = sorted(life.moves, key=lambda move: move[0])
    waits = sorted(life.waits, key=lambda wait: wait[0])
    asked = sorted(life.asked, key=lambda one: one.start)
    edges = {start, until}
    edges.update(move[0] for move in moves)
    edges.update(wait[0] for wait in waits)
    edges.update(edge for one in asked for edge in (one.start, one.end) if edge is not None)
    inside = sorted(edge for edge in edges if start <= edge <= until)
    parts: dict[int | None, timedelta] = defaultdict(timedelta)
    for since, to in pairwise(inside):
        open_ones = [
            one.department for one in asked if one.start <= since and (one.end is None or one.end >= to)
        ]
        if open_ones:
            _divide(parts, list(dict.fromkeys(open_ones)), to - since)
        elif _last(waits, since):
            parts[OUTSIDE] += to - since
        else:
            parts[_owner(life.department, moves, since)] += to - since
    return dict(parts)


def _divide(parts: dict[int | None, timedelta], departments: list[int], time: timedelta) -> None:
    each = time // len(departments)
    for department in departments:
        parts[department] += each
    parts[departments[0]] += time - each * len(departments)


def _last(waits: Sequence[tuple[datetime, bool]], at: datetime) -> bool:
    """Tell whether the case waited for somebody outside at a moment."""
    return next((is_waiting for since, is_waiting in reversed(waits) if since <= at), False)


def _owner(department: int, moves: Sequence[tuple[datetime, int, int]], at: datetime) -> int:
    """Tell which department had the case at a moment."""
    if not moves:
        return department
    return next((after for since, _before, after in reversed(moves) if since <= at), moves[0][1])
