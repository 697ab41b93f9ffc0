"""Whole trainings by chance, through the rule that real ones go through; no database."""

from dataclasses import dataclass

import numpy as np

from kpis.improvements import rules as improvements
from kpis.metrics.rules import Counted, Figure, Form, share
from kpis.models import Direction
from kpis.training.rules import Change, Finding, judge

UP = Direction.UP


@dataclass(frozen=True, slots=True)
class World:
    """A department: people of different skill, with good and bad weeks of their own, in shares of cases.

    `taught` of `people` take part; `more` is what they gain, in points of percent; everybody gains `season`.
    `lowest` of the weeks "before" they are chosen by hand, of a "month" by a need, which is not before then.
    """

    people: int
    taught: int
    more: float = 0.0
    lowest: str = ""
    cases: int = 60
    skill: float = 6.0
    weeks: float = 3.0
    season: float = 4.0


Counts = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def run(world: World, random: np.random.Generator) -> Counts:
    """One training: who took part, and of everybody cases and hits before and after."""
    level = random.normal(80, world.skill, world.people)
    numbers = random.poisson(world.cases, (3, world.people)) + 1
    good_weeks = random.normal(0, world.weeks, (3, world.people))
    month, before = (random.binomial(numbers[at], _share(level + good_weeks[at])) for at in (0, 1))
    seen = {"before": before / numbers[1], "month": month / numbers[0]}
    order = np.argsort(seen[world.lowest]) if world.lowest else random.permutation(world.people)
    taught = np.isin(np.arange(world.people), order[: world.taught])
    gained = level + world.season + world.more * taught
    after = random.binomial(numbers[2], _share(gained + good_weeks[2]))
    return taught, numbers[1], before, numbers[2], after


def _share(percent: np.ndarray) -> np.ndarray:
    return np.clip(percent, 1, 99) / 100


def by_people(counts: Counts) -> Finding:
    """What the house says."""
    taught, n1, before, n2, after = counts
    rows = zip(_figures(n1, before), _figures(n2, after), strict=True)
    found = [Change(person, *row) for person, row in enumerate(rows)]
    one = [each for each in found if taught[each.person]]
    two = [each for each in found if not taught[each.person]]
    return judge(better=UP, took_part=one, others=two).finding


def _figures(n: np.ndarray, hits: np.ndarray) -> list[Figure]:
    return [share(Counted(int(a), int(b))) for a, b in zip(n, hits, strict=True)]


def by_cases(counts: Counts) -> Finding:
    """What would be said if cases counted and not people, as improvements of departments are told."""
    taught, *rest = counts
    sides = [[int(column[chosen].sum()) for column in rest] for chosen in (taught, ~taught)]
    one, two = [(Counted(a, b), Counted(c, d)) for a, b, c, d in sides]
    effect = improvements.in_differences(Form.SHARE, *one, *two)
    if effect.is_better(UP):
        return Finding.BETTER
    return Finding.WORSE if effect.is_worse(UP) else Finding.NOT_SHOWN


def rates(world: World, runs: int, seed: int, say=by_people) -> dict[Finding, float]:
    """How often what is said, in percent of the runs."""
    random = np.random.default_rng(seed)
    found = [say(run(world, random)) for _each in range(runs)]
    return {one: 100 * found.count(one) / runs for one in (Finding.BETTER, Finding.WORSE, Finding.NOT_SHOWN)}
