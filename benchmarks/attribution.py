"""How often planted drivers are found, with which size, and how often a planted nothing: no database.

RUNS (1,000) times 1,500 answers with three drivers that move satisfaction and two that do not, and 600 lost
members with two traits that bring them back and two that do not; then as many where nothing does.
"""

import os
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

import numpy as np

from kpis.attribution.common import in_common
from kpis.attribution.rules import drivers
from tests.kpis.attribution.simulation import answers, members

RUNS = int(os.environ.get("RUNS", "1000"))
SEED = 20261123


def satisfaction(random: np.random.Generator, *, is_planted: bool) -> tuple[list[tuple], dict[str, float]]:
    """What is told of each driver: name, effect, interval and whether it is sure."""
    groups, true = answers(random, is_planted=is_planted)
    return [(one.name, one.effect, one.low, one.high, one.is_sure) for one in drivers(groups).drivers], true


def coming_back(random: np.random.Generator, *, is_planted: bool) -> tuple[list[tuple], dict[str, float]]:
    """The same of the traits of members who came back."""
    groups, true = members(random, is_planted=is_planted)
    return [(one.name, *one.points, one.is_sure) for one in in_common(groups).traits], true


def main() -> None:
    for what, look in (("satisfaction (stars)", satisfaction), ("coming back (points)", coming_back)):
        for is_planted in (True, False):
            random, started = np.random.default_rng(SEED), time.perf_counter()
            found, held, sums = Counter(), Counter(), Counter()
            false = 0
            true: dict[str, float] = {}
            for _ in range(RUNS):
                told, true = look(random, is_planted=is_planted)
                false += any(is_sure for name, *_, is_sure in told if not true[name])
                for name, effect, low, high, is_sure in told:
                    found[name] += is_sure
                    held[name] += low <= true[name] <= high
                    sums[name] += effect
            took = time.perf_counter() - started
            print(f"{what}, {'planted' if is_planted else 'nothing'}, {RUNS} runs ({took:.0f} s)")
            print(f"  something found that is not there: {false / RUNS:.1%}")
            for name in sorted(true, key=lambda name: -abs(true[name])):
                print(
                    f"  {name:18} true {true[name]:+6.2f}  on average {sums[name] / RUNS:+6.2f}"
                    f"  found {found[name] / RUNS:6.1%}  in its interval {held[name] / RUNS:6.1%}"
                )


if __name__ == "__main__":
    main()
