"""What members who came back have in common, against those who did not. Pure.

Members come as groups that are alike: the same traits, come back or not, so many. Each trait is held against
its absence alone: how many came back with it and without (Newcombe's interval of the difference), and the
chance of so much adjusted for how many traits there are (Holm). What comes out is how things hang together.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from config.common.statistics import LEVEL, wilson
from kpis.attribution.rules import RARE, kind_of
from kpis.stats import Proportions, holm, two_proportions

FEW = 2 * RARE
"""Of fewer members no trait can be held against its absence."""
DONE = ("given", "case", "clock")
"""What was done: told before who the members are, where the same ones have both."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Members with the same traits who came back, or did not."""

    traits: frozenset[str]
    is_back: bool
    n: int


@dataclass(frozen=True, slots=True)
class Trait:
    """How many of those with it came back, against those without; `p` is adjusted (Holm)."""

    name: str
    back: int
    n: int
    compared: Proportions
    p: float

    @property
    def share(self) -> float:
        """Of those with it who came back, in percent."""
        return 100 * self.back / self.n

    @property
    def share_without(self) -> float:
        """Of those without it, in percent."""
        back, n, _back, _n = self.compared.counts
        return 100 * back / n

    @property
    def lift(self) -> float | None:
        """How many times as many came back with it; None where nobody without it did."""
        return self.share / self.share_without if self.share_without else None

    @property
    def points(self) -> tuple[float, float, float]:
        """How many more came back with it, in points, and the ends of its 95 % interval (not adjusted)."""
        one = self.compared
        return 100 * (one.difference or 0.0), 100 * (one.low or 0.0), 100 * (one.high or 0.0)

    @property
    def is_sure(self) -> bool:
        """Whether its chance stays below 5 %."""
        return self.p < LEVEL


@dataclass(frozen=True, slots=True)
class Common:
    """What was found, the surest first; `rare`: what too few have or lack, with how many have it.

    `alike`: what the same members have, the trait that stands for it, and whether the others have it.
    """

    n: int
    back: int
    traits: tuple[Trait, ...]
    rare: tuple[tuple[str, int], ...]
    alike: tuple[tuple[str, str, bool], ...] = ()

    @property
    def is_few(self) -> bool:
        """Whether there are too few members to say anything."""
        return self.n < FEW

    @property
    def share(self) -> float | None:
        """Of all who came back, in percent; None of nobody."""
        return 100 * self.back / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's interval of it, in percent."""
        if not self.n:
            return None
        low, high = wilson(self.back, self.n)
        return 100 * low, 100 * high


def in_common(groups: Sequence[Lost]) -> Common:
    """Hold each trait against its absence."""
    n = sum(one.n for one in groups)
    back = sum(one.n for one in groups if one.is_back)
    if n < FEW:
        return Common(n, back, (), ())
    have: Counter[str] = Counter()
    came: Counter[str] = Counter()
    for one in groups:
        for name in one.traits:
            have[name] += one.n
            came[name] += one.n * one.is_back
    often = [name for name in sorted(have) if min(have[name], n - have[name]) >= RARE]
    stands_for = _alike(groups, sorted(often, key=lambda name: (_order(name), have[name], name)))
    kept = [name for name in often if name not in stands_for]
    compared = [two_proportions(back - came[name], n - have[name], came[name], have[name]) for name in kept]
    chances = holm([1.0 if one.chance is None else one.chance for one in compared])
    traits = [
        Trait(name, came[name], have[name], one, p)
        for name, one, p in zip(kept, compared, chances, strict=True)
    ]
    rare = [(name, have[name]) for name in sorted(have) if name not in often and have[name] < n]
    return Common(
        n,
        back,
        tuple(sorted(traits, key=lambda one: (one.p, -abs(one.points[0]), one.name))),
        tuple(rare),
        tuple((name, *stands) for name, stands in stands_for.items()),
    )


def _order(name: str) -> int:
    return DONE.index(kind_of(name)) if kind_of(name) in DONE else len(DONE)


def _alike(groups: Sequence[Lost], names: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """Traits that exactly those have, or lack (true), who have an earlier one, and which that is."""
    patterns = {one.traits for one in groups if one.n}
    first: dict[frozenset[frozenset[str]], str] = {}
    found = {}
    for name in names:
        having = frozenset(one for one in patterns if name in one)
        others = frozenset(patterns - having)
        if having in first or others in first:
            found[name] = (first[having], False) if having in first else (first[others], True)
        else:
            first[having] = name
    return found
