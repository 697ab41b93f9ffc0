"""What moves a score: how often, and how strongly with all else held equal. Pure.

Answers come as groups that are alike: the same drivers, the same value, so many, and of members who answered
several times by whom. The least squares of groups with their numbers as weights are those of the answers one
by one, and so are the intervals (`fitting`). What comes out is how things hang together, never that one
causes the other.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from config.common.statistics import LEVEL, holm, wilson
from kpis.attribution.fitting import fit

FEW = 100
"""Fewer answers say nothing about drivers."""
RARE = 20
"""A driver needs answers of as many members with it, and as many without."""
EACH = 10
"""Members for each driver that is held equal (Harrell 2015, Regression Modeling Strategies, 4.4)."""
AFTER = "after"
"""The kind of reasons that were asked for because of the score: held against it they would explain itself."""
ALIKE = 0.9
"""What the other drivers may explain of one (R²): beyond it the two can't be told apart."""


def kind_of(name: str) -> str:
    """What kind of driver a name such as "gap:delivery" names."""
    return name.split(":", 1)[0]


@dataclass(frozen=True, slots=True)
class Alike:
    """Answers with the same drivers and the same value.

    `member` gave them all, and maybe others; without one each was given by somebody else, who gave no other.
    """

    drivers: frozenset[str]
    value: float
    n: int
    member: int | None = None


