"""Who gets which variant, how many members it takes, and what the numbers say. Pure."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scipy import special

from config.common.statistics import Moments, two_means
from kpis.models import ArmCode, Direction, ExperimentStatus, Finding
from kpis.stats import holm, sample_size, srm, two_proportions

S = ExperimentStatus
MOVES: Mapping[str, frozenset[str]] = {
    S.DRAFT: frozenset({S.RUNNING}),
    S.RUNNING: frozenset({S.ENDED}),
    S.ENDED: frozenset({S.DECIDED}),
    S.DECIDED: frozenset(),
}
"""To which states a state leads."""
LEVEL = 0.05
RARE = 0.001
"""A split as uneven as one in a thousand by chance is broken, and harm is as sure before the planned end:
it is looked for every day, so it has to be surer than a verdict."""
FEWEST = 30
Z = float(special.ndtri(1 - LEVEL / 2))


class Form(StrEnum):
    """How what was measured of each member is read: as so many of a hundred, or as the mean."""

    SHARE = "share"
    MEAN = "mean"


def arm_of(salt: str, member_id: int, weights: Mapping[str, int]) -> str:
    """The variant that a member has: always the same of an experiment, and unlike that of any other.

    The first 64 bits of SHA-256 of the experiment's salt and the member's number, spread over the weights in
    the order of their codes.
    """
    digest = hashlib.sha256(f"{salt}:{member_id}".encode()).digest()
    place = int.from_bytes(digest[:8]) % sum(weights.values())
    for code in sorted(weights):
        place -= weights[code]
        if place < 0:
            return code
    raise AssertionError("a place is below the sum of all weights")


@dataclass(frozen=True, slots=True)
class Arm:
    """What was measured of the members of an arm: how many, their sum and sum of squares."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    @property
    def mean(self) -> float | None:
        """The mean; None of nobody."""
        return self.total / self.n if self.n else None


def arm(values: Sequence[float]) -> Arm:
    """Add up what was measured of each member."""
    return Arm(len(values), math.fsum(values), math.fsum(one * one for one in values))


@dataclass(frozen=True, slots=True)
class Difference:
    """B less A in the outcome's unit, with its 95 % interval and p; None where too little was measured."""

    change: float | None
    low: float | None
    high: float | None
    p: float | None


def planned(form: Form, baseline: Arm, effect: float, power: float, better: Direction) -> int:
    """How many members of each arm have to be measured to find an effect in so many of all cases.

    Shares by `sample_size` (the effect in percentage points), means by the normal formula from the spread
    there was (Fleiss, Levin & Paik 2003, chapter 4); 30 at least.

    Raises:
        ValueError: nothing was measured before, the effect is none, or leads beyond what a share can be.
    """
    if baseline.n < FEWEST or effect <= 0 or not 0 < power < 1:
        raise ValueError("it takes a figure of before, an effect and a power")
    mean = baseline.total / baseline.n
    if form is Form.SHARE:
        step = effect / 100 if better == Direction.UP else -effect / 100
        return max(FEWEST, sample_size(mean, mean + step, power))
    variance = Moments(baseline.n, baseline.total, baseline.squares).variance
    if not variance:
        raise ValueError("what was measured before was always the same")
    width = Z + float(special.ndtri(power))
    return max(FEWEST, math.ceil(2 * variance * (width / effect) ** 2))


def in_all(size: int, weights: Mapping[str, int]) -> int:
    """How many members have to be measured in both arms together: more the less even they are."""
    whole = sum(weights.values())
    return math.ceil(size / 2 * math.fsum(whole / weight for weight in weights.values()))


def effective(first: int, second: int) -> float:
    """What two arms are worth as two of the same size: their harmonic mean."""
    return 2 * first * second / (first + second) if first and second else 0.0


def compare(form: Form, first: Arm, second: Arm) -> Difference:
    """The second less the first: shares by pooled z with Newcombe's interval, Fisher when few; else Welch."""
    if form is Form.SHARE:
        told = two_proportions(round(first.total), first.n, round(second.total), second.n)
        if told.difference is None or told.low is None or told.high is None:
            return Difference(None, None, None, None)
        return Difference(100 * told.difference, 100 * told.low, 100 * told.high, told.chance)
    means = two_means(*(Moments(one.n, one.total, one.squares) for one in (first, second)))
    return Difference(means.difference, means.low, means.high, means.p)


def harm(form: Form, first: Arm, second: Arm, better: Direction, margin: float) -> float:
    """How likely the second would look so much worse were it worse by the margin at most: a one-sided p.

    1.0 while fewer than thirty of an arm were measured. To the hits and misses of shares one each is added
    for the spread (Agresti & Caffo 2000, The American Statistician 54), so that none is not certainty.
    """
    if min(first.n, second.n) < FEWEST:
        return 1.0
    scale = 100 if form is Form.SHARE else 1
    change = scale * (second.total / second.n - first.total / first.n)
    worse = -change if better == Direction.UP else change
    error = scale * math.sqrt(_variance(form, first) + _variance(form, second))
    if not error:
        return 0.0 if worse > margin else 1.0
    return float(special.ndtr(-(worse - margin) / error))


def _variance(form: Form, one: Arm) -> float:
    """Of the mean of an arm."""
    if form is Form.SHARE:
        share = (one.total + 1) / (one.n + 2)
        return share * (1 - share) / (one.n + 2)
    return (Moments(one.n, one.total, one.squares).variance or 0.0) / one.n


@dataclass(frozen=True, slots=True)
class Judged:
    """What an experiment found."""

    finding: Finding
    split: float
    guards: tuple[float, ...]
    """The p of harm of each guard after Holm."""


def split_of(counts: Mapping[str, int], weights: Mapping[str, int]) -> float:
    """How likely the arms came out so uneven by chance."""
    codes = sorted(weights)
    return srm([counts.get(code, 0) for code in codes], [weights[code] for code in codes])


def judge(
    *, split: float, main: Difference, better: Direction, harms: Sequence[float], level: float = LEVEL
) -> Judged:
    """What the numbers say, once: where the split is broken or a guard was harmed, nothing else counts."""
    adjusted = tuple(holm(harms))
    if split < RARE:
        return Judged(Finding.BROKEN, split, adjusted)
    if any(one < level for one in adjusted):
        return Judged(Finding.HARM, split, adjusted)
    if main.p is None or main.change is None or main.p >= level:
        return Judged(Finding.NO_DIFFERENCE, split, adjusted)
    is_better = main.change > 0 if better == Direction.UP else main.change < 0
    return Judged(Finding.BETTER if is_better else Finding.WORSE, split, adjusted)


def may_keep(finding: str) -> tuple[ArmCode, ...]:
    """Which variants may be kept: what was not judged is not shipped."""
    if finding in {Finding.STOPPED, Finding.BROKEN}:
        return (ArmCode.A,)
    return (ArmCode.A, ArmCode.B)
