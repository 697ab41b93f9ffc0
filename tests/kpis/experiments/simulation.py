"""Whole experiments by chance, through the rules that real ones go through; no database."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kpis.experiments import rules
from kpis.experiments.rules import Form, arm_of
from kpis.models import Direction, Finding

WEIGHTS = {"a": 50, "b": 50}
Draw = Callable[[np.random.Generator, int, float], np.ndarray]


@dataclass(frozen=True, slots=True)
class World:
    """What members do: `draw` so many, of whom the mean is so much higher."""

    form: Form
    effect: float
    """In the outcome's unit."""
    draw: Draw

    def size(self, random: np.random.Generator) -> int:
        """How many members of each arm are planned, from what was there before."""
        before = rules.arm(self.draw(random, 5_000, 0.0).tolist())
        return rules.planned(self.form, before, self.effect, 0.8, Direction.UP)


SCORES = np.arange(1, 6)
USUAL = np.array([0.04, 0.06, 0.15, 0.35, 0.40])


def _share(random: np.random.Generator, n: int, more: float) -> np.ndarray:
    return (random.random(n) < 0.20 + more / 100).astype(float)


def _score(random: np.random.Generator, n: int, more: float) -> np.ndarray:
    """Scores of five; from twos and threes so many move to fives that the mean moves by `more`."""
    chances = USUAL + more / 3 * np.array([0, -0.5, -0.5, 0, 1.0]) * 6 / 5
    return random.choice(SCORES, n, p=chances).astype(float)


WORLDS = {
    "share": World(Form.SHARE, 5.0, _share),
    "mean": World(Form.MEAN, 0.15, _score),
}


def run(world: World, size: int, more: float, random: np.random.Generator, *, guards: int = 2) -> Finding:
    """One experiment: members come, are split by hash and measured until the arms are worth the size."""
    salt, first = random.bytes(16).hex(), int(random.integers(1, 10**9))
    arms: dict[str, list[int]] = {"a": [], "b": []}
    member = first
    while rules.effective(len(arms["a"]), len(arms["b"])) < size:
        arms[arm_of(salt, member, WEIGHTS)].append(member)
        member += 1
    measured = {
        code: rules.arm(world.draw(random, len(some), more if code == "b" else 0.0).tolist())
        for code, some in arms.items()
    }
    harms = []
    for _guard in range(guards):  # not touched by B; may become worse by three points of a hundred
        pair = [rules.arm((random.random(len(arms[code])) < 0.1).astype(float).tolist()) for code in "ab"]
        harms.append(rules.harm(Form.SHARE, *pair, Direction.DOWN, 3.0))
    counts = {code: len(some) for code, some in arms.items()}
    return rules.judge(
        split=rules.split_of(counts, WEIGHTS),
        main=rules.compare(world.form, measured["a"], measured["b"]),
        better=Direction.UP,
        harms=harms,
    ).finding


def findings(world: World, more: float, runs: int, seed: int) -> dict[str, int]:
    """How often what was found."""
    random = np.random.default_rng(seed)
    size = world.size(random)
    found = [run(world, size, more, random) for _run in range(runs)]
    return {one.value: found.count(one) for one in Finding}
