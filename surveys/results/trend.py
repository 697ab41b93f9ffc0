"""Waves side by side: the measures of each question, and which of them have moved between waves for sure.

Each wave is compared with the one before it; the chances of all comparisons of a campaign are adjusted
together (Holm 1979). Questions are compared while kind and scale stay: a change of scale begins another line.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from config.common.statistics import LEVEL, holm
from surveys.models import Wave
from surveys.results import answers
from surveys.results.answers import Answers, Source
from surveys.results.figures import Change, Measure, change
from surveys.results.questions import Asked
from surveys.results.rates import Rate, rates, with_spent


@dataclass(frozen=True, slots=True)
class Point:
    """A measure in a wave, and how it has changed since the last wave that has one."""

    wave: Wave
    measure: Measure | None
    since: Change | None
    is_sure: bool
    """Whether it has moved, chance and the number of comparisons considered, and neither is of few."""
    is_few: bool
    is_reworded: bool
    """Whether it was asked in other words than in the wave before."""


@dataclass(frozen=True, slots=True)
class Line:
    """A measure over the waves."""

    asked: Asked
    name: str
    label: str
    kind: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Trend:
    """The waves, the oldest first, and the measures over them."""

    waves: Sequence[Wave]
    lines: Sequence[Line]
    rates: Mapping[int, Rate]
    responses: Mapping[int, int | None]
    comparisons: int


def trend(source: Source) -> Trend:
    """The measures of all questions over the waves of a source."""
    waves = sorted(source.waves, key=lambda wave: (wave.opens_at, wave.pk))
    found = answers.by_wave(replace(source, waves=waves))
    lines = [line for asked in source.questions for line in _lines(asked, waves, found, source.few)]
    compared = [
        (line, place)
        for line in lines
        for place, point in enumerate(line.points)
        if point.since is not None and point.since.p is not None and not point.is_few
    ]
    chances = holm([p for line, at in compared if (p := _chance(line.points[at])) is not None])
    sure = {(id(line), at) for (line, at), chance in zip(compared, chances, strict=True) if chance <= LEVEL}
    marked = [
        replace(
            line, points=[replace(one, is_sure=(id(line), at) in sure) for at, one in enumerate(line.points)]
        )
        for line in lines
    ]
    return Trend(
        waves,
        marked,
        _rates(source, waves),
        {pk: one.responses for pk, one in found.items()},
        len(compared),
    )


def _chance(point: Point) -> float | None:
    return point.since.p if point.since else None


def _rates(source: Source, waves: Sequence[Wave]) -> dict[int, Rate]:
    found = rates(source.cut)
    by_wave = {wave.pk: found.get((wave.pk, ""), Rate()) for wave in waves}
    if source.campaign.is_anonymous and not source.cut.narrow:
        return {pk: with_spent(rate, [pk]) for pk, rate in by_wave.items()}
    return by_wave


def _lines(asked: Asked, waves: Sequence[Wave], found: Mapping[int, Answers], few: int) -> list[Line]:
    by_wave = {wave.pk: found[wave.pk].told(asked).measures for wave in waves}
    names = list(dict.fromkeys((one.name, one.label, one.kind) for told in by_wave.values() for one in told))
    lines = []
    for name, label, kind in names:
        points: list[Point] = []
        before: Measure | None = None
        worded: Collection[int] = ()
        for wave in waves:
            here = next((one for one in by_wave[wave.pk] if one.name == name and one.n), None)
            versions = found[wave.pk].versions.get(asked.name, ())
            if here is None:
                points.append(Point(wave, None, None, is_sure=False, is_few=False, is_reworded=False))
                continue
            is_few = here.n < few or (before is not None and before.n < few)
            since = change(before, here) if before is not None else None
            reworded = before is not None and asked.worded_otherwise([*worded, *versions])
            points.append(Point(wave, here, since, is_sure=False, is_few=is_few, is_reworded=reworded))
            before, worded = here, versions
        if any(point.measure for point in points):
            lines.append(Line(asked, name, label, kind, points))
    return lines
