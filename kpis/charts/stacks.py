"""Bars of several layers over time: what a whole is made of. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from kpis.charts.drawing import (
    HEIGHT,
    WIDTH,
    Cell,
    Chart,
    Key,
    Mark,
    Rect,
    Row,
    Table,
    look,
    said_of,
)
from kpis.charts.lines import below, framed
from kpis.charts.scales import Scale, sane, short

WIDEST = 36.0


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of all bars: as many counts as there are bars, none below nought, and where its rows are."""

    name: str
    values: Sequence[float]
    hrefs: Sequence[str] = ()
    style: str = ""


def stack(
    title: str,
    unit: str,
    labels: Sequence[str],
    layers: Sequence[Layer],
    *,
    head: str = "",
    whole: str = "",
    wholes: Sequence[str] = (),
    width: float = WIDTH,
    height: float = HEIGHT,
    hint: str = "",
) -> Chart:
    """Draw a bar for each label, its layers from below; `whole` heads the sums in the table.

    `wholes` is where the rows of each sum are.
    """
    sums = [sum(_sane(one.values[place]) for one in layers) for place in range(len(labels))]
    table = _table(head, labels, layers, sums, whole=whole, wholes=wholes)
    n = round(sum(sums))
    if not any(sums):
        return Chart(title, unit, n, width, height, (), table, hint=hint)
    frame, scale, marks = framed([0.0, *sums], width=width, height=height, least=0, top=None, step=1)
    down = Scale(0.0, max(scale.high, *sums), frame.bottom, frame.top)
    room = (frame.right - frame.left) / len(labels)
    bar = round(min(WIDEST, 0.72 * room), 2)
    across = [round(frame.left + (place + 0.5) * room, 2) for place in range(len(labels))]
    marks += below(labels, across, frame, width)
    styles = [one.style or look(place) for place, one in enumerate(layers)]
    for place, label in enumerate(labels):
        parts = [(one, style, _sane(one.values[place])) for one, style in zip(layers, styles, strict=True)]
        marks.extend(_bar(label, parts, round(across[place] - bar / 2, 2), bar, down))
    keys = [Key(style, one.name) for style, one in zip(styles, layers, strict=True) if any(one.values)]
    return Chart(title, unit, n, width, height, tuple(marks), table, tuple(keys), hint)


def _bar(
    label: str, parts: Sequence[tuple[Layer, str, float]], left: float, width: float, down: Scale
) -> list[Mark]:
    marks: list[Mark] = []
    so_far = 0.0
    for one, style, value in parts:
        if not value:
            continue
        bottom, so_far = down.at(so_far), so_far + value
        top = down.at(so_far)
        said = said_of(f"{label} · {one.name}", short(value), None)
        marks.append(Rect(left, top, width, round(bottom - top, 2), style, said))
    return marks


def _sane(value: float) -> float:
    return max(0.0, sane(value) or 0.0)


def _table(
    head: str,
    labels: Sequence[str],
    layers: Sequence[Layer],
    sums: Sequence[float],
    *,
    whole: str,
    wholes: Sequence[str],
) -> Table:
    heads = [head, *(one.name for one in layers), *([whole] if whole else [])]
    rows = []
    for place, label in enumerate(labels):
        cells = [
            Cell(short(value := _sane(one.values[place])), one.hrefs[place] if one.hrefs and value else "")
            for one in layers
        ]
        if whole:
            cells.append(Cell(short(sums[place]), wholes[place] if wholes and sums[place] else ""))
        rows.append(Row(label, cells))
    return Table(heads, rows)
