"""The figures day by day for a warehouse: which days have changed, and all counts of a day.

A day is handed out whole, to be put in the place of what was known of it. That way nothing has to be told of
counts that are gone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet

from kpis.metrics.catalogue import METRICS
from kpis.metrics.rules import Counted, Figure
from kpis.models import Correction, FigureDay, MetricCode, Snapshot

Key = tuple[str, str, str]
PIECE = 2_000


@dataclass(frozen=True, slots=True)
class Line:
    """The counts of a metric on a day, of the whole or one key, and what it reads as.

    `corrected` are the counts as they would be now, where a closed day's facts have changed since.
    """

    metric: str
    dimension: str
    key: str
    counted: Counted
    figure: Figure
    corrected: Counted | None


def changed_days() -> QuerySet[FigureDay]:
    """The days that figures were ever counted of; by version, the greatest changed last."""
    return FigureDay.objects.exclude(version=None)


def lines(day: date) -> Iterator[Line]:
    """All counts of a day as they stand, one after the other; what appeared after closing comes last."""
    later = _corrections(day)
    found = Snapshot.objects.filter(day=day).order_by("metric", "dimension", "key")
    for row in found.values_list(*COLUMNS).iterator(chunk_size=PIECE):
        key = row[:3]
        yield _line(key, Counted(row[3], row[4], int(row[5])), later.pop(key, None))
    for key, counted in later.items():
        yield _line(key, Counted(), counted)


COLUMNS = ("metric", "dimension", "key", "n", "total", "squares")


def _corrections(day: date) -> dict[Key, Counted]:
    """The newest correction of each count; those of an open day are in its counts already."""
    newest = Correction.objects.filter(day=day).order_by("metric", "dimension", "key", "-found_at")
    rows = newest.distinct("metric", "dimension", "key").values_list(*COLUMNS)
    return {(metric, by, key): Counted(n, total, int(squares)) for metric, by, key, n, total, squares in rows}


def _line(key: Key, counted: Counted, corrected: Counted | None) -> Line:
    return Line(*key, counted, METRICS[MetricCode(key[0])].figure(counted), corrected)


HEAD = (
    *("day", "metric", "dimension", "key", "n", "total", "squares", "value", "low", "high"),
    *("corrected_n", "corrected_total", "corrected_squares"),
)


def row(day: date, line: Line) -> list[str]:
    """A line as a file holds it: full precision, a point for fractions, nothing for no value."""
    figure, corrected = line.figure, line.corrected
    return [
        day.isoformat(),
        *(line.metric, line.dimension, line.key),
        *map(str, (line.counted.n, line.counted.total, line.counted.squares)),
        *("" if one is None else f"{Decimal(one):.6f}" for one in (figure.value, figure.low, figure.high)),
        *(map(str, (corrected.n, corrected.total, corrected.squares)) if corrected else ("", "", "")),
    ]
