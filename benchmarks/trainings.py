"""How often a training's result is right: RUNS (2,000) of planted effects and nothing, no database."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from tests.kpis.training.simulation import World, by_cases, by_people, rates

RUNS = int(os.environ.get("RUNS", "2000"))
SEED = 20261123
SIZES = ((4, 2), (12, 5), (20, 8), (40, 12))
WORLDS = {
    "nothing, anybody": {},
    "+10 points, anybody": {"more": 10},
    "nothing, the lowest of a month (need)": {"lowest": "month"},
    "+10 points, the lowest of a month (need)": {"lowest": "month", "more": 10},
    "nothing, the lowest of the weeks before (by hand)": {"lowest": "before"},
}


def main() -> None:
    """Print a line a world and size."""
    for name, more in WORLDS.items():
        for people, taught in SIZES:
            world = World(people, taught, **more)
            said = {how.__name__: rates(world, RUNS, SEED, how) for how in (by_people, by_cases)}
            told = "   ".join(
                f"{how}: better {found['better']:5.1f} %, worse {found['worse']:4.1f} %"
                for how, found in said.items()
            )
            print(f"{name:50} {taught:2} of {people:2}   {told}")


if __name__ == "__main__":
    main()
