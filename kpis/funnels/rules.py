"""How far people come on a way of several steps. Pure."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many came to each step at least, in the order of the steps; `depths` how far each came, from 1."""

    counts: tuple[int, ...]
    depths: dict[Hashable, int]

    @property
    def shares(self) -> tuple[float | None, ...]:
        """Of those who came to the step before, the share who came to this one, from 0 to 1."""
        return (
            None,
            *(_share(now, before) for before, now in zip(self.counts, self.counts[1:], strict=False)),
        )


def funnel(
    events: Iterable[tuple[Hashable, str, datetime]], steps: Sequence[str], window: timedelta
) -> Funnel:
    """How many people went through the steps in their order, all within a time that begins with the first.

    `events` are rows of who, name and moment, in any order. The time is counted from the last first step
    before somebody went on: whoever looks again tomorrow begins anew. A step at the very end of the time
    counts. Steps at one moment count in their order. Other events in between don't matter.

    Source: the anchoring of ClickHouse's windowFunnel.

    Raises:
        ValueError: no steps, a step twice, or a negative time.
    """
    depths: dict[Hashable, int] = {}
    for who, place, _at, _began in _ways(events, steps, window):
        depths[who] = max(depths.get(who, 0), place + 1)
    counts = tuple(sum(depth > place for depth in depths.values()) for place in range(len(steps)))
    return Funnel(counts, depths)


def entries(
    events: Iterable[tuple[Hashable, str, datetime]],
    steps: Sequence[str],
    window: timedelta,
    day_of: Callable[[datetime], date],
) -> dict[tuple[Hashable, date], tuple[datetime | None, ...]]:
    """When those who came in on a day first came to each step, by who and day; None: never.

    Each step belongs to the day on which its way began, so that nothing counts on two days; whoever came in
    on several days has come, on the best of them, as far as `funnel` says.

    Raises:
        ValueError: as `funnel`.
    """
    found: dict[tuple[Hashable, date], list[datetime | None]] = {}
    for who, place, at, began in _ways(events, steps, window):
        moments = found.setdefault((who, day_of(began)), [None] * len(steps))
        moments[place] = moments[place] or at
    return {entry: tuple(moments) for entry, moments in found.items()}


def _ways(
    events: Iterable[tuple[Hashable, str, datetime]], steps: Sequence[str], window: timedelta
) -> Iterator[tuple[Hashable, int, datetime, datetime]]:
    """Each step that counts, in the order of time: who, which, when, and when its way began."""
    places = {name: place for place, name in enumerate(steps)}
    if not places or len(places) != len(steps) or window < timedelta():
        raise ValueError("steps that differ, and a time that is not negative")
    known = ((at, places[name], who) for who, name, at in events if name in places)
    begun: dict[Hashable, list[datetime | None]] = {}
    for at, place, who in sorted(known, key=lambda event: event[:2]):
        anchors = begun.setdefault(who, [None] * len(places))  # of the way that came so far: when it began
        before = at if place == 0 else anchors[place - 1]
        if before is not None and at - before <= window:
            anchors[place] = before
            yield who, place, at, before


def _share(now: int, before: int) -> float | None:
    return now / before if before else None
