"""A measure of everybody who could be asked, where strata were drawn at different rates. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from surveys import scoring
from surveys.results.figures import Measure


@dataclass(frozen=True, slots=True)
class Weighted:
    """A measure of everybody who could be asked, where strata were drawn at different rates."""

    value: float
    low: float
    high: float
    n: int


def weighted(strata: Sequence[tuple[float, Measure]]) -> Weighted | None:
    """The stratified mean: Σ Wₕ·ȳₕ, with W the share of the population that is in the stratum.

    Its variance is Σ Wₕ²·sₕ²/nₕ (Cochran 1977, Sampling Techniques, 5.3 and 5.4, without the correction for
    a finite population). None where a stratum has fewer than two answers: nothing stands for its people.
    """
    people = sum(size for size, _measure in strata)
    value, variance, n = 0.0, 0.0, 0
    for size, measure in strata:
        spread = _spread(measure)
        if measure.value is None or spread is None:
            return None
        value += size / people * measure.value
        variance += (size / people) ** 2 * spread / measure.n
        n += measure.n
    margin = scoring.Z * math.sqrt(variance)
    return Weighted(value, value - margin, value + margin, n) if strata else None


def _spread(measure: Measure) -> float | None:
    if measure.n < 2:  # noqa: PLR2004 - one value has no spread
        return None
    if measure.moments is not None:
        return measure.moments.variance
    share: Any = measure.value
    return float(share * (1 - share) * measure.n / (measure.n - 1))
