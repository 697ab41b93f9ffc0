"""Who is likely to leave: a logistic regression, and whether it may warn at all. Pure.

It is fitted on earlier months and judged on later ones that it has not seen. A model whose AUC there is not
above one half, with its interval, is no better than a coin and warns of nobody.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special, stats

CHANCE = 0.5
FEW = 30
"""Fewer who left, or fewer who stayed, teach nothing and judge nothing."""
PENALTY = 1.0
"""Ridge on standardised traits: two that go together, or one that tells all, get weights all the same."""
STEPS = 50
STILL = 1e-8


@dataclass(frozen=True, slots=True)
class Model:
    """What was learnt: for each trait its mean and spread then, and its log odds for one spread more."""

    means: tuple[float, ...]
    spreads: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    n: int
    left: int

    @property
    def odds(self) -> tuple[float, ...]:
        """How many times the odds of leaving are for one spread more of each trait, all else equal."""
        return tuple(float(np.exp(weight)) for weight in self.weights)

    def chances(self, traits: Any) -> Any:
        """The probability of leaving, 0–1, of each row of traits, in the order of the traits learnt."""
        standard = (np.asarray(traits, dtype=float) - self.means) / self.spreads
        return special.expit(standard @ np.asarray(self.weights) + self.bias)


@dataclass(frozen=True, slots=True)
class Judged:
    """The AUC on held-back rows with its 95 % interval; None where there are too few."""

    auc: float | None
    low: float | None
    high: float | None
    n: int
    left: int

    @property
    def may_warn(self) -> bool:
        """Whether it is better than chance, beyond what chance explains."""
        return self.low is not None and self.low > CHANCE


def learn(traits: Any, left: Any) -> Model | None:
    """Fit on a row of traits a member and whether they left; None where too few left or stayed.

    Penalised maximum likelihood by Newton's steps, each halved until it is no worse (le Cessie & van
    Houwelingen 1992, Applied Statistics 41). A trait that is the same of everybody has no weight.

    Raises:
        ValueError: rows and answers differ in number, or a trait is no finite number.
    """
    rows, gone = np.asarray(traits, dtype=float), np.asarray(left, dtype=float)
    if rows.shape[:-1] != gone.shape or gone.ndim != 1:
        raise ValueError("a row of traits for every answer")
    if not np.isfinite(rows).all():
        raise ValueError("traits are finite numbers")
    n, count = len(gone), int(gone.sum())
    if min(count, n - count) < FEW:
        return None
    means, spreads = rows.mean(axis=0), rows.std(axis=0)
    varies = spreads >= 1e-12 * np.maximum(1.0, np.abs(means))
    spreads[~varies] = 1.0
    columns = np.column_stack([np.ones(n), np.where(varies, (rows - means) / spreads, 0.0)])
    ridge = np.diag([0.0] + [PENALTY] * rows.shape[1])
    found = np.zeros(columns.shape[1])
    found[0] = special.logit(count / n)
    now = _cost(columns, gone, ridge, found)
    for _step in range(STEPS):
        chances = special.expit(columns @ found)
        slope = columns.T @ (chances - gone) + ridge @ found
        curve = (columns * (chances * (1 - chances))[:, None]).T @ columns + ridge
        move = np.linalg.solve(curve, slope)
        while (then := _cost(columns, gone, ridge, found - move)) > now and np.abs(move).max() > STILL:
            move /= 2
        if np.abs(move).max() <= STILL:
            break
        found, now = found - move, then
    return Model(
        tuple(map(float, means)),
        tuple(map(float, spreads)),
        tuple(map(float, found[1:])),
        float(found[0]),
        n,
        count,
    )


def judge(chances: Any, left: Any) -> Judged:
    """The AUC of chances against who left: how often one who left was given more than one who stayed.

    The interval is DeLong's (DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44), by ranks as Sun & Xu 2014
    (IEEE Signal Processing Letters 21), on the logit so that it stays within 0–1. Where the two are wholly
    apart it has no spread; then the interval is that of the smaller side's share (Wilson).

    Raises:
        ValueError: chances and answers differ in number.
    """
    given, gone = np.asarray(chances, dtype=float), np.asarray(left, dtype=bool)
    if given.shape != gone.shape:
        raise ValueError("a chance for every answer")
    n, count = gone.size, int(gone.sum())
    if min(count, n - count) < FEW:
        return Judged(None, None, None, n, count)
    leavers, stayers = given[gone], given[~gone]
    ranks = stats.rankdata(np.concatenate([leavers, stayers]))
    of_leavers = (ranks[:count] - stats.rankdata(leavers)) / (n - count)
    of_stayers = 1 - (ranks[count:] - stats.rankdata(stayers)) / count
    auc = float(of_leavers.mean())
    spread = float(of_leavers.var(ddof=1) / count + of_stayers.var(ddof=1) / (n - count)) ** 0.5
    z = float(special.ndtri(0.975))
    if auc in (0.0, 1.0):
        few = min(count, n - count)
        edge = z * z / (few + z * z)
        return Judged(auc, 1 - edge if auc else 0.0, 1.0 if auc else edge, n, count)
    half = z * spread / (auc * (1 - auc))
    low, high = special.expit(special.logit(auc) + np.array([-half, half]))
    return Judged(auc, float(low), float(high), n, count)


def top_left(chances: Any, left: Any) -> float | None:
    """Of the tenth with the highest chances the share that left, 0–1; None where there are too few."""
    given, gone = np.asarray(chances, dtype=float), np.asarray(left, dtype=float)
    number = len(gone) // 10
    if number < FEW:
        return None
    return float(gone[np.argsort(-given, kind="stable")[:number]].mean())


def pushes(model: Model, traits: Any) -> Any:
    """By how much each trait of each row moves the log odds of leaving away from the average row's."""
    return (np.asarray(traits, dtype=float) - model.means) / model.spreads * np.asarray(model.weights)


def _cost(columns: Any, gone: Any, ridge: Any, found: Any) -> float:
    """What is minimised: the negative log likelihood and half the penalty."""
    line = columns @ found
    return float((np.logaddexp(0, line) - gone * line).sum() + found @ ridge @ found / 2)
