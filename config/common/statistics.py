"""Whether two groups differ, and whether two things hang together. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special, stats

LEVEL = 0.05
Z = 1.959963984540054
EXPECTED = 5
FEW_CELLS = 0.2
"""Cochran (1954): chi-square is trusted while at most a fifth of the cells expect fewer than five."""


@dataclass(frozen=True, slots=True)
class Proportions:
    """The second share less the first: all None where one of the groups is empty."""

    difference: float | None
    z: float | None
    p: float | None
    low: float | None
    high: float | None
    counts: tuple[int, int, int, int]

    @property
    def fisher_p(self) -> float | None:
        """Fisher's exact chance, for few."""
        if self.difference is None:
            return None
        x1, n1, x2, n2 = self.counts
        return float(stats.fisher_exact([[x1, n1 - x1], [x2, n2 - x2]])[1])

    @property
    def chance(self) -> float | None:
        """How likely so much is by chance: by z, or by Fisher where fewer than five are expected anywhere."""
        x1, n1, x2, n2 = self.counts
        if self.difference is None:
            return None
        hits, every = x1 + x2, n1 + n2
        least = min(hits, every - hits) * min(n1, n2) / every
        return self.fisher_p if least < EXPECTED else self.p


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % score interval of a share, from 0 to 1 (Wilson 1927, JASA 22, 209-212); `n` above 0."""
    share, square = hits / n, Z * Z / n
    centre = share + square / 2
    margin = Z * math.sqrt(share * (1 - share) / n + square / n / 4)
    low, high = (centre - margin) / (1 + square), (centre + margin) / (1 + square)
    return (low if hits else 0.0), (high if hits < n else 1.0)


def two_proportions(x1: int, n1: int, x2: int, n2: int) -> Proportions:
    """Compare two shares: pooled z, Newcombe's interval (1998, Statistics in Medicine 17, method 10)."""
    if not n1 or not n2:
        return Proportions(None, None, None, None, None, (x1, n1, x2, n2))
    first, second, pooled = x1 / n1, x2 / n2, (x1 + x2) / (n1 + n2)
    difference = second - first
    error = math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    z = difference / error if error else 0.0
    (l1, u1), (l2, u2) = wilson(x1, n1), wilson(x2, n2)
    low = difference - math.hypot(second - l2, u1 - first)
    high = difference + math.hypot(u2 - second, first - l1)
    return Proportions(difference, z, float(2 * special.ndtr(-abs(z))), low, high, (x1, n1, x2, n2))


@dataclass(frozen=True, slots=True)
class Moments:
    """Values as their number, sum and sum of squares."""

    n: int
    total: float
    squares: float

    @property
    def mean(self) -> float | None:
        """The mean; None of nothing."""
        return self.total / self.n if self.n else None

    @property
    def variance(self) -> float | None:
        """The sample variance; None of fewer than two."""
        if self.n < 2:  # noqa: PLR2004 - one value has no spread
            return None
        return max(0.0, (self.squares - self.total**2 / self.n) / (self.n - 1))

    def interval(self) -> tuple[float, float] | None:
        """Student's 95 % interval of the mean; None of fewer than two values."""
        if self.variance is None:
            return None
        margin = float(special.stdtrit(self.n - 1, 0.975)) * math.sqrt(self.variance / self.n)
        middle = self.total / self.n
        return middle - margin, middle + margin


def moments(counts: Iterable[tuple[float, int]]) -> Moments:
    """The moments of values, each with how often it was given."""
    known = list(counts)
    return Moments(
        sum(n for _value, n in known),
        sum(value * n for value, n in known),
        sum(value * value * n for value, n in known),
    )


@dataclass(frozen=True, slots=True)
class Means:
    """The second mean less the first, Welch's interval and p; None where a group has fewer than two."""

    difference: float | None
    low: float | None
    high: float | None
    p: float | None


def two_means(first: Moments, second: Moments) -> Means:
    """Compare two means (Welch 1947, Biometrika 34)."""
    v1, v2 = first.variance, second.variance
    if v1 is None or v2 is None:
        return Means(None, None, None, None)
    difference = second.total / second.n - first.total / first.n
    e1, e2 = v1 / first.n, v2 / second.n
    error = math.sqrt(e1 + e2)
    if not error:
        return Means(difference, None, None, None if difference else 1.0)  # nothing says how they spread
    freedom = (e1 + e2) ** 2 / (e1**2 / (first.n - 1) + e2**2 / (second.n - 1))
    margin = float(special.stdtrit(freedom, 0.975)) * error
    p = float(2 * special.stdtr(freedom, -abs(difference) / error))
    return Means(difference, difference - margin, difference + margin, p)


def holm(chances: Sequence[float]) -> list[float]:
    """Chances adjusted for how many there are (Holm 1979, Scandinavian Journal of Statistics 6)."""
    order = sorted(range(len(chances)), key=lambda place: chances[place])
    adjusted, worst = [0.0] * len(chances), 0.0
    for rank, place in enumerate(order):
        worst = max(worst, min(1.0, chances[place] * (len(chances) - rank)))
        adjusted[place] = worst
    return adjusted


@dataclass(frozen=True, slots=True)
class Together:
    """Whether the rows and columns of a table hang together.

    `method` is "chi2", "fisher" (two by two with few expected), or "" where there is too little to test;
    `strength` is Cramér's V, from 0 to 1. `is_sparse`: a fifth of the cells or more expect fewer than five.
    """

    method: str
    p: float | None
    strength: float | None
    n: int
    is_sparse: bool


def together(table: Sequence[Sequence[int]]) -> Together:
    """Test a table of counts, rows and columns of nobody left out (Pearson; Fisher; Cochran's rule)."""
    counts: Any = np.array([list(row) for row in table], dtype=np.int64, ndmin=2)
    counts = counts[counts.sum(axis=1) > 0]
    counts = counts[:, counts.sum(axis=0) > 0] if counts.size else counts
    n = int(counts.sum())
    if counts.ndim != 2 or min(counts.shape, default=0) < 2:  # noqa: PLR2004 - nothing to compare
        return Together("", None, None, n, is_sparse=False)
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / n
    statistic = float(((counts - expected) ** 2 / expected).sum())
    rows, columns = counts.shape
    strength = math.sqrt(statistic / n / (min(rows, columns) - 1))
    is_sparse = bool((expected < EXPECTED).mean() > FEW_CELLS or (expected < 1).any())
    if counts.shape == (2, 2) and bool((expected < EXPECTED).any()):
        return Together("fisher", float(stats.fisher_exact(counts)[1]), strength, n, is_sparse=is_sparse)
    if is_sparse:
        return Together("", None, strength, n, is_sparse=True)
    p = float(special.chdtrc((rows - 1) * (columns - 1), statistic))
    return Together("chi2", p, strength, n, is_sparse=False)
