"""The charts of a crisis, as places and heights in percent."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from feedback.crises.queries import Line
from feedback.models import CaseStatus

MOST_BARS = 168
TICKS = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """An hour, or several put together: its place, width, height, and what it stands for."""

    x: float
    width: float
    height: float
    since: datetime
    n: int


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart of bars; the table below it holds the values."""

    bars: list[Bar]
    most: int
    hours_each: int

    @property
    def ticks(self) -> list[Bar]:
        """Bars whose moments are written below."""
        step = max(1, len(self.bars) // TICKS)
        return self.bars[::step]


def bars(hours: list[list[Any]]) -> Bars:
    """Cases by hour; with more hours than fit, several in one bar."""
    if not hours:
        return Bars([], 0, 1)
    counted = {datetime.fromisoformat(hour): n for hour, n in hours}
    first, last = min(counted), max(counted)
    span = int((last - first).total_seconds() // 3600) + 1
    each = -(-span // MOST_BARS)
    sums = [0] * -(-span // each)
    for hour, n in counted.items():
        sums[int((hour - first).total_seconds() // 3600) // each] += n
    most, step = max(sums), 100 / len(sums)
    return Bars(
        [
            Bar(
                round(place * step + step * 0.1, 3),
                round(step * 0.8, 3),
                round(100 * n / most, 2),
                timezone.localtime(first + place * each * timedelta(hours=1)),
                n,
            )
            for place, n in enumerate(sums)
        ],
        most,
        each,
    )


@dataclass(frozen=True, slots=True)
class Lines:
    """Two lines over the same hours, as points of SVG: what came, and what came a week before."""

    counted: str
    week_before: str
    most: int
    since: datetime | None
    until: datetime | None


def line(found: Line) -> Lines:
    """What came hour by hour against the week before."""
    if not found.hours:
        return Lines("", "", 0, None, None)
    most = max(*found.counted, *found.week_before, 1)

    def points(values: list[int]) -> str:
        step = 100 / max(1, len(values) - 1)
        return " ".join(f"{place * step:.2f},{100 - 100 * n / most:.2f}" for place, n in enumerate(values))

    return Lines(
        points(found.counted),
        points(found.week_before),
        most,
        timezone.localtime(found.hours[0]),
        timezone.localtime(found.hours[-1]),
    )


def states(counts: dict[str, int]) -> list[tuple[str, str, int, float]]:
    """How many cases stand where: code, name, number, share in percent."""
    whole = sum(counts.values()) or 1
    return [(code, str(CaseStatus(code).label), n, round(100 * n / whole, 1)) for code, n in counts.items()]
