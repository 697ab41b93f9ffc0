"""Which way an improvement goes, and whether it changed what it was to change. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from scipy import special

from config.common.statistics import Moments, two_means, two_proportions
from kpis.metrics import rules as metrics
from kpis.metrics.rules import Counted, Form
from kpis.models import Direction, ImprovementStatus, Verdict
from kpis.stats import sample_size

S = ImprovementStatus
MOVES: Mapping[str, frozenset[str]] = {
    S.PROPOSED: frozenset({S.ACCEPTED, S.DROPPED}),
    S.ACCEPTED: frozenset({S.UNDER_WAY, S.DROPPED}),
    S.UNDER_WAY: frozenset({S.CARRIED_OUT, S.DROPPED}),
    S.CARRIED_OUT: frozenset({S.CHECKED}),
    S.CHECKED: frozenset({S.CLOSED, S.REOPENED}),
    S.CLOSED: frozenset({S.REOPENED}),
    S.REOPENED: frozenset({S.UNDER_WAY, S.DROPPED}),
    S.DROPPED: frozenset(),
}
"""To which states a state leads."""
WEEK = 7
LONGEST_WEEKS = 26
"""After so many weeks it is judged by what there is."""
FEWEST = 30
Z = float(special.ndtri(0.975))
Z_POWER = float(special.ndtri(0.8))


@dataclass(frozen=True, slots=True)
class Days:
    """Some whole days, the last included."""

    first: date
    last: date

    @property
    def number(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Effect:
    """After less before in the figure's unit, with its 95 % interval; None where too little was measured."""

    change: float | None
    low: float | None
    high: float | None
    p: float | None

    def is_better(self, better: str) -> bool:
        """Whether the interval lies on the better side of nothing."""
        if self.low is None or self.high is None:
            return False
        return self.low > 0 if better == Direction.UP else self.high < 0

    def is_worse(self, better: str) -> bool:
        """Whether it lies on the worse side."""
        return self.is_better(Direction.DOWN if better == Direction.UP else Direction.UP)


UNKNOWN = Effect(None, None, None, None)


def before_days(started_on: date, window: int) -> Days:
    """The days before the work began."""
    return Days(started_on - timedelta(window), started_on - timedelta(1))


