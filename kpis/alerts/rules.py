"""Turns of trend and outliers among the days of a figure. Pure.

Each day is told by how far it lies from what is usual in units of the chance that so few or many measured
leave to it (`standardised`); what days vary beyond that is estimated and allowed for, as in Laney's charts
(2002, Quality Engineering 14, 531-537). `benchmarks/alerts.py` measures how often either finds what is not
there, and how soon what is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from kpis.metrics.rules import Counted, Form

REFERENCE, WATCHED = 56, 28
"""What is usual is taken from eight weeks; the four weeks after them are watched for a turn."""
SHORTEST = 28
"""A figure with fewer days of reference is not watched."""
FEWEST_DAYS, FEWEST = 20, 200
"""Nor is one measured on fewer days of the reference, or less often in all of it."""
FEWEST_A_DAY = 20
"""A day with fewer measured is no outlier, whatever it shows."""
SLACK, LIMIT = 0.5, 8.0
"""k and h of the tabular CUSUM (Page 1954, Biometrika 41, 100-115; Montgomery, Introduction to Statistical
Quality Control, 9.1), in standard deviations of a day: k is half of the shift of one that is looked for,
h is above Montgomery's 5 since a hundred figures are watched every day."""
FAR = 3.5
"""Iglewicz & Hoaglin (1993), How to Detect and Handle Outliers: |modified z| above it is an outlier."""
TO_SIGMA = 0.6745
"""The median absolute deviation of a normal variable in its standard deviations."""
MOST = 8.0
"""Beyond so many deviations it makes no difference any more."""
WEEK = 7
HALF = 0.5

Days = Any
"""An array of numbers, one a day."""


@dataclass(frozen=True, slots=True)
class Series:
    """What was counted of a figure on days that follow one another; `weekday` is that of the first."""

    form: Form
    weekday: int
    n: Days
    total: Days
    squares: Days

    @classmethod
    def of(cls, form: Form, weekday: int, days: Sequence[Counted]) -> "Series":
        """From counts."""
        table = np.array([(one.n, one.total, one.squares) for one in days], dtype=float).reshape(-1, 3)
        return cls(form, weekday, *table.T)

    @property
    def weekdays(self) -> Days:
        """The weekday of each, Monday is 0."""
        return (self.weekday + np.arange(len(self.n))) % WEEK

    @property
    def scale(self) -> int:
        """What a ratio is multiplied by to be read."""
        return 1 if self.form is Form.MEAN else 100

    def part(self, first: int, end: int) -> "Series":
        """Some of its days."""
        days = slice(first, end)
        weekday = int((self.weekday + first) % WEEK)
        return Series(self.form, weekday, self.n[days], self.total[days], self.squares[days])


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual on each weekday, the variance that one measured leaves, how much days vary beyond it."""

    rates: Days
    variance: float
    excess: float
    rate: float


def usual(reference: Series) -> Usual | None:
    """Learn what is usual from days; None where there are too few, or too few measured.

    Weekdays differ as far as they do so by more than chance: their rates are drawn to that of all days by
    the share of their spread that chance explains (Efron & Morris 1975). Days vary by `excess` times the
    variance that chance gives them, never by less (McCullagh & Nelder 1989, 4.5); single far days are cut.
    """
    measured = reference.n > 0
    n_all = float(reference.n.sum())
    if measured.sum() < FEWEST_DAYS or n_all < FEWEST:
        return None
    rate, variance = _level(reference)
    if variance <= 0:
        return None
    of = reference.weekdays
    n = np.bincount(of, reference.n, WEEK)
    rates = np.where(n > 0, np.bincount(of, reference.total, WEEK) / np.maximum(n, 1), rate)
    days, each = reference.n[measured], (reference.total / np.maximum(reference.n, 1))[measured]
    residuals = (each - rates[of[measured]]) / np.sqrt(variance / days)
    free = max(1, len(days) - int((n > 0).sum()))
    excess = max(1.0, float(np.minimum(residuals**2, FAR**2).sum()) / free)
    spread = float((n * (rates - rate) ** 2).sum())
    by_chance = excess * variance * max(0, int((n > 0).sum()) - 1)
    kept = max(0.0, 1 - by_chance / spread) if spread else 0.0
    return Usual(rate + kept * (rates - rate), variance, excess, rate)


def _level(days: Series) -> tuple[float, float]:
    """The rate of all days, and the variance that one measured has around it."""
    n, total = float(days.n.sum()), float(days.total.sum())
    if days.form is Form.MEAN:
        rate = total / n
        return rate, max(0.0, float(days.squares.sum()) / n - rate**2)
    rate = (total + HALF) / (n + 1)  # half a hit more and less: none at all is not certain to stay so
    return rate, rate * (1 - rate) if days.form is Form.SHARE else rate


def standardised(days: Series, rates: Days, variance: float) -> Days:
    """How far each day lies from its rate, in the deviations that chance leaves to it; 0 of nothing measured.

    Of shares and ratios by the exact chance of so many hits, half of that of just as many (mid-p, Lancaster
    1961, JASA 56, 223-234), so that few measured make nothing extreme that is not.
    """
    n, total = days.n, days.total
    measured = n > 0
    safe = np.maximum(n, 1)
    if days.form is Form.MEAN:
        z = (total / safe - rates) / np.sqrt(variance / safe)
    else:
        hits = np.minimum(total, safe) if days.form is Form.SHARE else total
        below, upto = _chances(days.form, hits, safe, rates)
        z = special.ndtri(np.clip((below + upto) / 2, 1e-300, 1 - 1e-16))
    return np.where(measured, np.clip(z, -MOST, MOST), 0.0)


def _chances(form: Form, hits: Days, n: Days, rates: Days) -> tuple[Days, Days]:
    """The chance of fewer hits, and of as many or fewer."""
    if form is Form.SHARE:
        n = n.astype(np.int64)
        upto = special.bdtr(hits, n, rates)
        below = np.where(hits > 0, special.bdtr(np.maximum(hits - 1, 0), n, rates), 0.0)
    else:
        upto = special.pdtr(hits, n * rates)
        below = np.where(hits > 0, special.pdtr(np.maximum(hits - 1, 0), n * rates), 0.0)
    return below, upto


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of trend, found on the last day: since which day, upwards or not, and by what."""

    begins: int
    is_up: bool
    statistic: float
    usual: float
    now: float
    n: int
    spread: float
    """The variance that one measured has with what days vary beyond chance."""


