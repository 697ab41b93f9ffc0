"""Whether a training moved its figure: the change of those who took part less that of colleagues. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from math import fsum

from config.common.statistics import moments, two_means
from kpis.improvements.rules import UNKNOWN, WEEK, Days, Effect, before_days
from kpis.metrics.rules import NOTHING, Figure
from kpis.stats import Paired, paired

FEWEST_MEASURED, FEWEST_PEOPLE = 5, 2
"""So much has to be measured of a person before and after, and so many such people on either side."""


class Finding(StrEnum):
    """What can be said of a training that was held."""

    TOO_EARLY = "too_early"
    TOO_FEW = "too_few"
    BETTER = "better"
    WORSE = "worse"
    NOT_SHOWN = "not_shown"


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody's figure before and after."""

    person: int
    before: Figure
    after: Figure

    @property
    def counts(self) -> bool:
        """Whether enough of them was measured on both sides."""
        return min(self.before.n, self.after.n) >= FEWEST_MEASURED

    @property
    def value(self) -> float | None:
        """After less before; None where too little was measured."""
        if not self.counts or self.before.value is None or self.after.value is None:
            return None
        return self.after.value - self.before.value


@dataclass(frozen=True, slots=True)
class Side:
    """People who took part, or did not: their mean before and after, each person counting once.

    `n` of them were measured enough, `left_out` were not.
    """

    n: int
    left_out: int
    before: float | None
    after: float | None
    change: Paired


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a training; `effect` is the change of one side less that of the other."""

    finding: Finding
    took_part: Side
    others: Side
    effect: Effect


def weeks_around(day: date, weeks: int, need_since: date | None = None) -> tuple[Days, Days]:
    """The weeks before a training's day and those after it; the day itself is in neither.

    Where a month showed the need, from its first day on nothing counts as before: who is chosen for a low
    month rises by themselves afterwards, which weeks that nobody was chosen by don't show (the double
    pretest of Shadish, Cook & Campbell 2002, chapter 5).
    """
    known_by = day if need_since is None else min(day, need_since)
    return before_days(known_by, WEEK * weeks), Days(day + timedelta(1), day + timedelta(WEEK * weeks))


def changes(people: Iterable[int], before: Mapping[int, Figure], after: Mapping[int, Figure]) -> list[Change]:
    """The changes of some people, from the figures of all."""
    return [Change(one, before.get(one, NOTHING), after.get(one, NOTHING)) for one in people]


def side(found: Sequence[Change]) -> Side:
    """What the changes of some people come to; those of whom too little was measured are left out."""
    known = [one for one in found if one.value is not None]
    before, after = [one.before.value or 0.0 for one in known], [one.after.value or 0.0 for one in known]
    return Side(len(known), len(found) - len(known), _mean(before), _mean(after), paired(before, after))


def judge(*, better: str, took_part: Sequence[Change], others: Sequence[Change]) -> Told:
    """The difference in differences of people, each counting once, with Welch's interval.

    A person's cases resemble each other, and good and bad weeks of a person last; so people are compared
    and not their cases, whose number would make chance look like proof (Bertrand, Duflo & Mullainathan 2004,
    Quarterly Journal of Economics 119, 249-275; means of groups after Donald & Lang 2007, Review of
    Economics and Statistics 89, 221-233).
    """
    one, two = side(took_part), side(others)
    if min(one.n, two.n) < FEWEST_PEOPLE:
        return Told(Finding.TOO_FEW, one, two, UNKNOWN)
    effect = _between(_values(others), _values(took_part))
    if effect.is_better(better):
        return Told(Finding.BETTER, one, two, effect)
    return Told(Finding.WORSE if effect.is_worse(better) else Finding.NOT_SHOWN, one, two, effect)


def _between(others: Sequence[float], took_part: Sequence[float]) -> Effect:
    """The mean of one less that of the other; without an interval where all are the same on either side."""
    means = two_means(*(moments((value, 1) for value in values) for values in (others, took_part)))
    if all(len({round(value, 9) for value in values}) == 1 for values in (others, took_part)):
        return Effect(means.difference, None, None, None)
    return Effect(means.difference, means.low, means.high, means.p)


def _values(found: Sequence[Change]) -> list[float]:
    return [one.value for one in found if one.value is not None]


def _mean(values: Sequence[float]) -> float | None:
    return fsum(values) / len(values) if values else None
