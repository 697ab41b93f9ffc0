"""Effects with their intervals: a dot for each, its whiskers, and the line of none. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from kpis.charts.drawing import SIZE, WIDTH, Chart, Dot, Line, Mark, Table, Words, said_of
from kpis.charts.scales import axis, cut, short, wide

ROW = 24.0
NAMES = 140.0
RIGHT = 12.0


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect, its interval and of how many; one that is sure stands out."""

    name: str
    value: float
    low: float
    high: float
    n: int
    said: str
    is_sure: bool


def whiskers(title: str, unit: str, effects: Sequence[Effect], *, table: Table, n: int, hint: str) -> Chart:
    """Draw effects one below the other, in the order given."""
    if not effects:
        return Chart(title, unit, n, WIDTH, ROW, (), table, hint=hint)
    names = [cut(one.name, NAMES, SIZE) for one in effects]
    left = round(max(wide(name, SIZE) for name in names) + 12, 2)
    ends = [end for one in effects for end in (one.low, one.high)]
    scale, places = axis(ends, start=left, end=WIDTH - RIGHT, least=0.0, top=0.0)
    bottom = ROW * len(effects) + 4
    marks: list[Mark] = [Line(scale.at(0.0), 0.0, scale.at(0.0), bottom, "goal is-solid")]
    for place in places:
        if place:
            marks.append(Line(scale.at(place), 0.0, scale.at(place), bottom, "grid"))
        marks.append(Words(scale.at(place), bottom + SIZE + 2, short(place), anchor="middle"))
    for row, (one, name) in enumerate(zip(effects, names, strict=True)):
        y = ROW * row + 0.5 * ROW + 2
        look = "s1" if one.is_sure else "rest"
        marks.append(Words(left - 8, y + 0.35 * SIZE, name, anchor="end"))
        marks.append(Line(scale.at(one.low), y, scale.at(one.high), y, f"{look} effect"))
        marks.append(Dot(scale.at(one.value), y, 4.0, look, said_of(one.name, one.said, one.n)))
    return Chart(title, unit, n, WIDTH, bottom + SIZE + 6, tuple(marks), table, hint=hint)
