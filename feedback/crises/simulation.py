"""Ordinary traffic of a shop, and crises planted in it, to measure a watch by. Pure.

Cases come by the hour of the week, more in the evening and fewer at night, and in heaps: the rate of
everything varies from day to day, and that of each product, region, courier by itself from quarter to quarter
of a day. Each case has a product (some are bought far more than others), with it a category and a supplier, a
region, a courier, a kind, and what it is about.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feedback.crises import rules
from feedback.crises.rules import Numbers, Terms

STEPS = 6
"""Looks in an hour."""
DAY, WEEK = 24, 168
HEAPS = 6
"""Hours that a heap of one thing lasts."""
MAKE_UP = {
    "all": 1, "kind": 4, "category": 12, "product": 150, "supplier": 25, "courier": 6, "region": 31,
    "aspect": 8, "gap_kind": 3,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Traffic:
    """What came in each step, things × steps, and which kind each thing is of."""

    counts: npt.NDArray[np.int16]
    kinds: npt.NDArray[np.int64]
    names: list[str]

    @property
    def hours(self) -> int:
        """How long it is."""
        return int(self.counts.shape[1]) // STEPS


def rhythm(hours: int) -> Numbers:
    """How much comes in each hour against the mean: by the hour of the day and the day of the week."""
    hour = np.arange(hours)
    day = 1 + 0.75 * np.sin((hour % DAY - 9) * np.pi / 12) + 0.25 * np.sin((hour % DAY - 15) * np.pi / 6)
    weekend = np.where((hour // DAY) % 7 >= 5, 1.15, 0.94)  # noqa: PLR2004 - Saturday and Sunday
    found: Numbers = np.maximum(day, 0.08) * weekend
    return found


def traffic(*, per_day: float, weeks: int, varies: float, seed: int) -> Traffic:
    """Make some weeks of so many cases a day. `varies`: the variance of the factors of day and of heap."""
    random = np.random.default_rng(seed)
    hours = weeks * WEEK
    of_day = np.repeat(random.gamma(1 / varies, varies, hours // DAY), DAY)
    rate = per_day / DAY * rhythm(hours) * of_day
    rows, kinds, names = [], [], []
    shares = {name: _shares(random, n) for name, n in MAKE_UP.items()}
    belongs = {
        "category": random.integers(MAKE_UP["category"], size=MAKE_UP["product"]),
        "supplier": random.integers(MAKE_UP["supplier"], size=MAKE_UP["product"]),
    }
    drawn = {
        name: _draw(random, rate, shares[name], varies)
        for name in MAKE_UP
        if name not in {"all", "category", "supplier"}
    }
    for name, number in belongs.items():
        drawn[name] = np.stack(
            [drawn["product"][number == one].sum(axis=0, dtype=np.int16) for one in range(MAKE_UP[name])]
        )
    drawn["all"] = drawn["product"].sum(axis=0, dtype=np.int16, keepdims=True)
    for kind, (name, found) in enumerate(drawn.items()):
        rows.append(found)
        kinds += [kind] * len(found)
        names += [f"{name}:{one}" for one in range(len(found))]
    return Traffic(np.concatenate(rows), np.array(kinds), names)


def _shares(random: np.random.Generator, n: int) -> Numbers:
    """Some have far more than others: Zipf's law, in any order."""
    weight: Numbers = 1 / np.arange(1, n + 1) ** 0.8
    return random.permutation(weight / weight.sum())


def _draw(
    random: np.random.Generator, rate: Numbers, shares: Numbers, varies: float
) -> npt.NDArray[np.int16]:
    """What came of each in each step."""
    heaps = random.gamma(1 / varies, varies, (len(shares), len(rate) // HEAPS + 1))
    hourly = shares[:, None] * rate[None, :] * np.repeat(heaps, HEAPS, axis=1)[:, : len(rate)]
    return random.poisson(np.repeat(hourly / STEPS, STEPS, axis=1)).astype(np.int16)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that stood out: which, at which step."""

    thing: int
    step: int


def alarms(found: Traffic, terms: Terms, *, since: int, until: int) -> list[Alarm]:
    """Look at each step of a time; a thing that stood out within the last window is no new alarm."""
    sums = np.concatenate(
        [np.zeros((len(found.counts), 1), np.int32), np.cumsum(found.counts, axis=1, dtype=np.int32)], axis=1
    )
    last = np.full(len(found.counts), -(10**9))
    raised: list[Alarm] = []
    for step in range(since, until):
        for thing in np.flatnonzero(_look(sums, found.kinds, terms, step).raised):
            if step - last[thing] > terms.window_hours * STEPS:
                raised.append(Alarm(int(thing), step))
            last[thing] = step
    return raised


def _look(sums: npt.NDArray[np.int32], kinds: npt.NDArray[np.int64], terms: Terms, step: int) -> rules.Judged:
    """One look at the end of a step: the window begins with an hour, as hours are counted."""
    begins = (step // STEPS - terms.window_hours) * STEPS
    shifts = np.arange(1, terms.weeks + 1) * WEEK * STEPS
    seen = (sums[:, step + 1] - sums[:, begins]).astype(np.float64)
    # the hour that goes on counts by how much of it has gone by, as where only whole hours are kept
    hour, gone = step // STEPS * STEPS, (step % STEPS + 1) / STEPS
    whole = sums[:, hour - shifts] - sums[:, begins - shifts]
    part = (sums[:, hour + STEPS - shifts] - sums[:, hour - shifts]) * gone
    return rules.judge(seen, whole + part, kinds, terms)


@dataclass(frozen=True, slots=True)
class Planted:
    """What became of a planted crisis: found after so many steps, with so many cases by then."""

    found_after: int | None
    cases: int


def plant(
    found: Traffic, terms: Terms, *, thing: int, step: int, per_hour: float, hours: int, seed: int
) -> Planted:
    """Add so many more cases an hour of one thing from a step on, and look until it is found or over."""
    random = np.random.default_rng(seed)
    first = step - (terms.weeks * WEEK + terms.window_hours + 1) * STEPS
    until = step + hours * STEPS
    counts = found.counts[:, first:until].astype(np.int32)
    more = random.poisson(per_hour / STEPS, hours * STEPS)
    counts[thing, step - first :] += more
    sums = np.concatenate([np.zeros((len(counts), 1), np.int32), np.cumsum(counts, axis=1)], axis=1)
    offset = first % STEPS
    if offset:
        raise ValueError("begin at a full hour")
    padded = np.pad(sums, ((0, 0), (0, STEPS * WEEK)), mode="edge")
    for at in range(step - first, until - first):
        if _look(padded, found.kinds, terms, at).raised[thing]:
            after = at - (step - first) + 1
            return Planted(after, int(more[:after].sum()))
    return Planted(None, int(more.sum()))
