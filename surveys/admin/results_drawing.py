"""What the pages of results draw: lines over waves, and Kano's square, as coordinates for SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

from surveys.results.breakdown import Kano
from surveys.results.figures import MEAN, NET
from surveys.results.trend import Line

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 200, 46, 32, 12, 26
SIDE, MARGIN = 320, 36
LINES = 4
"""Horizontal lines of a chart, and spaces between them."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A point with its interval."""

    x: float
    y: float
    low: float | None
    high: float | None
    is_few: bool
    is_sure: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """A line over waves."""

    line: Line
    path: Sequence[tuple[float, float, float, float]]
    """Pieces from point to point; a wave without answers interrupts it."""
    dots: Sequence[Dot]
    ticks: Sequence[tuple[float, str]]
    labels: Sequence[tuple[float, str]]
    marks: Sequence[float]
    """Where it was asked in other words than before."""


def chart(line: Line) -> Chart:
    """A measure over the waves."""
    low, high = _limits(line)
    step = (WIDTH - LEFT - RIGHT) / max(len(line.points) - 1, 1)
    places = [LEFT + step * at if len(line.points) > 1 else WIDTH / 2 for at in range(len(line.points))]

    def height(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low) / (high - low))

    dots: list[Dot] = []
    path: list[tuple[float, float, float, float]] = []
    last: Dot | None = None
    for x, point in zip(places, line.points, strict=True):
        one = point.measure
        if one is None or one.value is None:
            last = None
            continue
        dot = Dot(
            x,
            height(one.value),
            height(one.low) if one.low is not None else None,
            height(one.high) if one.high is not None else None,
            point.is_few,
            point.is_sure,
        )
        if last is not None:
            path.append((last.x, last.y, dot.x, dot.y))
        dots.append(dot)
        last = dot
    times = 1 if line.kind == MEAN else 100
    values = [low + (high - low) * at / LINES for at in range(LINES + 1)]
    every = max(1, -(-len(places) // 8))
    return Chart(
        line,
        path,
        dots,
        [(height(value), f"{times * value:.{1 if times == 1 else 0}f}") for value in values],
        [(x, point.wave.label) for x, point in list(zip(places, line.points, strict=True))[::every]],
        [x for x, point in zip(places, line.points, strict=True) if point.is_reworded],
    )


def _limits(line: Line) -> tuple[float, float]:
    """From where to where the values go: shares from 0 to 1, net points from -1, means along their scale."""
    if line.kind == NET:
        return -1.0, 1.0
    if line.kind != MEAN:
        return 0.0, 1.0
    if line.asked.is_scored:
        return float(line.asked.scores[0]), float(line.asked.scores[-1])
    measures = [point.measure for point in line.points if point.measure]
    values = [value for one in measures for value in (one.value, one.low, one.high) if value is not None]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    return (low, high) if high > low else (low - 1, high + 1)


@dataclass(frozen=True, slots=True)
class Place:
    """A feature in Kano's square, with the intervals of both sides."""

    number: int
    feature: Kano
    x: float
    y: float
    left: float
    right: float
    top: float
    bottom: float


def kano_square(features: Sequence[Kano]) -> list[Place]:
    """Better upwards, worse to the right, each from 0 to 1."""
    found = []
    for number, one in enumerate(features, start=1):
        better, worse = one.better, one.worse
        found.append(
            Place(
                number,
                one,
                _across(worse.value),
                _up(better.value),
                _across(worse.low),
                _across(worse.high),
                _up(better.high),
                _up(better.low),
            )
        )
    return found


def _across(share: float | None) -> float:
    return MARGIN + (SIDE - 2 * MARGIN) * (share or 0.0)


def _up(share: float | None) -> float:
    return SIDE - MARGIN - (SIDE - 2 * MARGIN) * (share or 0.0)
