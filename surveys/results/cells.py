"""The smallest cell: which counts of anonymous answers are shown, so that no few people show through.

Counts with their sums are a flow: each runs from one sum into another, and what enters a sum leaves it.
Whoever adds and subtracts shown figures finds, for a count that is withheld, everything between the least and
the most that can flow there. So a count of few is safe when as many as the smallest cell could flow there for
all that is shown; if not, a further count is withheld across the cut that says so (complementary
suppression). By max-flow and min-cut, no difference of shown figures gives a sum of withheld counts below the
smallest cell either.

Where anything is withheld, all that is below the smallest cell is, zeros too: else "withheld" would mean "one
at least". Figures made of counts (means, shares) are one more equation: see `may_average`.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from surveys.models import SurveyTerms

USUAL = 5


@dataclass(frozen=True, slots=True)
class Flow:
    """One count: what runs from one sum into another. Of high `rank` it is withheld last as a cover."""

    out_of: Hashable
    into: Hashable
    count: int
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """The counts of one list, the sums of its groups, and its whole; None: withheld."""

    cells: tuple[int | None, ...]
    groups: tuple[int | None, ...]
    whole: int | None


@dataclass(frozen=True, slots=True)
class Guarded:
    """A table with its sums; None: withheld."""

    cells: tuple[tuple[int | None, ...], ...]
    rows: tuple[int | None, ...]
    columns: tuple[int | None, ...]
    whole: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """What is shown once a step of a series is over: its own counts, and those of all steps up to it."""

    cells: tuple[int | None, ...]
    whole: int | None
    so_far: tuple[int | None, ...]
    whole_so_far: int | None


def smallest_cell() -> int:
    """The smallest number of people of an anonymous campaign that is shown."""
    return SurveyTerms.objects.values_list("smallest_cell", flat=True).first() or USUAL


def line(counts: Sequence[int], smallest: int, groups: Sequence[Collection[int]] = ()) -> Line:
    """What is shown of counts, their sum, and the sums of some groups of them. No count is in two groups."""
    group_of = {place: name for name, places in enumerate(groups) for place in places}
    flows = [
        Flow(("group", group_of[place]) if place in group_of else "from", "to", count)
        for place, count in enumerate(counts)
    ]
    flows += [
        Flow("from", ("group", name), sum(counts[place] for place in places), 1)
        for name, places in enumerate(groups)
    ]
    shown = _shown([*flows, Flow("to", "from", sum(counts), 2)], smallest)
    return Line(tuple(shown[: len(counts)]), tuple(shown[len(counts) : -1]), shown[-1])


def guarded(table: Sequence[Sequence[int]], smallest: int, columns: Line | None = None) -> Guarded:
    """What is shown of a table, the sums of its rows and columns, and its whole. No one is in two cells.

    `columns` are the sums of the columns when they are shown elsewhere too (the whole wave beside its
    strata): they stay as they are there.
    """
    width = len(table[0]) if table else 0
    cells = [
        Flow(("row", y), ("column", x), count) for y, row in enumerate(table) for x, count in enumerate(row)
    ]
    rows = [Flow("from", ("row", y), sum(row), 1) for y, row in enumerate(table)]
    sums = [sum(row[x] for row in table) for x in range(width)]
    down = [Flow(("column", x), "to", count, 2) for x, count in enumerate(sums)]
    whole = Flow("to", "from", sum(sums), 3)
    flows = [*cells, *rows, *down, whole]
    first = len(cells) + len(rows)
    fixed: dict[int, bool] = {}
    if columns is not None:
        elsewhere = [*columns.cells, columns.whole]
        fixed = {first + place: count is None for place, count in enumerate(elsewhere)}
    shown = _shown(flows, smallest, fixed)
    return Guarded(
        tuple(tuple(shown[y * width : (y + 1) * width]) for y in range(len(table))),
        tuple(shown[len(cells) : first]),
        tuple(shown[first:-1]),
        shown[-1],
    )


def running(steps: Sequence[Sequence[int]], smallest: int) -> list[Step]:
    """What is shown of a series, such as the weeks of a wave: each step's counts and those up to it.

    It is decided step by step, as it was shown then: whoever kept last week's page learns no more of this
    week's few than whoever did not. Nothing of a step may be shown before it is over.
    """
    fixed: dict[int, bool] = {}
    shown: list[int | None] = []
    for last in range(1, len(steps) + 1):
        flows = _series(steps[:last])
        withheld = _withheld(flows, smallest, fixed)
        fixed = {place: place in withheld for place in range(len(flows))}
        shown = [None if fixed[place] else flow.count for place, flow in enumerate(flows)]
    found, size = [], 2 * len(steps[0]) + 2 if steps else 0
    for at in range(0, len(shown), size or 1):
        *counts, whole, whole_so_far = shown[at : at + size]
        half = len(counts) // 2
        found.append(Step(tuple(counts[:half]), whole, tuple(counts[half:]), whole_so_far))
    return found


def _series(steps: Sequence[Sequence[int]]) -> list[Flow]:
    last = len(steps) - 1
    so_far = list(accumulate(steps, lambda old, new: [a + b for a, b in zip(old, new, strict=True)]))
    flows = []
    for t, (own, up_to) in enumerate(zip(steps, so_far, strict=True)):
        flows += [Flow(("own", t), ("sum", t, x), count) for x, count in enumerate(own)]
        flows += [
            Flow(("sum", t, x), "all" if t == last else ("sum", t + 1, x), count, 1)
            for x, count in enumerate(up_to)
        ]
        flows.append(Flow(("whole", t), ("own", t), sum(own), 2))
        flows.append(Flow("all" if t == last else ("whole", t + 1), ("whole", t), sum(up_to), 3))
    return flows


def blocks(counts: Iterable[int], smallest: int) -> list[int]:
    """How many steps of a series are put together, one after another, so that nobody stands out by time.

    Each block has nobody or at least the smallest cell; the last steps that are too few are in none yet.
    """
    found, steps, people = [], 0, 0
    for count in counts:
        steps, people = steps + 1, people + count
        if people == 0 or people >= smallest:
            found.append(steps)
            steps = people = 0
    return found


def may_average(counts: Mapping[int, int], smallest: int, groups: Sequence[Collection[int]] = ()) -> bool:
    """Whether number, mean and the shares of groups of scores may be shown, if no single count of them is.

    `counts` has every score of the scale; groups are runs of scores without one in common (top two;
    detractors and promoters). They may when, for all that they say, each score that a few gave could have
    been given by as many as the smallest cell.
    """
    number = sum(counts.values())
    parts = [frozenset(group) for group in groups]
    rest = frozenset(counts) - frozenset().union(*parts)
    parts = [part for part in (*parts, rest) if part]
    sizes = [sum(counts[score] for score in part) for part in parts]
    if number < smallest or any(0 < size < smallest for size in sizes):
        return False
    total = sum(score * count for score, count in counts.items())
    for part, size in zip(parts, sizes, strict=True):
        others = [(other, n) for other, n in zip(parts, sizes, strict=True) if other is not part]
        low = sum(min(other) * n for other, n in others)
        high = sum(max(other) * n for other, n in others)
        for score in part:
            if 0 < counts[score] < smallest:
                left = size - smallest
                least = low + score * smallest + min(part) * left
                most = high + score * smallest + max(part) * left
                if not least <= total <= most:
                    return False
    return True


def _shown(flows: Sequence[Flow], smallest: int, fixed: Mapping[int, bool] | None = None) -> list[int | None]:
    withheld = _withheld(flows, smallest, fixed or {})
    return [None if place in withheld else flow.count for place, flow in enumerate(flows)]


def _withheld(flows: Sequence[Flow], smallest: int, fixed: Mapping[int, bool]) -> set[int]:
    """The places of the flows that are withheld; `fixed` says of some whether they are, once and for all."""
    withheld = {place for place, is_withheld in fixed.items() if is_withheld}
    free = [place for place in range(len(flows)) if place not in fixed]
    if any(0 < flows[place].count < smallest for place in free) or withheld:
        withheld |= {place for place in free if flows[place].count < smallest}
    for place in sorted(withheld):
        flow = flows[place]
        while 0 < flow.count < smallest:
            cut = _cut(flows, withheld, flow, smallest - flow.count)
            if cut is None:
                break
            across = [
                one
                for one in free
                if one not in withheld and (flows[one].out_of in cut) != (flows[one].into in cut)
            ]
            withheld.add(min(across, key=lambda one: (flows[one].rank, flows[one].count, one)))
    return withheld


def _cut(flows: Sequence[Flow], withheld: Collection[int], flow: Flow, wanted: int) -> set[Hashable] | None:
    """None when `wanted` more could run through a flow for all that is shown; else where more would end."""
    back = {place: flows[place].count for place in withheld}
    more = 0
    while True:
        came: dict[Hashable, tuple[int, bool]] = {}
        seen, queue = {flow.into}, [flow.into]
        for here in queue:  # it grows
            for place in withheld:
                one = flows[place]
                if one.out_of == here and one.into not in seen:
                    seen.add(one.into)
                    came[one.into] = place, True
                    queue.append(one.into)
                elif one.into == here and one.out_of not in seen and back[place] and one is not flow:
                    seen.add(one.out_of)
                    came[one.out_of] = place, False
                    queue.append(one.out_of)
        if flow.out_of not in seen:
            return seen
        path, here = [], flow.out_of
        while here != flow.into:
            place, forward = came[here]
            path.append((place, forward))
            here = flows[place].out_of if forward else flows[place].into
        room = min((back[place] for place, forward in path if not forward), default=wanted)
        more += room
        for place, forward in path:
            back[place] += room if forward else -room
        if more >= wanted:
            return None
