"""What is most frequent, and how much of all the most frequent make up together. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from kpis.charts.drawing import SIZE, WIDTH, Cell, Chart, Dot, Mark, Path, Rect, Row, Table, Words, said_of
from kpis.charts.scales import Scale, cut, sane, short, wide

ROW = 24.0
NAMES = 120.0
SHARES, NUMBER = 40.0, 56.0


@dataclass(frozen=True, slots=True)
class Part:
    """Something that is counted, and where its rows are; what comes last whatever its number is the rest."""

    name: str
    value: float
    href: str = ""
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class Heads:
    """What the table's columns are called."""

    name: str = ""
    value: str = ""
    share: str = ""
    upto: str = ""


def ranked(parts: Sequence[Part]) -> list[tuple[Part, float, float]]:
    """The parts, the greatest first, the rest last, each with its share and that of all down to it (%)."""
    known = [(one, max(0.0, sane(one.value) or 0.0)) for one in parts]
    whole = sum(value for _one, value in known)
    found, so_far = [], 0.0
    for one, value in sorted(known, key=lambda each: (each[0].is_rest, -each[1], each[0].name)):
        so_far += value
        found.append((one, 100 * value / whole if whole else 0.0, 100 * so_far / whole if whole else 0.0))
    return found


def pareto(
    title: str,
    unit: str,
    parts: Sequence[Part],
    *,
    heads: Heads,
    shown: int = 8,
    width: float = WIDTH,
    hint: str = "",
) -> Chart:
    """Draw a bar for each part, from the greatest down, and the line of what they make up together."""
    every = ranked(parts)
    table = Table(
        [heads.name, heads.value, heads.share, heads.upto],
        [
            Row(one.name, [Cell(short(one.value), one.href), Cell(f"{share:.1f} %"), Cell(f"{upto:.1f} %")])
            for one, share, upto in every
        ],
    )
    n = round(sum(max(0.0, sane(one.value) or 0.0) for one in parts))
    drawn = [each for each in every if each[1] > 0][:shown]
    height = ROW * len(drawn) + 4
    if not drawn:
        return Chart(title, unit, n, width, ROW, (), table, hint=hint)
    most = max(one.value for one, _share, _upto in drawn)
    names = [cut(one.name, NAMES, SIZE) for one, _share, _upto in drawn]
    left = round(max(wide(name, SIZE) for name in names) + 6, 2)
    bars = Scale(0.0, most, left, width - SHARES - NUMBER)
    line = Scale(0.0, 100.0, left, width - SHARES - NUMBER)
    marks: list[Mark] = []
    ends = []
    for place, (one, share, upto) in enumerate(drawn):
        y = ROW * place + 2
        stand = y + 0.5 * ROW + 0.35 * SIZE - 1
        marks.append(Words(left - 4, stand, names[place], anchor="end"))
        length = round(bars.at(one.value) - left, 2)
        said = said_of(one.name, f"{short(one.value)} · {share:.1f} %", None)
        marks.append(
            Rect(left, y + 3, max(length, 1.0), ROW - 8, "rest" if one.is_rest else "s1 is-bar", said)
        )
        marks.append(Words(width - SHARES - 2, stand, short(one.value), look="value", anchor="end"))
        marks.append(Words(width - 2, stand, f"{upto:.0f} %", anchor="end"))
        ends.append((line.at(upto), y + 0.5 * ROW - 1))
    if len(ends) > 1:
        marks.append(Path(tuple(ends), "cumulated line"))
    marks.extend(Dot(x, y, 2.5, "cumulated") for x, y in ends)
    return Chart(title, unit, n, width, height, tuple(marks), table, hint=hint)
