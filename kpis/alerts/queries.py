"""Alerts as screens show them, and what explains one: the keys that moved most."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, QuerySet, Sum

from config.common.models import User
from feedback.org.queries import department_ids
from kpis.alerts.explaining import Part, contributions
from kpis.alerts.rules import REFERENCE
from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import Metric
from kpis.metrics.naming import names
from kpis.metrics.rows import told_apart
from kpis.metrics.rules import Counted, Figure
from kpis.models import AlertKind, Dimension, FigureAlert, MetricCode, Snapshot
from kpis.snapshots.calendar import before, days_span
from kpis.snapshots.queries import SEE_COMPANY, Slice

SHOWN = 8
FROM_ROWS = (Dimension.AGENT, Dimension.CHANNEL, Dimension.TIER, Dimension.REGION)
"""By what a part of the company is told apart on: counted from the rows."""
WEEK = 7


def seen_by(user: User) -> QuerySet[FigureAlert]:
    """The alerts that a person may see: their departments', and the company's with the right to see it."""
    keys = [str(pk) for pk in department_ids(user)]
    seen = Q(dimension=Dimension.DEPARTMENT, key__in=keys)
    if user.has_perm(SEE_COMPANY):
        seen |= ~Q(dimension=Dimension.DEPARTMENT)
    return FigureAlert.objects.filter(seen)


def open_for(user: User) -> QuerySet[FigureAlert]:
    """Those of them that nobody took note of and that are not gone."""
    return seen_by(user).filter(closed_at=None, acknowledged_at=None)


def in_order(alerts: QuerySet[FigureAlert]) -> QuerySet[FigureAlert]:
    """The newest first."""
    return alerts.select_related("acknowledged_by").order_by("-found_at", "-pk")


@dataclass(frozen=True, slots=True)
class Moved:
    """A key's part in a change, with its figures before and now."""

    name: str
    key: str
    part: Part
    before: Figure
    now: Figure
    by_level: float
    by_weight: float

    @property
    def whole(self) -> float:
        """Both parts."""
        return self.by_level + self.by_weight


@dataclass(frozen=True, slots=True)
class Explained:
    """What moved of a change by one dimension, the largest parts first; whether the keys add up to it."""

    dimension: Dimension
    moved: list[Moved]
    more: int


@dataclass(frozen=True, slots=True)
class Compared:
    """The days of an alert and those that they are held against."""

    first: date
    last: date
    before_first: date
    before_last: date


def compared(alert: FigureAlert, *, today: date) -> Compared:
    """Of goals the period so far and the one before; of turns and outliers the eight weeks before them."""
    if alert.kind in {AlertKind.TURN, AlertKind.OUTLIER}:
        begin = alert.first - timedelta(REFERENCE)
        return Compared(alert.first, alert.last, begin, alert.first - timedelta(1))
    earlier = before(alert.first, alert.last)
    return Compared(alert.first, min(alert.last, today - timedelta(1)), *earlier)


def explained(alert: FigureAlert, *, today: date) -> tuple[Compared, list[Explained]]:
    """What moved a figure, by everything that it can be told apart by."""
    metric, days = METRICS[MetricCode(alert.metric)], compared(alert, today=today)
    of = Slice(Dimension(alert.dimension), (alert.key,))
    is_whole = of.dimension == Dimension.WHOLE
    both = _from_snapshots(metric, days) if is_whole else _from_rows(metric, of, days)
    found = []
    for dimension, (earlier, now) in both.items():
        parts = contributions(earlier, now)
        if len(parts) > 1:
            found.append(_explained(metric, dimension, parts))
    return days, found


def _explained(metric: Metric, dimension: Dimension, parts: list[Part]) -> Explained:
    known = names(dimension, [part.key for part in parts[:SHOWN]])
    moved = [
        Moved(
            known[part.key],
            part.key,
            part,
            metric.figure(part.before),
            metric.figure(part.now),
            metric.scale * part.by_level,
            metric.scale * part.by_weight,
        )
        for part in parts[:SHOWN]
    ]
    return Explained(dimension, moved, max(0, len(parts) - SHOWN))


Both = dict[Dimension, tuple[dict[str, Counted], dict[str, Counted]]]


def _from_snapshots(metric: Metric, days: Compared) -> Both:
    """In one query."""
    both: Both = defaultdict(lambda: ({}, {}))
    now = Q(day__range=(days.first, days.last))
    earlier = Q(day__range=(days.before_first, days.before_last))
    rows = Snapshot.objects.filter(now | earlier, metric=metric.code).exclude(dimension=Dimension.WHOLE)
    for place, found in enumerate((earlier, now)):
        summed = rows.filter(found).values_list("dimension", "key").order_by("dimension", "key")
        for dimension, key, n, total in summed.annotate(Sum("n"), Sum("total")):
            both[Dimension(dimension)][place][key] = Counted(n, total)
    return {one: both[one] for one in Dimension if one in both}


def _from_rows(metric: Metric, of: Slice, days: Compared) -> Both:
    """From the rows themselves: two dimensions at once are not kept."""
    both: Both = {}
    spans = (days_span(days.before_first, days.before_last), days_span(days.first, days.last))
    for dimension in FROM_ROWS:
        if dimension in metric.dimensions and dimension != of.dimension:
            narrowed = {of.dimension: list(of.keys)}
            earlier, now = (told_apart(metric.code, span, of=narrowed, by=dimension) for span in spans)
            both[dimension] = (earlier, now)
    return both
