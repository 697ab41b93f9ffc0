"""What of a change comes from where: a figure's change as the sum of its keys' parts. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from kpis.metrics.rules import Counted, joined


@dataclass(frozen=True, slots=True)
class Part:
    """What one key adds to a change, in the unit of the ratio: by its own level, and by its weight."""

    key: str
    before: Counted
    now: Counted
    by_level: float
    by_weight: float

    @property
    def whole(self) -> float:
        """Both."""
        return self.by_level + self.by_weight


def contributions(before: Mapping[str, Counted], now: Mapping[str, Counted]) -> list[Part]:
    """The parts that keys have in the change of `total / n`, the largest first; they add up to it.

    By level: how a key's own ratio changed, times its average weight. By weight: how its weight changed,
    times how far its ratio lies from that of all on average (Kitagawa 1955, JASA 50, 1168-1194, which
    Das Gupta 1993 carries on). Of a key that is on
    one side only all is by weight.
    """
    every, later = joined(before.values()), joined(now.values())
    if not every.n or not later.n:
        return []
    middle = (every.total / every.n + later.total / later.n) / 2
    parts = []
    for key in {**before, **now}:
        one, other = before.get(key, Counted()), now.get(key, Counted())
        w0, w1 = one.n / every.n, other.n / later.n
        whole = other.total / later.n - one.total / every.n - middle * (w1 - w0)
        level = (w0 + w1) / 2 * (other.total / other.n - one.total / one.n) if one.n and other.n else 0.0
        parts.append(Part(key, one, other, level, whole - level))
    return sorted(parts, key=lambda part: (-abs(part.whole), part.key))
