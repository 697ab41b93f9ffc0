"""How often experiments find a planted effect, and a planted nothing: RUNS (1,000) of each, no database."""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

import numpy as np

from tests.kpis.experiments.simulation import WORLDS, findings

RUNS = int(os.environ.get("RUNS", "1000"))
SEED = 20261123


def main() -> None:
    print(f"{RUNS} experiments each, planned for a power of 80 % at a level of 5 %")
    for name, world in WORLDS.items():
        size = world.size(np.random.default_rng(SEED))
        for what, more in (("planted effect", world.effect), ("planted nothing", 0.0)):
            started = time.perf_counter()
            found = findings(world, more, RUNS, SEED)
            rates = ", ".join(f"{key} {count / RUNS:.1%}" for key, count in found.items() if count)
            took = time.perf_counter() - started
            print(f"{name:6} {what:16} {size} an arm: {rates}  ({took:.0f} s)")


if __name__ == "__main__":
    main()
