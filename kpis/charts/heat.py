"""A map of cells, darker where there is more: such as weekday × hour. Pure."""

from collections.abc import Sequence

from kpis.charts.drawing import SIZE, WIDTH, Cell, Chart, Key, Mark, Rect, Row, Table, Words, said_of
from kpis.charts.scales import cut, sane, short, spread, wide

STEPS = 5
CELL = 20.0
LONGEST = 70.0


def step(value: float, most: float) -> int:
    """How dark a cell is: 0 for nothing, then 1 to `STEPS` by its share of the greatest."""
    if value <= 0 or most <= 0:
        return 0
    return min(STEPS, 1 + int(STEPS * min(1.0, value / most) * (1 - 1e-9)))


def heat(
    title: str,
    unit: str,
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float]],
    *,
    hrefs: Sequence[Sequence[str]] = (),
    head: str = "",
    style: str = "heat",
    width: float = WIDTH,
    hint: str = "",
) -> Chart:
    """Draw the values by rows and columns; the table has them all, each with where its rows are, if said."""
    ways = hrefs or [[""] * len(columns)] * len(rows)
    lines = zip(rows, values, ways, strict=True)
    table = Table([head, *columns], [_row(name, line, some) for name, line, some in lines])
    known = [[max(0.0, sane(value) or 0.0) for value in line] for line in values]
    most = max((value for line in known for value in line), default=0.0)
    n = round(sum(value for line in known for value in line))
    height = CELL * len(rows) + 24
    if not most:
        return Chart(title, unit, n, width, height, (), table, hint=hint)
    names = [cut(name, LONGEST, SIZE) for name in rows]
    left = round(max(wide(name, SIZE) for name in names) + 6, 2)
    room = (width - left - 2) / len(columns)
    marks: list[Mark] = []
    for down, (name, line) in enumerate(zip(names, known, strict=True)):
        marks.append(Words(left - 4, CELL * down + 0.65 * CELL, name, anchor="end"))
        for place, value in enumerate(line):
            said = said_of(f"{rows[down]} {columns[place]}", short(value), None)
            x = round(left + place * room, 2)
            box = Rect(x, CELL * down, round(room - 1, 2), CELL - 1, f"{style} q{step(value, most)}", said)
            marks.append(box)
    middles = [round(left + (place + 0.5) * room, 2) for place in range(len(columns))]
    texts = [cut(one, LONGEST, SIZE) for one in columns]
    for place in spread(texts, middles, SIZE, gap=6):
        half = wide(texts[place], SIZE) / 2
        x = round(min(max(middles[place], half), width - half), 2)
        marks.append(Words(x, CELL * len(rows) + 14, texts[place], anchor="middle"))
    keys = [Key(f"{style} q{one}", _upto(one, most)) for one in range(1, STEPS + 1)]
    return Chart(title, unit, n, width, height, tuple(marks), table, keys if most >= STEPS else (), hint)


def _upto(one: int, most: float) -> str:
    return "≤ " + short(int(most * one / STEPS) if most >= STEPS else most * one / STEPS)


def _row(name: str, line: Sequence[float], hrefs: Sequence[str]) -> Row:
    known = [max(0.0, sane(value) or 0.0) for value in line]
    return Row(name, [Cell(short(one), href if one else "") for one, href in zip(known, hrefs, strict=True)])