def turn(series: Series) -> Turn | None:
    """Whether the newest days turned away from what was usual before, by the tabular CUSUM.

    The last `WATCHED` days are watched, up to `REFERENCE` before them are what is usual.
    """
    length = len(series.n)
    if length < SHORTEST + 1:
        return None
    watched = min(WATCHED, length - SHORTEST)
    begin = length - watched
    known = usual(series.part(max(0, begin - REFERENCE), begin))
    if known is None:
        return None
    days = series.part(begin, length)
    z = standardised(days, known.rates[days.weekdays], known.variance) / np.sqrt(known.excess)
    for sign in (1, -1):
        since, sums = _cusum(sign * z)
        if sums > LIMIT:
            after = days.part(since, watched)
            n = float(after.n.sum())
            scale = series.scale
            return Turn(
                begin + since,
                sign > 0,
                float(sums),
                scale * known.rate,
                scale * float(after.total.sum()) / n,
                int(n),
                scale**2 * known.variance * known.excess,
            )
    return None


def _cusum(z: Days) -> tuple[int, float]:
    """The upper sum on the last day, and the first day after it was nought last."""
    held, since = 0.0, 0
    for day, one in enumerate(z):
        held = max(0.0, held + float(one) - SLACK)
        if not held:
            since = day + 1
    return since, held


def is_back(usually: float, spread: float, is_up: bool, now: float, n: int) -> bool:
    """Whether a level is usual again after a turn: within a deviation of it, or beyond on the other side."""
    if not n:
        return False
    away = (now - usually) * (1 if is_up else -1)
    return bool(away < np.sqrt(spread / n))


@dataclass(frozen=True, slots=True)
class Outlier:
    """A day that lies far from its kind: modified z, what is usual on the weekday, what it was."""

    z: float
    usual: float
    now: float
    n: int


def outlier(series: Series) -> Outlier | None:
    """Whether the last day lies far from the same weekdays before it (modified z of Iglewicz & Hoaglin).

    Days are first told in deviations of chance. Each is then held against the median of its weekday, and the
    distance of the last against the median absolute distance of all before; never against less than chance
    leaves. The median of few weekdays is uncertain itself, which is allowed for.
    """
    length = len(series.n)
    before, last = series.part(0, length - 1), series.part(length - 1, length)
    measured = before.n > 0
    if length < SHORTEST + 1 or last.n[0] < FEWEST_A_DAY or measured.sum() < FEWEST_DAYS:
        return None
    rate, variance = _level(before)
    if before.n.sum() < FEWEST or variance <= 0:
        return None
    z = standardised(series, np.full(length, rate), variance)
    same = measured & (before.weekdays == last.weekday)
    if same.sum() < SHORTEST // WEEK:
        return None
    apart = [
        z[:-1][chosen] - np.median(z[:-1][chosen])
        for weekday in range(WEEK)
        if (chosen := measured & (before.weekdays == weekday)).any()
    ]
    spread = float(np.median(np.abs(np.concatenate(apart))))
    of_median = np.sqrt(1 + np.pi / 2 / int(same.sum()))
    found = float(TO_SIGMA * (z[-1] - np.median(z[:-1][same])) / (max(spread, TO_SIGMA) * of_median))
    if abs(found) <= FAR:
        return None
    each = before.total[same] / before.n[same]
    scale = series.scale
    return Outlier(
        found, scale * float(np.median(each)), scale * float(last.total[0] / last.n[0]), int(last.n[0])
    )
