"""Charts of reports as PDF: the same marks as on the page, on white."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from reportlab.lib.colors import Color, HexColor
from reportlab.platypus import Flowable

from kpis.charts.drawing import Chart, Dot, Line, Mark, Path, Rect, Words
from kpis.reports.fonts import write

INK, QUIET, RULE = HexColor("#1b1f2a"), HexColor("#5f6677"), HexColor("#d9dce4")
LOOKS = {
    "s1": HexColor("#3650d8"),
    "band": HexColor("#fff1d6"),
    "goal": HexColor("#c98a00"),
    "grid": RULE,
    "axis": QUIET,
}
HEAD = 28


class Drawn(Flowable):  # type: ignore[misc]  # the library has no types
    """A chart under its title, over a width in points."""

    def __init__(self, chart: Chart, width: float) -> None:
        """Fit it to a width."""
        super().__init__()
        self.chart, self.scale = chart, width / chart.width
        self.width, self.height = width, chart.height * self.scale + HEAD

    def draw(self) -> None:
        """Its title, then its marks; SVG's heights go down, those of PDF up."""
        canvas, chart = self.canv, self.chart
        nothing = "" if chart.marks else _("Nothing was measured in this time.")
        canvas.setFillColor(INK)
        write(canvas, (0, self.height - 10), chart.title, 9)
        canvas.setFillColor(QUIET)
        said = [chart.unit, f"n = {chart.n}", *(key.name for key in chart.keys), nothing]
        write(canvas, (0, self.height - 21), "  ".join(filter(None, said)), 8)
        canvas.translate(0, chart.height * self.scale)
        canvas.scale(self.scale, -self.scale)
        for mark in chart.marks:
            canvas.saveState()
            _draw(canvas, mark)
            canvas.restoreState()


def _colour(look: str) -> Color:
    """The colour of a look's first word that has one."""
    return next((LOOKS[one] for one in look.split() if one in LOOKS), QUIET)


def _draw(canvas: Any, mark: Mark) -> None:
    canvas.setFillColor(_colour(mark.look))
    canvas.setStrokeColor(_colour(mark.look))
    match mark:
        case Rect():
            canvas.rect(mark.x, mark.y, mark.width, mark.height, stroke=0, fill=1)
        case Line():
            is_goal = "goal" in mark.look
            canvas.setLineWidth(1.2 if is_goal else 0.6)
            canvas.setDash([5, 4] if is_goal else [])
            canvas.line(mark.x, mark.y, mark.to_x, mark.to_y)
        case Path():
            _path(canvas, mark.points, is_closed=mark.is_closed)
        case Dot():
            canvas.circle(mark.x, mark.y, mark.radius, stroke=0, fill=1)
        case Words():
            canvas.translate(mark.x, mark.y)
            canvas.scale(1, -1)
            write(canvas, (0, 0), mark.text, mark.size, mark.anchor)


def _path(canvas: Any, points: Sequence[tuple[float, float]], *, is_closed: bool) -> None:
    way = canvas.beginPath()
    for place, (x, y) in enumerate(points):
        (way.lineTo if place else way.moveTo)(x, y)
    if is_closed:
        way.close()
        canvas.setFillAlpha(0.16)
    canvas.setLineWidth(2)
    canvas.drawPath(way, stroke=0 if is_closed else 1, fill=1 if is_closed else 0)
