"""How often the watch over crises is wrong, and how soon it finds one: `python benchmarks/crises.py`.

A year of ordinary traffic is looked at every ten minutes, as in service; then crises of several sizes are
planted in it at random moments. No database is needed.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from feedback.crises import simulation
from feedback.crises.rules import SHIPPED, Terms

WARM_WEEKS, YEAR = 9, 52
EACH = 40
SIZES = (6, 12, 25, 50)
HOURS = 24


def main() -> None:
    """Print the table of docs/crises.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=YEAR)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for per_day in (150, 1_500):
        began = time.monotonic()
        found = simulation.traffic(
            per_day=per_day, weeks=given.weeks + WARM_WEEKS, varies=0.08, seed=given.seed
        )
        print(f"\n{per_day} cases a day, {len(found.kinds)} things, {given.weeks} weeks")
        for name, terms in SHIPPED.items():
            _false(name, found, terms)
            _sizes(name, found, terms, given.seed)
        print(f"  ({time.monotonic() - began:.0f} s)")


def _false(name: str, found: simulation.Traffic, terms: Terms) -> None:
    since = (WARM_WEEKS * simulation.WEEK) * simulation.STEPS
    until = (found.hours - 1) * simulation.STEPS
    raised = simulation.alarms(found, terms, since=since, until=until)
    months = (until - since) / simulation.STEPS / (365.25 * 24 / 12)
    print(f"  {name}: {len(raised)} false alarms in {months:.1f} months, {len(raised) / months:.2f} a month")


def _sizes(name: str, found: simulation.Traffic, terms: Terms, seed: int) -> None:
    random = np.random.default_rng(seed)
    products = [place for place, one in enumerate(found.names) if one.startswith("product:")]
    for size in SIZES:
        after, cases, missed = [], [], 0
        for _one in range(EACH):
            hour = int(random.integers(WARM_WEEKS * simulation.WEEK, found.hours - HOURS - 1))
            planted = simulation.plant(
                found, terms, thing=int(random.choice(products)), step=hour * simulation.STEPS, per_hour=size,
                hours=HOURS, seed=int(random.integers(10**9)),
            )  # fmt: skip
            if planted.found_after is None:
                missed += 1
            else:
                after.append(planted.found_after * 60 // simulation.STEPS)
                cases.append(planted.cases)
        told = (
            f"found after {statistics.median(after):.0f} min (90 %: {np.percentile(after, 90):.0f} min), "
            f"{statistics.median(cases):.0f} cases in"
            if after
            else "-"
        )
        print(f"    {name}, {size} more an hour: {told}; missed {missed} of {EACH}")


if __name__ == "__main__":
    main()
