"""How far a goal is reached: a half circle, full at the goal. Pure."""

import math

from kpis.charts.drawing import Cell, Chart, Line, Mark, Path, Row, Table, Words
from kpis.charts.scales import cut, percent, sane

WIDTH, HEIGHT = 180.0, 104.0
TOP = 125.0
"""Percent of attainment at the end of the scale."""
OUTER, INNER = 80.0, 60.0
MIDDLE = (WIDTH / 2, 92.0)
PIECES = 40


def gauge(
    title: str,
    attainment: float | None,
    *,
    text: str,
    style: str,
    n: int | None = None,
    head: str = "",
    hint: str = "",
    href: str = "",
) -> Chart:
    """Draw an attainment in percent, 100 at the goal; `text` is the figure itself, `style` its colour."""
    known = sane(attainment)
    told = percent(known, 0)
    table = Table(["", head], [Row(text, [Cell(told, href)])])
    if known is None:
        return Chart(title, "%", n, WIDTH, HEIGHT, (), table, hint=hint)
    upto = min(max(known, 0.0), TOP) / TOP
    goal = 100 / TOP
    marks: list[Mark] = [Path(_ring(0.0, 1.0), "ground", is_closed=True)]
    if upto:
        marks.append(Path(_ring(0.0, upto), style, is_closed=True))
    inner, outer = _at(goal, INNER - 4), _at(goal, OUTER + 4)
    marks.append(Line(*inner, *outer, "goal is-solid"))
    marks.append(Words(MIDDLE[0], MIDDLE[1] - 14, told, look="large", anchor="middle", size=22))
    shown = cut(text, 2 * INNER, 11)
    marks.append(Words(MIDDLE[0], MIDDLE[1] + 4, shown, look="axis", anchor="middle"))
    return Chart(title, "%", n, WIDTH, HEIGHT, tuple(marks), table, hint=hint)


def _at(part: float, radius: float) -> tuple[float, float]:
    turn = math.pi * (1 - part)
    return round(MIDDLE[0] + radius * math.cos(turn), 2), round(MIDDLE[1] - radius * math.sin(turn), 2)


def _ring(begin: float, end: float) -> tuple[tuple[float, float], ...]:
    steps = max(2, math.ceil(PIECES * (end - begin)))
    parts = [begin + (end - begin) * place / steps for place in range(steps + 1)]
    return (*(_at(part, OUTER) for part in parts), *(_at(part, INNER) for part in reversed(parts)))
