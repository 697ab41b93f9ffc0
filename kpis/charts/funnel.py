"""How many of those who began came through each step. Pure; it takes plain counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from kpis.charts.drawing import SIZE, WIDTH, Cell, Chart, Mark, Path, Rect, Row, Table, Words, said_of
from kpis.charts.scales import Scale, cut, percent, sane, short, wide

STEP, BAR = 46.0, 26.0
NAMES = 110.0


@dataclass(frozen=True, slots=True)
class Step:
    """A step and how many came to it; a breakpoint is where too many stay behind."""

    name: str
    count: float
    href: str = ""
    is_break: bool = False


@dataclass(frozen=True, slots=True)
class Heads:
    """What the table's columns are called."""

    name: str = ""
    count: str = ""
    of_before: str = ""
    of_first: str = ""


def shares(steps: Sequence[Step]) -> list[tuple[float | None, float | None]]:
    """Of each step the share of the step before and of the first, in percent; None where nobody began."""
    counts = [_count(one) for one in steps]
    found: list[tuple[float | None, float | None]] = []
    for place, count in enumerate(counts):
        before = counts[place - 1] if place else 0.0
        first = counts[0]
        found.append((100 * count / before if before else None, 100 * count / first if first else None))
    return found


def funnel(
    title: str, unit: str, steps: Sequence[Step], *, heads: Heads, width: float = WIDTH, hint: str = ""
) -> Chart:
    """Draw a bar for each step, as long as many came to it, and between them the share of the step before."""
    parts = shares(steps)
    table = Table(
        [heads.name, heads.count, heads.of_before, heads.of_first],
        [
            Row(
                one.name,
                [Cell(short(_count(one)), one.href), Cell(percent(before)), Cell(percent(first))],
            )
            for one, (before, first) in zip(steps, parts, strict=True)
        ],
    )
    most = max((_count(one) for one in steps), default=0.0)
    n = round(_count(steps[0])) if steps else 0
    height = STEP * len(steps) - (STEP - BAR) + 4 if steps else STEP
    if not most:
        return Chart(title, unit, n, width, height, (), table, hint=hint)
    names = [cut(one.name, NAMES, SIZE) for one in steps]
    left = round(max(wide(name, SIZE) for name in names) + 8, 2)
    across = Scale(0.0, most, left, width - 60)
    marks: list[Mark] = []
    for place, one in enumerate(steps):
        y = STEP * place + 2
        count = _count(one)
        end = max(across.at(count), left + 1)
        before, first = parts[place]
        style = "s1 is-bar" + (" is-break" if one.is_break else "")
        if place:
            was = max(across.at(_count(steps[place - 1])), left + 1)
            top = y - (STEP - BAR)
            marks.append(Path(((left, top), (was, top), (end, y), (left, y)), "between", is_closed=True))
            text = ("! " if one.is_break else "") + "↓ " + percent(before)
            marks.append(Words(left + 6, y - 6, text, look="bad" if one.is_break else "axis"))
        said = said_of(one.name, f"{short(count)} · {percent(first)}", None)
        marks.append(Rect(left, y, round(end - left, 2), BAR, style, said))
        marks.append(Words(left - 5, y + BAR / 2 + 0.35 * SIZE, names[place], anchor="end"))
        marks.append(Words(end + 4, y + BAR / 2 + 0.35 * SIZE, short(count), look="value"))
    return Chart(title, unit, n, width, height, tuple(marks), table, hint=hint)


def _count(one: Step) -> float:
    return max(0.0, sane(one.count) or 0.0)
