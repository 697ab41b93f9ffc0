"""Whether so many in a window are unusual: against the same hours of the weeks before. Pure.

What comes in a window is taken to be Poisson about a usual rate that varies by itself from week to week (a
gamma factor), so negative binomial. Its usual rate is only known from `weeks` windows: with a vague gamma
prior the prediction for one more window is negative binomial again, with mean (B + ½) / weeks for B seen in
them all (Gelman, Bayesian Data Analysis, 2.6), and what rates vary by themselves is added to its dispersion.
How much that is, is estimated by moments from the weeks before, for all things of a kind together.
Of many things some look unusual by chance: Benjamini and Hochberg's procedure (1995) over all that were
looked at. That bounds the share of false ones among those shown at one look; how many there are in a month,
looking every ten minutes, is measured (`benchmarks/crises.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats

Numbers = npt.NDArray[np.float64]
PRIOR = 0.5
LEAST_VARIES = 0.05
"""Rates vary at least by so much by themselves (variance of the factor), whatever the few weeks say."""
LEAST_WEEKS = 3
"""With fewer weeks to compare with nothing is said."""
GROWN = 1.5
"""What was said to be no crisis is proposed again when it is so many times as large."""
CALM_CHANCE = 0.2
"""When so many or more are as likely as this, it is as usual."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What counts as unusual; see CrisisWatch."""

    window_hours: int
    weeks: int
    least: int
    ratio: float
    rate: float


@dataclass(frozen=True, slots=True)
class Judged:
    """What came out: how many were expected, how likely so many are, which things stand out."""

    expected: Numbers
    chance: Numbers
    adjusted: Numbers
    raised: npt.NDArray[np.bool_]


def judge(
    seen: Numbers, usual: Numbers, kinds: npt.NDArray[np.int64], terms: Terms, tested: int = 0
) -> Judged:
    """Judge all things of one look.

    `seen` in the window, one number a thing; `usual` the same in each week before, things × weeks; `kinds`
    says which things vary alike. `tested` is how many were looked at where those with nothing are left out.
    """
    varies = np.zeros(len(seen))
    for kind in np.unique(kinds):
        varies[kinds == kind] = variance(usual[kinds == kind])
    expected, chance = chances(seen, usual, varies)
    adjusted = false_share(chance, max(tested, len(seen)))
    raised = (adjusted <= terms.rate) & (seen >= terms.least) & (seen >= terms.ratio * expected)
    return Judged(expected, chance, adjusted, raised)


def chances(seen: Numbers, usual: Numbers, varies: Numbers | float) -> tuple[Numbers, Numbers]:
    """How many were expected, and how likely so many or more are."""
    weeks = usual.shape[1]
    known = usual.sum(axis=1) + PRIOR
    expected = known / weeks
    size = 1 / (1 / known + np.asarray(varies) * (1 + 1 / weeks))
    more = np.where(seen > 0, special.betainc(np.maximum(seen, 1), size, expected / (expected + size)), 1.0)
    return expected, more


def variance(usual: Numbers) -> float:
    """By how much rates vary from week to week beyond chance: the variance of a week's factor.

    What has too few to tell is left out.
    """
    weeks = usual.shape[1]
    total = usual.sum(axis=1, keepdims=True)
    told = usual[total[:, 0] >= weeks]
    if not len(told):
        return LEAST_VARIES
    expected = told.sum(axis=1, keepdims=True) / weeks
    rest = 1 - 1 / weeks
    beyond = float(((told - expected) ** 2 - expected * rest).sum())
    return max(LEAST_VARIES, beyond / float((expected**2 * rest * weeks).sum()))


def false_share(chance: Numbers, tested: int) -> Numbers:
    """Benjamini and Hochberg's adjusted chances of `tested` things; those that are not given are 1."""
    others = np.ones(tested - len(chance))
    adjusted: Numbers = stats.false_discovery_control(np.concatenate([chance, others]))[: len(chance)]
    return adjusted


def is_calm(seen: float, usual: Sequence[float] | Numbers) -> bool:
    """Whether so many in a window are no more than usual; `usual` in each week before."""
    _expected, chance = chances(
        np.array([seen]), np.asarray(usual, dtype=np.float64).reshape(1, -1), LEAST_VARIES
    )
    return bool(chance[0] >= CALM_CHANCE)


def still_unusual(rest: int, usual: Sequence[float], terms: Terms) -> bool:
    """Whether what no other crisis explains is unusual by itself."""
    if rest < terms.least:
        return False
    weeks = np.asarray(usual, dtype=np.float64).reshape(1, -1)
    expected, chance = chances(np.array([float(rest)]), weeks, LEAST_VARIES)
    return bool(chance[0] <= terms.rate and rest >= terms.ratio * expected[0])


SHIPPED = {
    "quick": Terms(window_hours=2, weeks=8, least=8, ratio=3, rate=0.00001),
    "slow": Terms(window_hours=24, weeks=8, least=20, ratio=2, rate=0.00001),
}
"""The watches that ship; their figures are in docs/crises.md."""
