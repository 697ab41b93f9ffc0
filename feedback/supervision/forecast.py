"""What will be late within the hour: what falls due against what people get done. Pure functions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TypeVar

K = TypeVar("K")

MINUTES = 60
ASSUMED_PER_HOUR = 6.0
"""What one person gets done in an hour where nobody has measured it yet."""


@dataclass(frozen=True, slots=True)
class Force:
    """Who does the work: how many are on duty in each of the next 60 minutes, and how fast they have been.

    `late_share` is the part of their work that went to clocks which were late already. `arrivals` new clocks
    an hour come that are due within the hour, each `lead` minutes after it came.
    """

    people: Sequence[int]
    per_hour: float = ASSUMED_PER_HOUR
    late_share: float = 0.0
    arrivals: float = 0.0
    lead: float = 0.0

    def room(self) -> Iterator[float]:
        """How many clocks can have been met in time by the end of each minute."""
        each = self.per_hour * (1 - self.late_share) / MINUTES
        return accumulate(number * each for number in self.people)


@dataclass(slots=True)
class Outlook:
    """What is to be late within the hour: of the clocks that run by minute, and of those still to come."""

    minutes: list[int] = field(default_factory=lambda: [0] * MINUTES)
    to_come: float = 0.0

    @property
    def open(self) -> int:
        """How many of those that run now."""
        return sum(self.minutes)


def outlook(due: Sequence[int], force: Force) -> Outlook:
    """Tell what will be late, given how many running clocks fall due in each of the next 60 minutes.

    A queue by due time (earliest due date first): by the end of a minute people have done what they can do
    until then, and what has fallen due by then and is not done is late. It keeps its place in the queue, so
    that those behind it wait for it too. What comes meanwhile queues with the rest. Fractions are carried on
    to the next minute.
    """
    coming = _coming(force)
    told, ahead, pending = Outlook(), 0.0, 0.0
    for minute, (running, room) in enumerate(zip(due, force.room(), strict=True)):
        wanted = running + coming[minute]
        served = min(wanted, max(0.0, room - ahead))
        ahead += wanted
        share = served / wanted if wanted else 1.0
        pending += running * (1 - share)
        late = min(running, max(0, round(pending)))
        pending -= late
        told.minutes[minute] = late
        told.to_come += coming[minute] * (1 - share)
    return told


def _coming(force: Force) -> list[float]:
    """How many clocks that have not begun fall due in each minute: none before the first can."""
    each = force.arrivals / MINUTES
    return [each if minute >= force.lead else 0.0 for minute in range(MINUTES)]


def shared(late: Sequence[int], parts: Mapping[K, Sequence[int]]) -> dict[K, list[int]]:
    """Divide what is late in each minute among the parts that fall due then, the largest rest first.

    Whole clocks; in every minute the parts add up to what is late.
    """
    given = {key: [0] * len(late) for key in parts}
    for minute, number in enumerate(late):
        whole = sum(part[minute] for part in parts.values())
        if not number or not whole:
            continue
        exact = {key: number * part[minute] / whole for key, part in parts.items()}
        for key, value in exact.items():
            given[key][minute] = int(value)
        left = number - sum(int(value) for value in exact.values())
        for key in sorted(exact, key=lambda key: int(exact[key]) - exact[key])[:left]:
            given[key][minute] += 1
    return given
