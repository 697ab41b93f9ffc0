"""What a chart is made of: marks within a frame, its keys, and the table that says the same in words. Pure.

A chart is drawn at the server as inline SVG, the same for the same numbers: it needs no script, prints, and
takes its colours from the page. Marks name a look, which the style sheet gives a colour; `writing`
writes them down.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kpis.charts.scales import wide

WIDTH, HEIGHT = 360.0, 200.0
SIZE = 11.0
"""How large words are."""
LOOKS = 8
"""How many series have a colour of their own; more begin anew."""

Bounds = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class Rect:
    """A box, with what is said when it is pointed at."""

    x: float
    y: float
    width: float
    height: float
    look: str
    said: str = ""

    @property
    def bounds(self) -> Bounds:
        """What it covers."""
        return self.x, self.y, self.x + self.width, self.y + self.height


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line."""

    x: float
    y: float
    to_x: float
    to_y: float
    look: str

    @property
    def bounds(self) -> Bounds:
        """What it covers."""
        return min(self.x, self.to_x), min(self.y, self.to_y), max(self.x, self.to_x), max(self.y, self.to_y)


@dataclass(frozen=True, slots=True)
class Path:
    """Straight lines from point to point; closed it is an area."""

    points: tuple[tuple[float, float], ...]
    look: str
    is_closed: bool = False

    @property
    def way(self) -> str:
        """The points as SVG has them."""
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in self.points) + ("Z" if self.is_closed else "")

    @property
    def bounds(self) -> Bounds:
        """What it covers."""
        across, down = [x for x, _y in self.points], [y for _x, y in self.points]
        return min(across), min(down), max(across), max(down)


@dataclass(frozen=True, slots=True)
class Dot:
    """A point, with what is said when it is pointed at."""

    x: float
    y: float
    radius: float
    look: str
    said: str = ""

    @property
    def bounds(self) -> Bounds:
        """What it covers."""
        return self.x - self.radius, self.y - self.radius, self.x + self.radius, self.y + self.radius


@dataclass(frozen=True, slots=True)
class Words:
    """A line of words; `y` is where they stand on, `anchor` which part of them is at `x`."""

    x: float
    y: float
    text: str
    look: str = "axis"
    anchor: str = "start"
    size: float = SIZE

    @property
    def bounds(self) -> Bounds:
        """What it covers, by a guess at how wide letters are."""
        length = wide(self.text, self.size)
        left = self.x - {"start": 0.0, "middle": length / 2, "end": length}[self.anchor]
        return left, self.y - 0.8 * self.size, left + length, self.y + 0.2 * self.size


Mark = Rect | Line | Path | Dot | Words


@dataclass(frozen=True, slots=True)
class Key:
    """What a colour stands for."""

    look: str
    name: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the table behind a chart; it may lead to the rows that are counted."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: what it is about, and its cells."""

    name: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """What a chart shows, in words; the first heading is that of the rows' names."""

    head: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: its title says what it shows, `unit` in what, `n` of how many. Without marks it is empty."""

    title: str
    unit: str
    n: int | None
    width: float
    height: float
    marks: Sequence[Mark]
    table: Table
    keys: Sequence[Key] = ()
    hint: str = ""


def look(place: int) -> str:
    """The colour of a series by its place."""
    return f"s{place % LOOKS + 1}"


def said_of(name: str, text: str, n: int | None) -> str:
    """What is said of one value: what it is of, how much, of how many."""
    told = f"{name}: {text}" if name else text
    return told if n is None else f"{told} (n = {n})"
