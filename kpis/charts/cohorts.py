"""Cohorts: of those who began in a period, the share that came back in each period after. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from kpis.charts.drawing import SIZE, WIDTH, Cell, Chart, Mark, Rect, Row, Table, Words, said_of
from kpis.charts.heat import step
from kpis.charts.scales import cut, percent, sane, wide

ROW = 22.0
NAMES = 80.0
READABLE = 30.0
"""In a narrower cell no number is written."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Those who began together: how many, and their shares in percent; None is not known yet.

    `immature` says from which place on the time is not over.
    """

    name: str
    size: int
    shares: Sequence[float | None]
    immature: int | None = None
    href: str = ""


def cohort(
    title: str,
    unit: str,
    cohorts: Sequence[Cohort],
    *,
    head: str = "",
    size: str = "n",
    width: float = WIDTH,
    hint: str = "",
) -> Chart:
    """Draw a row for each cohort, a cell for each period since, darker where more came back."""
    columns = max((len(one.shares) for one in cohorts), default=0)
    table = Table(
        [head, size, *(str(place) for place in range(columns))],
        [
            Row(one.name, [Cell(str(one.size), one.href), *(Cell(_told(one, at)) for at in range(columns))])
            for one in cohorts
        ],
    )
    n = sum(one.size for one in cohorts)
    height = ROW * len(cohorts) + 20
    known = [value for one in cohorts for value in one.shares if sane(value) is not None]
    if not known or not columns:
        return Chart(title, unit, n, width, height, (), table, hint=hint)
    most = max(value or 0.0 for value in known)
    names = [cut(f"{one.name} · {one.size}", NAMES, SIZE) for one in cohorts]
    left = round(max(wide(name, SIZE) for name in names) + 6, 2)
    room = (width - left - 2) / columns
    marks: list[Mark] = []
    for down, one in enumerate(cohorts):
        y = ROW * down
        marks.append(Words(left - 4, y + 0.65 * ROW, names[down], anchor="end"))
        for place, share in enumerate(one.shares):
            value = sane(share)
            if value is None:
                continue
            shade = step(value, most)
            is_open = one.immature is not None and place >= one.immature
            x = round(left + place * room, 2)
            style = f"heat q{shade}" + (" is-open" if is_open else "")
            said = said_of(f"{one.name} + {place}", percent(value), one.size)
            marks.append(Rect(x, y, round(room - 1, 2), ROW - 1, style, said))
            if room >= READABLE:
                text = cut(f"{value:.0f}", room - 2, SIZE)
                middle = round(x + (room - 1) / 2, 2)
                marks.append(Words(middle, y + 0.65 * ROW, text, look=f"on-q{shade}", anchor="middle"))
    for place in range(columns):
        text = cut(str(place), room, SIZE)
        marks.append(
            Words(round(left + (place + 0.5) * room, 2), ROW * len(cohorts) + 13, text, anchor="middle")
        )
    return Chart(title, unit, n, width, height, tuple(marks), table, hint=hint)


def _told(one: Cohort, at: int) -> str:
    value = sane(one.shares[at]) if at < len(one.shares) else None
    if value is None:
        return ""
    is_open = one.immature is not None and at >= one.immature
    return ("≥ " if is_open else "") + percent(value)