class Why(StrEnum):
    """Why a driver is left out."""

    RARE = "rare"
    ALIKE = "alike"
    USUAL = "usual"
    TOO_MANY = "too_many"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A driver that is not held against the others, with how many answers have it."""

    driver: str
    why: Why
    n: int


@dataclass(frozen=True, slots=True)
class Driver:
    """How a driver hangs together with the score.

    `effect` is how much higher the value is with it than without, other drivers held equal, in the value's
    own unit; `share` is that of the answers with it, from 0 to 1. `is_sure`: its chance stays below 5 % when
    adjusted for how many drivers there are (Holm).
    """

    name: str
    n: int
    share: float
    effect: float
    low: float
    high: float
    is_sure: bool

    @property
    def gain(self) -> float:
        """What the mean would be higher by if answers with it were like those without: −share × effect."""
        return -self.share * self.effect

    @property
    def gain_low(self) -> float:
        """The least of its interval; the share is taken as it is."""
        return -self.share * self.high

    @property
    def gain_high(self) -> float:
        """The most of its interval."""
        return -self.share * self.low


@dataclass(frozen=True, slots=True)
class Found:
    """What was found: `drivers` with the greatest share × effect first. Too few answers give none at all."""

    n: int
    mean: float | None
    drivers: tuple[Driver, ...]
    left_out: tuple[LeftOut, ...]
    explained: float | None

    @property
    def is_few(self) -> bool:
        """Whether there are too few answers to say anything."""
        return self.n < FEW


def drivers(groups: Sequence[Alike]) -> Found:
    """Hold the drivers of a score against each other.

    Of drivers named `a:x` and `a:y` whose kind `a` each answer has exactly one of (a tier, a category), the
    most usual is what the others are compared with.
    """
    n = sum(one.n for one in groups)
    mean = sum(one.value * one.n for one in groups) / n if n else None
    if n < FEW:
        return Found(n, mean, (), (), None)
    counts: Counter[str] = Counter()
    for one in groups:
        for name in one.drivers:
            counts[name] += one.n
    order = sorted(counts, key=lambda name: (-counts[name], name))
    people, sided = _people(groups)
    left: dict[str, Why] = {name: Why.RARE for name in order if min(sided[name]) < RARE}
    left |= {name: Why.AFTER for name in order if kind_of(name) == AFTER}
    left |= dict.fromkeys(_usual(groups, [name for name in order if kind_of(name) != AFTER]), Why.USUAL)
    tried = [name for name in order if name not in left]
    most = people // EACH
    left |= dict.fromkeys(tried[most:], Why.TOO_MANY)
    patterns, whose, (numbers, sums, squares) = _joined(groups)
    kept = _apart(patterns, numbers, tried[:most])
    left |= {name: Why.ALIKE for name in tried[:most] if name not in kept}
    fitted = fit(_matrix(patterns, kept), numbers, sums, squares, whose)
    sure = holm(fitted.chances[1:])
    found = tuple(
        Driver(
            name,
            counts[name],
            counts[name] / n,
            fitted.effects[place],
            fitted.effects[place] - fitted.margins[place],
            fitted.effects[place] + fitted.margins[place],
            is_sure=sure[place - 1] <= LEVEL,
        )
        for place, name in enumerate(kept, start=1)
    )
    return Found(
        n,
        mean,
        tuple(sorted(found, key=lambda one: (-abs(one.gain), one.name))),
        tuple(LeftOut(name, why, counts[name]) for name, why in left.items()),
        fitted.explained,
    )


def _usual(groups: Sequence[Alike], order: Sequence[str]) -> list[str]:
    """Of each kind that every answer has exactly one of, the most usual."""
    kinds: dict[str, str] = {}
    for name in order:
        kinds.setdefault(kind_of(name), name)
    for one in groups:
        had = Counter(kind_of(name) for name in one.drivers)
        kinds = {kind: name for kind, name in kinds.items() if had[kind] == 1}
    return list(kinds.values())


def _people(groups: Sequence[Alike]) -> tuple[int, dict[str, tuple[int, int]]]:
    """How many answered, and of each driver how many with it and how many without; some are in both."""
    whole: Counter[int | None] = Counter()
    having: dict[str, Counter[int | None]] = {}
    for one in groups:
        whole[one.member] += one.n
        for name in one.drivers:
            having.setdefault(name, Counter())[one.member] += one.n
    once, several = whole[None], len(whole) - (None in whole)
    sided = {}
    for name, had in having.items():
        members = [(member, n) for member, n in had.items() if member is not None]
        always = sum(n == whole[member] for member, n in members)
        sided[name] = (had[None] + len(members), once - had[None] + several - always)
    return once + several, sided


def _joined(groups: Sequence[Alike]) -> tuple[list[frozenset[str]], Any, Any]:
    """Groups of the same members with the same drivers as one: whose, and numbers, sums, sums of squares."""
    found: dict[tuple[frozenset[str], int], list[float]] = {}
    for one in groups:
        held = found.setdefault((one.drivers, one.member or 0), [0.0, 0.0, 0.0])
        held[0] += one.n
        held[1] += one.n * one.value
        held[2] += one.n * one.value**2
    return (
        [drivers for drivers, _member in found],
        np.array([member for _drivers, member in found]),
        np.array(list(found.values())).T,
    )


def _matrix(patterns: Sequence[frozenset[str]], names: Sequence[str]) -> Any:
    place = {name: column for column, name in enumerate(names, start=1)}
    columns = np.zeros((len(patterns), len(names) + 1))
    columns[:, 0] = 1.0
    for row, pattern in enumerate(patterns):
        columns[row, [place[name] for name in pattern if name in place]] = 1.0
    return columns


def _apart(patterns: Sequence[frozenset[str]], numbers: Any, names: Sequence[str]) -> list[str]:
    """Those that can be told apart from what is kept before them, the most frequent first.

    By Cholesky's step: what is left of a driver's spread once those kept have explained theirs.
    """
    columns = _matrix(patterns, names)
    products = columns.T @ (columns * numbers[:, None])
    rest = products - np.outer(products[0], products[0]) / products[0, 0]
    spreads = np.diag(rest).copy()
    kept = []
    for place, name in enumerate(names, start=1):
        if rest[place, place] <= (1 - ALIKE) * spreads[place]:
            continue
        kept.append(name)
        rest -= np.outer(rest[place], rest[place]) / rest[place, place]
    return kept


@dataclass(frozen=True, slots=True)
class Side:
    """Of promoters, passives or detractors (or satisfied and not) how many have a driver; low, high: 95 %."""

    n: int
    hits: int

    @property
    def share(self) -> float | None:
        """Their share in percent; None of nobody."""
        return 100 * self.hits / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's interval of it, in percent."""
        if not self.n:
            return None
        low, high = wilson(self.hits, self.n)
        return 100 * low, 100 * high


def sides(groups: Sequence[Alike], values: Sequence[float]) -> dict[str, tuple[Side, ...]]:
    """For each driver its share among answers of each of the values, side by side."""
    whole: Counter[float] = Counter()
    hits: dict[str, Counter[float]] = {}
    for one in groups:
        whole[one.value] += one.n
        for name in one.drivers:
            hits.setdefault(name, Counter())[one.value] += one.n
    return {
        name: tuple(Side(whole[value], counted[value]) for value in values)
        for name, counted in sorted(hits.items())
    }
