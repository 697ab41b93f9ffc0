"""Whether a change made a difference: what experiments and improvements are judged by. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

from config.common.statistics import Proportions, holm, two_proportions

__all__ = ["Paired", "Proportions", "holm", "paired", "sample_size", "srm", "two_proportions"]

TAIL = 0.025


@dataclass(frozen=True, slots=True)
class Paired:
    """The mean of after less before with its 95 % interval and p; None where there is too little."""

    difference: float | None
    low: float | None
    high: float | None
    p: float | None


def srm(counts: Sequence[int], weights: Sequence[float]) -> float:
    """How likely arms came out so unequal by chance: the p of Pearson's χ² against their weights.

    Arms of no weight are left out. 1.0 where there is nothing to compare. A small p (below 0.001 by custom)
    says that something else than the assignment decided who is in which arm (Fabijan et al. 2019, KDD).

    Raises:
        ValueError: there are not as many weights as counts, or one is negative.
    """
    if len(counts) != len(weights) or min([*counts, *weights], default=0) < 0:
        raise ValueError("one weight for each arm, and neither is negative")
    arms = [(count, weight) for count, weight in zip(counts, weights, strict=True) if weight > 0]
    total, whole = sum(count for count, _weight in arms), math.fsum(weight for _count, weight in arms)
    if len(arms) < 2 or not total:  # noqa: PLR2004 - one arm is like itself
        return 1.0
    expected = [total * weight / whole for _count, weight in arms]
    statistic = math.fsum((arm[0] - wanted) ** 2 / wanted for arm, wanted in zip(arms, expected, strict=True))
    return float(special.chdtrc(len(arms) - 1, statistic))


def paired(before: Sequence[float], after: Sequence[float]) -> Paired:
    """Compare each with itself: Student's t of the differences (NIST/SEMATECH e-Handbook 7.3.1.1).

    Raises:
        ValueError: there are not as many after as before.
    """
    if len(before) != len(after):
        raise ValueError("each before needs its after")
    differences = [late - early for early, late in zip(before, after, strict=True)]
    n = len(differences)
    if n < 2:  # noqa: PLR2004 - one difference has no spread
        return Paired(differences[0] if differences else None, None, None, None)
    mean = math.fsum(differences) / n
    variance = math.fsum((one - mean) ** 2 for one in differences) / (n - 1)
    error = math.sqrt(variance / n)
    if not error:
        return Paired(mean, mean, mean, 0.0 if mean else 1.0)
    margin = float(special.stdtrit(n - 1, 1 - TAIL)) * error
    return Paired(mean, mean - margin, mean + margin, float(2 * special.stdtr(n - 1, -abs(mean) / error)))


def sample_size(p1: float, p2: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """How many an arm needs to tell two shares apart, two-sided (Fleiss, Levin & Paik 2003, formula 4.14).

    Raises:
        ValueError: a share, power or alpha is not between 0 and 1, or the shares are the same.
    """
    if not all(0 < one < 1 for one in (p1, p2, power, alpha)) or p1 == p2:
        raise ValueError("two different shares, a power and an alpha, all between 0 and 1")
    mean = (p1 + p2) / 2
    by_chance = float(special.ndtri(1 - alpha / 2)) * math.sqrt(2 * mean * (1 - mean))
    missed = float(special.ndtri(power)) * math.sqrt(p1 * (1 - p1) + p2 * (1 - p2))
    return math.ceil(((by_chance + missed) / (p2 - p1)) ** 2)
