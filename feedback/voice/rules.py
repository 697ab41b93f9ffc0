"""What sums of reviews come to: means and shares, a time against the one before, by week or month. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
from scipy import special

from feedback.gaps import statistics
from feedback.gaps.statistics import Interval

BEST = 5
BAD = 2
"""Stars, and fewer."""
BY_WEEK = 120
"""A time of up to so many days is drawn by week, a longer one by month."""
DAY, WEEK = timedelta(days=1), timedelta(days=7)
Counted = tuple[int, int, int]


@dataclass(slots=True)
class Sums:
    """What reviews of some days add up to."""

    stars: list[int] = field(default_factory=lambda: [0] * BEST)
    rewarded: int = 0
    feelings: list[int] = field(default_factory=lambda: [0] * 4)
    """Texts: negative, mixed, positive, not sure."""
    aspects: dict[str, list[int]] = field(default_factory=dict)
    """By aspect: texts about it, spoken well of, spoken ill of."""
    dimensions: dict[str, list[int]] = field(default_factory=dict)
    """By the dimension's number: how many, stars, squares of stars."""

    def add(
        self,
        stars: Iterable[int],
        rewarded: int,
        feelings: Iterable[int],
        aspects: Mapping[str, Iterable[int]],
        dimensions: Mapping[str, Iterable[int]],
    ) -> None:
        """Take in another day."""
        self.stars = [one + other for one, other in zip(self.stars, stars, strict=True)]
        self.rewarded += rewarded
        self.feelings = [one + other for one, other in zip(self.feelings, feelings, strict=True)]
        for mine, theirs in ((self.aspects, aspects), (self.dimensions, dimensions)):
            for name, counts in theirs.items():
                held = mine.get(name) or [0, 0, 0]
                mine[name] = [one + other for one, other in zip(held, counts, strict=True)]

    def add_all(self, other: "Sums") -> None:
        """Take in other sums."""
        self.add(other.stars, other.rewarded, other.feelings, other.aspects, other.dimensions)

    @property
    def n(self) -> int:
        """How many reviews have stars."""
        return sum(self.stars)

    @property
    def texts(self) -> int:
        """How many texts were read."""
        return sum(self.feelings)

    @property
    def mean(self) -> Interval:
        """The mean number of stars."""
        return _of_stars(statistics.mean(*_moments(self.stars)))

    @property
    def bad(self) -> Interval:
        """The share of one and two stars."""
        return statistics.share(sum(self.stars[:BAD]), self.n)

    @property
    def given_for(self) -> Interval:
        """The share of the reviews that are rewarded."""
        return statistics.share(self.rewarded, self.n)

    def spoken(self, aspect: str) -> "Spoken":
        """How an aspect is spoken of."""
        n, well, ill = self.aspects.get(aspect, (0, 0, 0))
        return Spoken(n, statistics.share(well, n), statistics.share(ill, n))

    def rated(self, dimension: str) -> Interval:
        """The mean number of stars in a dimension."""
        n, total, squares = self.dimensions.get(dimension, (0, 0, 0))
        return _of_stars(statistics.mean(total, squares, n))


def _of_stars(mean: Interval) -> Interval:
    """A mean whose interval ends where stars do: of a few reviews Student's goes beyond."""
    if mean.low is None or mean.high is None:
        return mean
    return Interval(mean.value, max(mean.low, 1.0), min(mean.high, float(BEST)), mean.n)


@dataclass(frozen=True, slots=True)
class Spoken:
    """How an aspect is spoken of: in how many texts, and which shares of them well and ill."""

    n: int
    well: Interval
    ill: Interval


def _moments(stars: Iterable[int]) -> tuple[int, int, int]:
    """The sum, the sum of squares and the number of stars."""
    counts = list(enumerate(stars, 1))
    total = sum(value * n for value, n in counts)
    return total, sum(value * value * n for value, n in counts), sum(n for _value, n in counts)


@dataclass(frozen=True, slots=True)
class Change:
    """How a mean has changed, with its 95 % interval, and how likely so much is by chance (Welch)."""

    value: float | None
    low: float | None
    high: float | None
    chance: float
    n: int
    """Of the time with fewer reviews."""

    @property
    def is_small(self) -> bool:
        """Whether either time has too few to be ranked."""
        return self.n < statistics.SMALL


def change(now: Iterable[int], before: Iterable[int]) -> Change:
    """The mean of some stars less that of others, with Welch's interval (Biometrika 34, 1947)."""
    return changes([list(now)], [list(before)])[0]


def changes(now: Sequence[Sequence[int]], before: Sequence[Sequence[int]]) -> list[Change]:
    """The same of many at once, a thousand in some milliseconds."""
    n, mean, spread = _many(now)
    n2, mean2, spread2 = _many(before)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference, error = mean - mean2, np.sqrt(spread + spread2)
        freedom = (spread + spread2) ** 2 / (spread**2 / (n - 1) + spread2**2 / (n2 - 1))
        around = np.where(error > 0, special.stdtrit(freedom, 0.975) * error, 0.0)
        by_chance = 2 * special.stdtr(freedom, -np.abs(difference) / error)
        chance = np.where(error > 0, by_chance, np.where(difference == 0, 1.0, 0.0))
    columns = (np.minimum(n, n2), difference, difference - around, difference + around, chance)
    return [_change(*one) for one in zip(*(column.tolist() for column in columns), strict=True)]


def _many(stars: Sequence[Sequence[int]]) -> tuple[Any, Any, Any]:
    """Of each the number, the mean, and the variance of the mean."""
    counts, values = np.array(stars, dtype=np.int64).reshape(-1, BEST), np.arange(1, BEST + 1)
    n, total, squares = counts.sum(axis=1), counts @ values, counts @ values**2
    with np.errstate(divide="ignore", invalid="ignore"):
        return n, total / n, np.maximum(0.0, (squares - total * total / n) / (n - 1)) / n


def _change(n: int, difference: float, low: float, high: float, chance: float) -> Change:
    if not n:
        return Change(None, None, None, 1.0, 0)
    if n == 1:
        return Change(difference, None, None, 1.0, 1)
    return Change(difference, low, high, chance, n)


@dataclass(frozen=True, slots=True)
class Span:
    """Days from one to another, both inclusive."""

    since: date
    until: date

    @property
    def days(self) -> int:
        """How many there are."""
        return (self.until - self.since).days + 1

    @property
    def before(self) -> "Span":
        """As many days before them."""
        return Span(self.since - self.days * DAY, self.since - DAY)

    @property
    def by_week(self) -> bool:
        """Whether its parts are weeks; else they are months."""
        return self.days <= BY_WEEK

    def parts(self) -> Iterator["Span"]:
        """Its weeks, counted back from the last day, or its calendar months; the oldest first."""
        if self.by_week:
            ends = [self.until - step * WEEK for step in range((self.days + 6) // 7)]
            yield from (Span(max(self.since, end - WEEK + DAY), end) for end in reversed(ends))
            return
        begins = self.since
        while begins <= self.until:
            end = (begins.replace(day=28) + 4 * DAY).replace(day=1) - DAY
            yield Span(begins, min(end, self.until))
            begins = end + DAY


def last(until: date, days: int) -> Span:
    """So many days up to and including a day."""
    return Span(until - (days - 1) * DAY, until)
