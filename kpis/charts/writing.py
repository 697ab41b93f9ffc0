"""Marks and tables written down as SVG and HTML. Pure.

A dashboard has thousands of marks and cells: a template that asks of each what it is takes most of the page's
time. Every word is escaped here, and nothing else of what is written comes from outside.
"""

from collections.abc import Iterator, Sequence
from html import escape

from kpis.charts.drawing import Cell, Dot, Line, Mark, Path, Rect, Row, Table


def svg(marks: Sequence[Mark]) -> str:
    """The marks, one after the other, as they are laid over each other."""
    return "".join(map(_mark, marks))


def _mark(mark: Mark) -> str:
    look = escape(mark.look)
    match mark:
        case Rect():
            box = f'x="{mark.x}" y="{mark.y}" width="{mark.width}" height="{mark.height}"'
            return f'<rect class="{look}" {box}>{_said(mark.said)}</rect>'
        case Line():
            ends = f'x1="{mark.x}" y1="{mark.y}" x2="{mark.to_x}" y2="{mark.to_y}"'
            return f'<line class="{look}" {ends}/>'
        case Path():
            return f'<path class="{look}" d="{mark.way}"/>'
        case Dot():
            point = f'cx="{mark.x}" cy="{mark.y}" r="{mark.radius}"'
            return f'<circle class="{look}" {point}>{_said(mark.said)}</circle>'
    place = f'x="{mark.x}" y="{mark.y}" text-anchor="{mark.anchor}" font-size="{mark.size}"'
    return f'<text class="{look}" {place}>{escape(mark.text)}</text>'


def _said(words: str) -> str:
    return f"<title>{escape(words)}</title>" if words else ""


def html(table: Table) -> str:
    """The table, its first column the names of the rows."""
    first, *others = table.head or ("",)
    head = f'<th scope="col">{escape(first)}</th>' if first else "<td></td>"
    head += "".join(f'<th scope="col" class="is-number">{escape(one)}</th>' for one in others)
    rows = "".join(_rows(table.rows))
    return f'<table class="table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _rows(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        cells = "".join(f'<td class="is-number">{_cell(one)}</td>' for one in row.cells)
        yield f'<tr><th scope="row">{escape(row.name)}</th>{cells}</tr>'


def _cell(cell: Cell) -> str:
    words = escape(cell.text)
    return f'<a href="{escape(cell.href)}">{words}</a>' if cell.href else words
