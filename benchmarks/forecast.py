"""How far the board's forecast is from what then happens, in simulated departments of every kind.

Departments differ in people, speed, load, targets and order of work; the next hour is forecast at moments of
their lives, as the board does it, and then lived.
"""

import random
import statistics
import sys
from dataclasses import dataclass, field

from feedback.supervision.forecast import MINUTES, Force, outlook

HOURS, WARM = 8, 3


@dataclass
class Life:
    """A department, minute by minute: arrivals by chance, each person takes what is due first, mostly."""

    chance: random.Random
    people: int
    per_hour: float
    load: float
    target: int
    own_choice: float
    open: list[tuple[float, float]] = field(default_factory=list)
    met: list[tuple[float, bool]] = field(default_factory=list)
    came: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)

    def run(self, minutes: int, now: float) -> None:
        """Live on for some minutes."""
        for minute in range(minutes):
            at = now + minute
            for _ in range(self._number(self.people * self.per_hour * self.load / 60)):
                self.open.append((at + self.target, at))
                self.came.append(at)
            for _ in range(self._number(self.people * self.per_hour / 60)):
                if self.open:
                    first = self.chance.random() >= self.own_choice
                    due, began = min(self.open) if first else self.chance.choice(self.open)
                    self.open.remove((due, began))
                    self.met.append((at, due < at))
                    if due >= at:
                        continue
            self.late += [due for due, _began in self.open if at < due <= at + 1]

    def _number(self, mean: float) -> int:
        """A number by chance with a mean (Knuth's Poisson)."""
        number, product, limit = 0, self.chance.random(), 2.718281828**-mean
        while product > limit:
            number, product = number + 1, product * self.chance.random()
        return number


def play(seed: int) -> tuple[float, float, float]:
    """One department: what was forecast for an hour, what happened, and what the hour before had."""
    chance = random.Random(seed)
    life = Life(
        chance,
        people=chance.randint(2, 20),
        per_hour=chance.uniform(4, 15),
        load=chance.uniform(0.6, 1.3),
        target=chance.choice((30, 60, 120)),
        own_choice=chance.choice((0, 0.1, 0.3)),
    )
    now = float(chance.randint(WARM * 60, HOURS * 60))
    life.run(int(now), 0)
    recent = [late for at, late in life.met if at >= now - 120]
    just_now = [late for at, late in life.met if at >= now - 30]
    hours = life.people * 2
    arrivals = sum(at >= now - 120 for at in life.came) / 2 if life.target <= 60 else 0.0
    due = [0] * MINUTES
    for moment, _began in life.open:
        if 0 < moment - now <= MINUTES:
            due[min(int(moment - now), MINUTES - 1)] += 1
    force = Force(
        [life.people] * MINUTES,
        per_hour=len(recent) / hours,
        late_share=sum(just_now) / len(just_now) if just_now else 0.0,
        arrivals=arrivals,
        lead=life.target,
    )
    told = outlook(due, force)
    before = sum(now - 60 < moment <= now for moment in life.late)
    life.run(MINUTES, now)
    happened = sum(now < moment <= now + 60 for moment in life.late)
    return told.open + told.to_come, happened, before


def errors(rounds: int = 400) -> dict[str, float]:
    """The mean distance from what happened, for the forecast and for what one would say without it."""
    rows = [play(seed) for seed in range(rounds)]
    return {
        "happened": statistics.mean(happened for _told, happened, _before in rows),
        "forecast": statistics.mean(abs(told - happened) for told, happened, _before in rows),
        "bias": statistics.mean(told - happened for told, happened, _before in rows),
        "as before": statistics.mean(abs(before - happened) for _told, happened, before in rows),
        "none": statistics.mean(happened for _told, happened, _before in rows),
    }


if __name__ == "__main__":
    for name, value in errors().items():
        print(f"{name:10} {value:8.2f}")
    sys.exit(0)
