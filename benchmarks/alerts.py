"""How often alerts of figures tell what is not there, and how soon what is: simulated years, no database.

YEARS (default 40) of each kind of figure in which nothing happens, then as many with a fall of one deviation
of a day, and with one far day. And MONTHS (default 1,000) against a goal: how often it is told that they will
miss it, of those that meet it in the end and of those that do not.
"""

import os
import sys
import time
from collections.abc import Callable
from math import ceil
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

import numpy as np

from kpis.alerts.rules import REFERENCE, WATCHED, Series, outlier, turn
from kpis.metrics.rules import Counted, Form, Goal, figure, joined
from kpis.models import Direction
from kpis.targets.rules import SHARE_GONE, WEEKS, forecast

YEARS, MONTHS = int(os.environ.get("YEARS", "40")), int(os.environ.get("MONTHS", "1000"))
BEFORE, MONTH = 7 * WEEKS, 30
HISTORY, YEAR, AFTER = REFERENCE + WATCHED, 365, 28
random = np.random.default_rng(20261123)


def share(days: int, fall: float = 0.0) -> Series:
    weekend = np.arange(days) % 7 >= 5
    n = random.poisson(np.where(weekend, 30, 60))
    level = np.where(weekend, 0.88, 0.92) - fall * np.where(np.arange(days) >= HISTORY, 0.045, 0)
    hits = random.binomial(n, np.clip(random.normal(level, 0.02), 0.01, 0.99))
    return Series(Form.SHARE, 0, *(one.astype(float) for one in (n, hits, hits)))


def rare(days: int, fall: float = 0.0) -> Series:
    n = random.poisson(200, days)
    rate = 0.01 + fall * np.where(np.arange(days) >= HISTORY, 0.007, 0)
    hits = random.poisson(n * rate)
    return Series(Form.RATIO, 0, *(one.astype(float) for one in (n, hits, hits)))


def five(days: int, fall: float = 0.0) -> Series:
    n, scores = random.poisson(40, days), np.arange(1, 6)
    usual, worse = np.array([0.02, 0.03, 0.1, 0.25, 0.6]), np.array([0.04, 0.05, 0.12, 0.25, 0.54])
    given = np.array(
        [random.multinomial(m, worse if fall and day >= HISTORY else usual) for day, m in enumerate(n)]
    )
    return Series(
        Form.MEAN, 0, n.astype(float), (given @ scores).astype(float), (given @ scores**2).astype(float)
    )


def times(days: int, fall: float = 0.0) -> Series:
    n = random.poisson(40, days)
    each = [random.lognormal(6 + 0.2 * fall * (day >= HISTORY), 1, m) for day, m in enumerate(n)]
    sums, squares = (np.array([float((one**power).sum()) for one in each]) for power in (1, 2))
    return Series(Form.MEAN, 0, n.astype(float), sums, squares)


def told_early(make: Callable[..., Series], level: float, sign: int) -> tuple[int, int, int, list[int]]:
    """Months whose goal is what is usual, and when it was told that they would miss it.

    Gives how many met it, how many of those were told of nevertheless, how many of the others were told of,
    and how many days before the end these were.
    """
    goal = Goal(Direction.UP if sign > 0 else Direction.DOWN, level)
    met = false = true = 0
    ahead: list[int] = []
    for _ in range(MONTHS):
        series = make(BEFORE + MONTH)
        days, told = counts(series), None
        for gone in range(ceil(SHARE_GONE * MONTH), MONTH):
            now = BEFORE + gone
            usual = {
                weekday: [days[day] for day in range(now - BEFORE, now) if day % 7 == weekday]
                for weekday in range(7)
            }
            left = [day % 7 for day in range(now, BEFORE + MONTH)]
            if forecast(series.form, joined(days[BEFORE:now]), usual, left).misses(goal):
                told = told or MONTH - gone
        whole = figure(series.form, joined(days[BEFORE:]))
        if goal.ahead(whole.value or 0.0) >= 0:
            met, false = met + 1, false + (told is not None)
        elif told is not None:
            true, ahead = true + 1, [*ahead, told]
    return met, false, true, ahead


def counts(series: Series) -> list[Counted]:
    """A series' days as counts."""
    return [
        Counted(int(n), round(total), round(squares))
        for n, total, squares in zip(series.n, series.total, series.squares, strict=True)
    ]


def main() -> None:
    print(f"{YEARS} years each: false turns and outliers a figure and year; falls of about one deviation")
    for make in (share, rare, five, times):
        started, turns, outliers, found, delays = time.perf_counter(), 0, 0, 0, []
        for _ in range(YEARS):
            series, since = make(HISTORY + YEAR), 0
            for day in range(HISTORY, HISTORY + YEAR):
                first = max(since, day + 1 - HISTORY)
                one = turn(series.part(first, day + 1))
                if one:
                    turns, since = turns + 1, first + one.begins
                outliers += outlier(series.part(day + 1 - HISTORY, day + 1)) is not None
            fallen = make(HISTORY + AFTER, 1.0)
            day = next((d for d in range(AFTER) if turn(fallen.part(d + 1, HISTORY + d + 1))), None)
            if day is not None:
                found, delays = found + 1, [*delays, day + 1]
        took = time.perf_counter() - started
        print(
            f"{make.__name__:6} turns {turns / YEARS:.2f}  outliers {outliers / YEARS:.2f}"
            f"  falls found in four weeks {found / YEARS:.0%},"
            f" after {np.median(delays) if delays else 0:.0f} days"
            f"  ({took:.0f} s)"
        )
    print(f"{MONTHS} months each, whose goal is what is usual: told that they will be missed")
    for make, sign in ((share, 1), (rare, -1), (five, 1), (times, -1)):
        long = make(10 * YEAR)
        level = figure(long.form, joined(counts(long))).value or 0.0
        met, false, true, ahead = told_early(make, level, sign)
        print(
            f"{make.__name__:6} of {met} met {false / max(met, 1):.1%} falsely;"
            f" of {MONTHS - met} missed {true / max(MONTHS - met, 1):.0%},"
            f" {np.median(ahead) if ahead else 0:.0f} days before the end"
        )


if __name__ == "__main__":
    main()
