"""The three figures of a survey: NPS, CSAT and CES, each with its 95 % interval and its counts.

Where nobody answered, there is no figure: `value`, `low` and `high` are None, never 0.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from numbers import Integral
from statistics import NormalDist

from django.utils.translation import gettext as _

from config.common.errors import Invalid
from config.common.statistics import wilson

Z = NormalDist().inv_cdf(0.975)  # two-sided 95 %
NPS_TOP = 10
CSAT_SCALES = range(3, 11)
AGREEING = {5: 4, 7: 5}  # a CES scale: its lowest answer that agrees

# Student's t for a two-sided 95 % interval, 1 to 30 degrees of freedom (NIST/SEMATECH e-Handbook, 1.3.6.7.2).
_T = (
    *(12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281),
    *(2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860),
    *(2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423),
)


class ScoreError(Invalid, ValueError):
    """An answer is not on its scale, or the scale is not one that the figure is defined for."""


@dataclass(frozen=True)
class Nps:
    """Net promoter score, in points from -100 to 100. Promoters answer 9-10, passives 7-8, detractors 0-6."""

    value: float | None
    n: int
    low: float | None
    high: float | None
    promoters: int
    passives: int
    detractors: int


@dataclass(frozen=True)
class Csat:
    """Satisfaction: `value` is the share of the two best answers in percent, `mean` the mean answer."""

    value: float | None
    n: int
    low: float | None
    high: float | None
    mean: float | None
    satisfied: int
    counts: tuple[int, ...]  # answers from 1 up to the scale
    scale: int


@dataclass(frozen=True)
class Ces:
    """Ease: `value` is the mean answer, `agree` the share in percent of those who agree that it was easy."""

    value: float | None
    n: int
    low: float | None
    high: float | None
    agree: float | None
    agreeing: int
    counts: tuple[int, ...]  # answers from 1 up to the scale
    scale: int


def nps(scores: Iterable[int]) -> Nps:
    """Score answers from 0 to 10.

    With p and d the shares of promoters and detractors, the interval is value ± z·√((p + d - (p - d)²) / n),
    the variance of an answer counted as +1, 0 or -1 (Rocks 2016, "Interval estimation for the net promoter
    score", The American Statistician 70), cut off at ±100. It has no width while all answers fall into one
    group: read it together with n.

    Raises:
        ScoreError: an answer is not a whole number from 0 to 10.
    """
    return nps_of(_counts(scores, 0, NPS_TOP))


def nps_of(counts: Sequence[int]) -> Nps:
    """The same of how often each answer from 0 to 10 was given."""
    detractors, passives, promoters = sum(counts[:7]), sum(counts[7:9]), sum(counts[9:])
    n = detractors + passives + promoters
    if not n:
        return Nps(None, 0, None, None, 0, 0, 0)
    net = (promoters - detractors) / n
    margin = Z * sqrt(max(0.0, (promoters + detractors) / n - net**2) / n)
    low, high = max(-1.0, net - margin), min(1.0, net + margin)
    return Nps(100 * net, n, 100 * low, 100 * high, promoters, passives, detractors)


def csat(scores: Iterable[int], scale: int = 5) -> Csat:
    """Score answers from 1 to `scale`; the interval is the share's (Wilson).

    Raises:
        ScoreError: an answer is not on the scale, or the scale is not 3 to 10.
    """
    if scale not in CSAT_SCALES:
        raise ScoreError(_("Satisfaction is asked on a scale of 3 to 10, not %(scale)s.") % {"scale": scale})
    return csat_of(_counts(scores, 1, scale))


def csat_of(given: Sequence[int]) -> Csat:
    """The same of how often each answer was given, from 1 up to the scale."""
    counts, scale = tuple(given), len(given)
    n, satisfied = sum(counts), sum(counts[-2:])
    if not n:
        return Csat(None, 0, None, None, None, 0, counts, scale)
    low, high = wilson(satisfied, n)
    return Csat(100 * satisfied / n, n, 100 * low, 100 * high, _mean(counts), satisfied, counts, scale)


def ces(scores: Iterable[int], scale: int = 5) -> Ces:
    """Score answers from 1 (it was hard) to `scale` (it was easy).

    Agreeing is 4-5 of 5 and 5-7 of 7. The interval is that of a mean by Student's t on n - 1 degrees of
    freedom (Sauro & Lewis, Quantifying the User Experience, ch. 3), cut off at the ends of the scale; one
    answer alone says nothing about the spread and has no interval.

    Raises:
        ScoreError: an answer is not on the scale, or the scale is neither 5 nor 7.
    """
    if scale not in AGREEING:
        raise ScoreError(_("Ease is asked on a scale of 5 or 7, not %(scale)s.") % {"scale": scale})
    return ces_of(_counts(scores, 1, scale))


def ces_of(given: Sequence[int]) -> Ces:
    """The same of how often each answer was given, from 1 up to the scale."""
    counts, scale = tuple(given), len(given)
    n, agreeing = sum(counts), sum(counts[AGREEING[scale] - 1 :])
    if not n:
        return Ces(None, 0, None, None, None, 0, counts, scale)
    mean, low, high = _mean(counts), None, None
    if n > 1:
        squares = sum(count * (answer - mean) ** 2 for answer, count in enumerate(counts, start=1))
        margin = student(n - 1) * sqrt(squares / (n - 1) / n)
        low, high = max(1.0, mean - margin), min(float(scale), mean + margin)
    return Ces(mean, n, low, high, 100 * agreeing / n, agreeing, counts, scale)


def student(freedom: int) -> float:
    """Give Student's t for a two-sided 95 % interval.

    From the table up to 30 degrees of freedom, beyond by expansion around the normal quantile (Abramowitz &
    Stegun 26.7.5), whose error there is below 0.00001.
    """
    if freedom <= len(_T):
        return _T[freedom - 1]
    first = (Z**3 + Z) / 4
    second = (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96
    third = (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / 384
    return Z + first / freedom + second / freedom**2 + third / freedom**3


def _mean(counts: Sequence[int]) -> float:
    return sum(answer * count for answer, count in enumerate(counts, start=1)) / sum(counts)


def _counts(scores: Iterable[int], lowest: int, highest: int) -> tuple[int, ...]:
    """Count the answers from `lowest` to `highest`, refusing any other."""
    answers = list(scores)
    for kind in set(map(type, answers)):
        if kind is bool or not issubclass(kind, Integral):
            raise ScoreError(_("An answer must be a whole number, not %(kind)s.") % {"kind": kind.__name__})
    counts = Counter(answers)
    for answer in counts:
        if not lowest <= answer <= highest:
            limits = {"answer": answer, "lowest": lowest, "highest": highest}
            raise ScoreError(_("The answer %(answer)s is not from %(lowest)s to %(highest)s.") % limits)
    return tuple(counts[answer] for answer in range(lowest, highest + 1))