def after_days(
    carried_out_on: date,
    window: int,
    by_day: Mapping[date, Counted],
    needed: int,
    today: date,
    *,
    control: Mapping[date, Counted] | None = None,
) -> Days | None:
    """The days after it was carried out: the window, and whole weeks more until enough was measured.

    Of a control group, too, `FEWEST` have to be. None while they are not over. When to stop goes by how much
    was measured, never by what came out, so looking often proves nothing by chance.
    """
    first = carried_out_on + timedelta(1)
    for weeks in range(window // WEEK, LONGEST_WEEKS + 1):
        last = carried_out_on + timedelta(WEEK * weeks)
        if last >= today:
            return None
        days = Days(first, last)
        is_enough = total(by_day, days).n >= needed and (control is None or total(control, days).n >= FEWEST)
        if weeks == LONGEST_WEEKS or is_enough:
            return days
    return None


def total(by_day: Mapping[date, Counted], days: Days) -> Counted:
    """What was counted over some days."""
    return metrics.joined(one for day, one in by_day.items() if days.first <= day <= days.last)


def compare(form: Form, before: Counted, after: Counted) -> Effect:
    """After less before.

    Shares by pooled z and Newcombe's interval, means after Welch, ratios from Garwood's intervals of both
    (Zou & Donner 2008, Statistics in Medicine 27) and a pooled z of Poisson rates.
    """
    if form is Form.SHARE:
        told = two_proportions(before.total, before.n, after.total, after.n)
        if told.difference is None or told.low is None or told.high is None:
            return UNKNOWN
        return Effect(100 * told.difference, 100 * told.low, 100 * told.high, told.chance)
    if form is Form.MEAN:
        means = two_means(_moments(before), _moments(after))
        return Effect(means.difference, means.low, means.high, means.p)
    one, two = metrics.ratio(before), metrics.ratio(after)
    if one.value is None or two.value is None:
        return UNKNOWN
    change = two.value - one.value
    low = change - math.hypot(two.value - two.low, one.high - one.value)  # type: ignore[operator]  # both have one
    high = change + math.hypot(two.high - two.value, one.value - one.low)  # type: ignore[operator]
    pooled = (before.total + after.total) / (before.n + after.n)
    error = 100 * math.sqrt(pooled * (1 / before.n + 1 / after.n))
    return Effect(change, low, high, _chance(change, error))


def in_differences(
    form: Form, before: Counted, after: Counted, control_before: Counted, control_after: Counted
) -> Effect:
    """The change less the control group's: difference in differences (Card & Krueger 1994, AER 84, 772-793).

    Its variance is the sum of the four groups' (textbook formula of independent groups). To the hits of
    shares and ratios one is added for the variance (after Agresti & Caffo 2000, The American Statistician
    54), so that none at all is not taken for certain. Of means the interval is Student's, with degrees of
    freedom after Satterthwaite 1946 (Biometrics Bulletin 2, 110-114). Unknown where of one group fewer than
    `FEWEST` were measured: then chance alone would prove too much.
    """
    groups = (before, after, control_before, control_after)
    values, variances = [_value(form, one) for one in groups], [_variance(form, one) for one in groups]
    if min(one.n for one in groups) < FEWEST or None in values or None in variances:
        return UNKNOWN
    v, spread = ([one for one in each if one is not None] for each in (values, variances))
    change = (v[1] - v[0]) - (v[3] - v[2])
    error = math.sqrt(math.fsum(spread))
    if not error:
        return Effect(change, None, None, None)
    if form is not Form.MEAN:
        return Effect(change, change - Z * error, change + Z * error, _chance(change, error))
    freedom = error**4 / math.fsum(one**2 / (group.n - 1) for one, group in zip(spread, groups, strict=True))
    margin = float(special.stdtrit(freedom, 0.975)) * error
    p = float(2 * special.stdtr(freedom, -abs(change) / error))
    return Effect(change, change - margin, change + margin, p)


def needed(form: Form, better: str, before: Counted, expected: float, *, with_control: bool) -> int:
    """How many have to be measured afterwards to see the expected change in four of five cases, 30 at least.

    Shares by `sample_size`, means and ratios by the normal formula (Fleiss, Levin & Paik 2003, chapter 4).
    Twice as many with a control group, whose own two spreads add to it.
    """
    if not before.n:
        return FEWEST
    now = before.total / before.n
    signed = expected if better == Direction.UP else -expected
    if form is Form.SHARE:
        least = 0.5 / before.n
        p1, p2 = (min(max(one, least), 1 - least) for one in (now, now + signed / 100))
        found = sample_size(p1, p2) if 0 < p1 < 1 and 0 < p2 < 1 and p1 != p2 else FEWEST
    elif form is Form.MEAN:
        found = _by_spread(2 * (_moments(before).variance or 0.0), expected)
    else:
        found = _by_spread(now + max(0.0, now + signed / 100), expected / 100)
    return max(FEWEST, found * (2 if with_control else 1))


def judge(*, effect: Effect, better: str, today: date, check_on: date, is_over: bool) -> Verdict:
    """What a check says: too early until its day and until the days after it are over with enough measured.

    Then proved where the interval excludes nothing on the better side, else no effect that could be shown.
    """
    if today < check_on or not is_over:
        return Verdict.TOO_EARLY
    return Verdict.PROVED if effect.is_better(better) else Verdict.NO_EFFECT


@dataclass(frozen=True, slots=True)
class Course:
    """What was counted before, after, and by now."""

    before: Counted
    after: Counted
    now: Counted


def came_back(own: Course, control: Course | None, *, form: Form, better: str) -> bool:
    """Whether a figure that was proved better is back where it was, beside its control group if it has one.

    It is no better than before, and worse than afterwards by the same rule that proved it. Had it to be
    worse than before, a gap that is back exactly as it was would never be noticed.
    """
    if own.now.n < FEWEST:
        return False
    if control is None:
        gained, lost = compare(form, own.before, own.now), compare(form, own.after, own.now)
    else:
        gained = in_differences(form, own.before, own.now, control.before, control.now)
        lost = in_differences(form, own.after, own.now, control.after, control.now)
    if gained.change is None:
        return False
    no_better = gained.change <= 0 if better == Direction.UP else gained.change >= 0
    return no_better and lost.is_worse(better)


def _moments(one: Counted) -> Moments:
    return Moments(one.n, one.total, one.squares)


def _value(form: Form, one: Counted) -> float | None:
    return metrics.figure(form, one).value


def _variance(form: Form, one: Counted) -> float | None:
    if form is Form.MEAN:
        spread = _moments(one).variance
        return None if spread is None else spread / one.n
    if not one.n:
        return None
    if form is Form.SHARE:
        share = (one.total + 1) / (one.n + 2)
        return 10_000 * share * (1 - share) / (one.n + 2)
    return 10_000 * (one.total + 1) / one.n**2


def _by_spread(variances: float, expected: float) -> int:
    """How many a side for the difference of two with these variances in sum."""
    return math.ceil((Z + Z_POWER) ** 2 * variances / expected**2)


def _chance(change: float, error: float) -> float | None:
    return float(2 * special.ndtr(-abs(change) / error)) if error else None
