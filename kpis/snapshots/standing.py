"""How the days of figures stand: how far they are taken and closed, and what came to light after that."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Max, Min, Q
from django.db.models.functions import TruncMonth

from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import Metric
from kpis.metrics.rules import Counted, Figure
from kpis.models import Backfill, Correction, Dimension, FigureDay, MetricCode, Snapshot


@dataclass(frozen=True, slots=True)
class State:
    """From when to when figures are, when they were taken, how many days wait, which months are closed."""

    first: date | None
    last: date | None
    taken_at: datetime | None
    waiting: int
    closed: list[date]


def state() -> State:
    """How the days stand, in two queries."""
    found = FigureDay.objects.aggregate(
        first=Min("day"),
        last=Max("day"),
        taken_at=Max("taken_at"),
        waiting=Count("pk", Q(stale_at__isnull=False)),
    )
    months = FigureDay.objects.exclude(closed_at=None).annotate(month=TruncMonth("day"))
    closed = months.values_list("month", flat=True).distinct().order_by("-month")
    return State(**found, closed=list(closed))


@dataclass(frozen=True, slots=True)
class Corrected:
    """A closed figure of the whole company, as it was closed and as it would be now."""

    metric: Metric
    day: date
    closed: Figure
    now: Figure
    found_at: datetime


def corrections(*, limit: int) -> list[Corrected]:
    """The newest corrections of the company's figures, with what was closed; two queries."""
    whole = Correction.objects.filter(dimension=Dimension.WHOLE)
    found = list(whole.order_by("-found_at", "-pk")[:limit])
    held = {
        (row.metric, row.day): row
        for row in Snapshot.objects.filter(dimension=Dimension.WHOLE, day__in={row.day for row in found})
    }
    return [_corrected(row, held.get((row.metric, row.day))) for row in found]


def _corrected(row: Correction, held: Snapshot | None) -> Corrected:
    metric = METRICS[MetricCode(row.metric)]
    closed = Counted(held.n, held.total, int(held.squares)) if held else Counted()
    now = Counted(row.n, row.total, int(row.squares))
    return Corrected(metric, row.day, metric.figure(closed), metric.figure(now), row.found_at)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill is: days done of all its days."""

    backfill: Backfill
    done: int
    days: int

    @property
    def percent(self) -> int:
        """The same in whole percent."""
        return 100 * self.done // self.days


def backfills(*, limit: int) -> list[Progress]:
    """The newest backfills."""
    return [
        Progress(
            one,
            (one.done_until - one.first).days + 1 if one.done_until else 0,
            (one.last - one.first).days + 1,
        )
        for one in Backfill.objects.select_related("asked_by")[:limit]
    ]
