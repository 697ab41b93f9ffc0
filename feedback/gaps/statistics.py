"""Whether a spot has grown: its rate in a week against its own usual rate, and how sure that is. Pure.

Gaps come in heaps: a storm is late for many at once, so a week's rate varies beyond chance even where nothing
has changed. Each week's rate is taken to be the usual one times a gamma factor, whose variance is estimated
from the usual weeks of all spots of a kind (moments). Then, given all gaps of both times, those of the week
are beta-binomial with the week's share of the exposure; without heaps that is the exact conditional test of
two Poisson rates (Przyborowski and Wilenski, Biometrika 31, 1940).
Of many spots some look grown by chance: Benjamini and Hochberg's procedure (1995) holds the expected share of
false ones among those that are shown at `RATE`; where nothing has grown, that is the chance of showing any.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

RATE = 0.05
LEAST_GAPS = 5
"""What has fewer gaps in the week is no hot spot, however seldom it was before."""
LEAST_RATIO = 1.3
SMALL = 30
"""An n below this is marked: its interval says little."""
Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Interval:
    """A share, or a mean, with its 95 % interval; all None where there is nothing to count."""

    value: float | None
    low: float | None
    high: float | None
    n: int

    @property
    def is_small(self) -> bool:
        """Whether it stands on few."""
        return self.n < SMALL


def share(hits: int, n: int) -> Interval:
    """A share with Wilson's interval, from 0 to 1."""
    if not n:
        return Interval(None, None, None, 0)
    p = hits / n
    middle, spread = p + Z * Z / (2 * n), Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    scale = 1 + Z * Z / n
    return Interval(p, max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale), n)


def mean(total: float, squares: float, n: int) -> Interval:
    """A mean with Student's interval, of the sum and the sum of squares; one value alone has none."""
    if not n:
        return Interval(None, None, None, 0)
    middle = total / n
    if n == 1:
        return Interval(middle, None, None, 1)
    variance = max(0.0, (squares - total * total / n) / (n - 1))
    spread = float(special.stdtrit(n - 1, 0.975)) * math.sqrt(variance / n)
    return Interval(middle, middle - spread, middle + spread, n)


@dataclass(frozen=True, slots=True)
class Counts:
    """Gaps and what they could have come of, in the week and in the usual time before it."""

    gaps: int
    n: int
    usual_gaps: int
    usual_n: int

    @property
    def ratio(self) -> float | None:
        """How many times the usual rate; None where there was none."""
        if not self.usual_gaps or not self.n or not self.usual_n:
            return None
        return (self.gaps / self.n) / (self.usual_gaps / self.usual_n)


def variance(spots: Iterable[Sequence[tuple[int, int]]]) -> float:
    """How much rates vary from week to week beyond chance: the variance of a week's factor, 0 or more.

    `spots` gives for each the (gaps, n) of its usual weeks. What has too few gaps to tell is left out.
    """
    beyond, weight = 0.0, 0.0
    for spot in spots:
        counted = [(gaps, n) for gaps, n in spot if n]
        gaps, n = sum(one for one, _n in counted), sum(one for _gaps, one in counted)
        if len(counted) < 2 or gaps < len(counted):  # noqa: PLR2004 - nothing to compare, or too little to
            continue
        for seen, exposed in counted:
            expected, rest = gaps * exposed / n, 1 - exposed / n
            beyond += (seen - expected) ** 2 - expected * rest
            weight += expected**2 * rest
    return max(0.0, beyond / weight) if weight else 0.0


def chance(counts: Counts, varies: float = 0.0, weeks: int = 9) -> float:
    """How likely so many gaps or more are in the week, of all `weeks`, if its rate were the usual one."""
    if not counts.n or not counts.usual_n or not counts.gaps:
        return 1.0
    every, part = counts.gaps + counts.usual_gaps, _part(counts)
    if not varies:
        return float(special.bdtrc(counts.gaps - 1, every, part))  # binom.sf, fifty times as fast
    a, b = weeks / varies * part, weeks / varies * (1 - part)
    k = np.arange(counts.gaps, every + 1)
    ways = -special.betaln(k + 1, every - k + 1) - math.log(every + 1)
    return min(1.0, float(np.exp(ways + special.betaln(k + a, every - k + b) - special.betaln(a, b)).sum()))


def could_show(counts: Counts, varies: float = 0.0, weeks: int = 9) -> bool:
    """Whether so many gaps in all could have shown anything (Tarone 1990): it does not look at the week."""
    every = counts.gaps + counts.usual_gaps
    return chance(Counts(every, counts.n, 0, counts.usual_n), varies, weeks) < RATE


def _part(counts: Counts) -> float:
    return counts.n / (counts.n + counts.usual_n)


def false_share(chances: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted chances: those up to `RATE` are shown."""
    adjusted: list[float] = stats.false_discovery_control(chances).tolist()
    return adjusted


def has_grown(counts: Counts, adjusted: float) -> bool:
    """Whether to show it: sure enough, enough of them, and enough more than usual."""
    ratio = counts.ratio
    return adjusted <= RATE and counts.gaps >= LEAST_GAPS and (ratio is None or ratio >= LEAST_RATIO)
