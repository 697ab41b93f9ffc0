"""Where too many are lost on a way, and which groups lose more than the rest. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from config.common.statistics import LEVEL, holm, two_proportions, wilson
from kpis.metrics.rules import Figure
from kpis.models import FunnelStep

STEPS = tuple(FunnelStep)


@dataclass(frozen=True, slots=True)
class Reached:
    """How many came to each step, in the order of the steps, and the seconds of all since the step before."""

    counts: tuple[int, ...] = (0,) * len(STEPS)
    seconds: tuple[int, ...] = (0,) * len(STEPS)

    def __add__(self, other: "Reached") -> "Reached":
        return self._each(other, lambda one, two: one + two)

    def __sub__(self, other: "Reached") -> "Reached":
        return self._each(other, lambda one, two: one - two)

    def _each(self, other: "Reached", both: Callable[[int, int], int]) -> "Reached":
        return Reached(
            tuple(map(both, self.counts, other.counts)), tuple(map(both, self.seconds, other.seconds))
        )

    def loss(self, place: int) -> Figure:
        """Of those who came to the step before, the percent who did not come to this one (Wilson)."""
        n, came = self.counts[place - 1], self.counts[place]
        if not n:
            return Figure(None, 0)
        low, high = wilson(n - came, n)
        return Figure(100 * (n - came) / n, n, 100 * low, 100 * high)

    def mean_seconds(self, place: int) -> float | None:
        """How long those who came to a step took since the one before, on average; None of nobody."""
        return self.seconds[place] / self.counts[place] if self.counts[place] else None


@dataclass(frozen=True, slots=True)
class Group:
    """A group's loss at a step against that of all others.

    `difference` is in percentage points, with Newcombe's interval; `p` is adjusted after Holm for all groups
    of the step. All None where the group or the rest is too small to be compared.
    """

    by: str
    key: str
    loss: Figure
    rest: Figure
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None

    @property
    def is_few(self) -> bool:
        """Whether too few were measured to compare."""
        return self.p is None

    @property
    def is_worse(self) -> bool:
        """Whether it loses more than the rest, beyond chance."""
        return self.p is not None and self.p < LEVEL and (self.difference or 0) > 0


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """A step before which more are lost than may be, and the groups compared, those that lose most first."""

    step: FunnelStep
    loss: Figure
    most: int
    groups: Sequence[Group]

    @property
    def is_sure(self) -> bool:
        """Whether the whole 95 % interval lies above what may be lost."""
        return self.loss.low is not None and self.loss.low > self.most


def joined(parts: Sequence[Reached]) -> Reached:
    """Counts of any days or groups as one."""
    return reduce(Reached.__add__, parts, Reached())


def breakpoints(
    whole: Reached,
    groups: Mapping[tuple[str, str], Reached],
    *,
    most: Mapping[FunnelStep, int | None],
    few: int,
    late: frozenset[str] = frozenset(),
) -> list[Breakpoint]:
    """Where more than `most` percent are lost, with groups by what they are told apart by and their key.

    Steps that fewer than `few` came to tell nothing. What is named in `late` is known from the order on: by
    it groups are compared at later steps only.
    """
    found = []
    for place, step in enumerate(STEPS):
        limit = most.get(step)
        if not place or limit is None:
            continue
        loss = whole.loss(place)
        if loss.value is None or loss.n < few or loss.value <= limit:
            continue
        asked = {
            (by, key): one
            for (by, key), one in groups.items()
            if by not in late or place > STEPS.index(FunnelStep.ORDER)
        }
        found.append(Breakpoint(step, loss, limit, _compared(whole, asked, place, few)))
    return found


def _compared(whole: Reached, groups: Mapping[tuple[str, str], Reached], place: int, few: int) -> list[Group]:
    """Each group against the rest: pooled z, or Fisher where few are expected; p after Holm (1979)."""
    rows = []
    for (by, key), own in groups.items():
        rest = whole - own
        n, of_rest = own.counts[place - 1], rest.counts[place - 1]
        if not n or not of_rest:
            continue  # nobody of it came so far, or it is everybody
        tested = None
        if min(n, of_rest) >= few:
            tested = two_proportions(of_rest - rest.counts[place], of_rest, n - own.counts[place], n)
        rows.append((by, key, own.loss(place), rest.loss(place), tested))
    adjusted = iter(holm([float(tested.chance or 0) for *_row, tested in rows if tested]))
    groups_found = [
        Group(
            by,
            key,
            loss,
            rest,
            100 * (tested.difference or 0),
            100 * (tested.low or 0),
            100 * (tested.high or 0),
            next(adjusted),
        )
        if tested
        else Group(by, key, loss, rest)
        for by, key, loss, rest, tested in rows
    ]
    return sorted(
        groups_found, key=lambda one: (one.is_few, not one.is_worse, -(one.difference or 0), one.by, one.key)
    )
