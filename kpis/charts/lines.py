"""Lines over time, with a goal and the band beside it that is at risk. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kpis.charts.drawing import (
    HEIGHT,
    SIZE,
    WIDTH,
    Cell,
    Chart,
    Dot,
    Key,
    Line,
    Mark,
    Path,
    Rect,
    Row,
    Table,
    Words,
    look,
    said_of,
)
from kpis.charts.scales import Scale, axis, cut, sane, short, spread, wide

TOP, BOTTOM, RIGHT = 10.0, 22.0, 10.0
DOTTED = 40
"""With more points than that only those that stand alone are drawn as dots."""


@dataclass(frozen=True, slots=True)
class Point:
    """A value; None is a gap in the line. `low` and `high` are its interval, `said` how it is written."""

    value: float | None
    n: int | None = None
    said: str = ""
    low: float | None = None
    high: float | None = None
    href: str = ""

    @property
    def text(self) -> str:
        """How it is written."""
        drawn = sane(self.value)
        return self.said or ("—" if drawn is None else short(drawn))


@dataclass(frozen=True, slots=True)
class Series:
    """A line: as many points as there are labels. Dashed it is of another time, for comparison."""

    name: str
    points: Sequence[Point]
    is_dashed: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """A goal, and how far beside it is at risk: from `goal` to `edge`."""

    goal: float
    edge: float
    name: str


@dataclass(frozen=True, slots=True)
class Frame:
    """Where values are drawn, between the axes."""

    left: float
    right: float
    top: float
    bottom: float


def line(
    title: str,
    unit: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    head: str = "",
    band: Band | None = None,
    least: float | None = None,
    top: float | None = None,
    n: int | None = None,
    with_interval: bool = False,
    width: float = WIDTH,
    height: float = HEIGHT,
    hint: str = "",
) -> Chart:
    """Draw lines over the labels, broken where nothing was measured; `head` says what the labels are."""
    table = _table(head, labels, series)
    every = [point for one in series for point in one.points]
    values: list[float | None] = [point.value for point in every]
    if not any(sane(value) is not None for value in values):
        return Chart(title, unit, n, width, height, (), table, hint=hint)
    if with_interval:
        values += [edge for point in every for edge in (point.low, point.high)]
    if band:
        values += [band.goal, band.edge]
    frame, down, marks = framed(values, width=width, height=height, least=least, top=top)
    across = [_place(frame, place, len(labels)) for place in range(len(labels))]
    marks += below(labels, across, frame, width)
    keys = [Key(_look(one, place), one.name) for place, one in enumerate(series)] if len(series) > 1 else []
    if band:
        goal, edge = down.at(band.goal), down.at(band.edge)
        inner = frame.right - frame.left
        marks.append(Rect(frame.left, min(goal, edge), inner, round(abs(goal - edge), 2), "band"))
        marks.append(Line(frame.left, goal, frame.right, goal, "goal"))
        keys.append(Key("goal", band.name))
    for place, one in enumerate(series):
        marks.extend(_drawn(one, _look(one, place), labels, across, down, with_interval=with_interval))
    return Chart(title, unit, n, width, height, tuple(marks), table, tuple(keys), hint)


def framed(
    values: Sequence[float | None],
    *,
    width: float,
    height: float,
    least: float | None,
    top: float | None,
    step: float = 0.0,
) -> tuple[Frame, Scale, list[Mark]]:
    """The frame that holds values, the scale upwards, and its lines with their numbers, whole steps apart."""
    down, steps = axis(values, start=height - BOTTOM, end=TOP, least=least, top=top, step=step)
    left = round(max(wide(short(one), SIZE) for one in steps) + 6, 2)
    frame = Frame(left, width - RIGHT, TOP, height - BOTTOM)
    marks: list[Mark] = []
    for one in steps:
        y = down.at(one)
        marks.append(Line(frame.left, y, frame.right, y, "grid"))
        marks.append(Words(frame.left - 4, y + 0.35 * SIZE, short(one), anchor="end"))
    return frame, down, marks


def below(labels: Sequence[str], across: Sequence[float], frame: Frame, width: float) -> list[Mark]:
    """The labels below the frame, as many as fit; those at the ends keep within it."""
    shown: list[Mark] = []
    texts = [cut(label, width / 2, SIZE) for label in labels]
    for place in spread(texts, across, SIZE):
        half = wide(texts[place], SIZE) / 2
        x = round(min(max(across[place], half), width - half), 2)
        shown.append(Words(x, frame.bottom + 15, texts[place], anchor="middle"))
    return shown


def _place(frame: Frame, place: int, number: int) -> float:
    if number == 1:
        return round((frame.left + frame.right) / 2, 2)
    inset = 4.0
    return round(frame.left + inset + place * (frame.right - frame.left - 2 * inset) / (number - 1), 2)


def _look(one: Series, place: int) -> str:
    return look(place) + (" is-dashed" if one.is_dashed else "")


def _drawn(
    one: Series,
    style: str,
    labels: Sequence[str],
    across: Sequence[float],
    down: Scale,
    *,
    with_interval: bool,
) -> Iterator[Mark]:
    many = len(one.points) > DOTTED
    for piece in pieces(one.points):
        known = [(place, point) for place, point in piece if with_interval and _has_interval(point)]
        if len(known) == len(piece) > 1:
            upper = [(across[place], down.at(point.high or 0.0)) for place, point in known]
            lower = [(across[place], down.at(point.low or 0.0)) for place, point in reversed(known)]
            yield Path((*upper, *lower), f"{style} interval", is_closed=True)
        elif known:
            for place, point in known:
                ends = down.at(point.low or 0.0), down.at(point.high or 0.0)
                yield Line(across[place], ends[0], across[place], ends[1], f"{style} whisker")
        places = tuple((across[place], down.at(point.value or 0.0)) for place, point in piece)
        if len(places) > 1:
            yield Path(places, f"{style} line")
        for (place, point), (x, y) in zip(piece, places, strict=True):
            if not many or len(piece) == 1:
                name = " · ".join(filter(None, (labels[place], one.name)))
                yield Dot(x, y, 2.5, style, said_of(name, point.text, point.n))


def pieces(points: Sequence[Point]) -> list[list[tuple[int, Point]]]:
    """The parts of a line between its gaps, each point with its place."""
    found: list[list[tuple[int, Point]]] = []
    is_open = False
    for place, point in enumerate(points):
        if sane(point.value) is None:
            is_open = False
            continue
        if not is_open:
            found.append([])
        found[-1].append((place, point))
        is_open = True
    return found


def _has_interval(point: Point) -> bool:
    return sane(point.low) is not None and sane(point.high) is not None


def _table(head: str, labels: Sequence[str], series: Sequence[Series]) -> Table:
    has_n = [any(point.n is not None for point in one.points) for one in series]
    heads = [head]
    for one, counted in zip(series, has_n, strict=True):
        heads += [one.name, "n"] if counted else [one.name]
    rows = []
    for place, label in enumerate(labels):
        cells: list[Cell] = []
        for one, counted in zip(series, has_n, strict=True):
            point = one.points[place]
            cells.append(Cell(point.text, point.href))
            if counted:
                cells.append(Cell("" if point.n is None else str(point.n)))
        rows.append(Row(label, cells))
    return Table(heads, rows)
