"""Figures of a dashboard's days: by part, against the days before and those a year before.

Of the whole, or of one dimension, they come from the sums by day. Of a department *and* something else, or
of a product, no sums are kept: then they are counted from the rows, a query or two a figure.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, Sum
from django.db.models.functions import TruncMonth, TruncQuarter, TruncWeek

from kpis.boards.periods import Days
from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import Metric
from kpis.metrics.rows import by_day
from kpis.metrics.rules import Counted, Figure, joined
from kpis.models import Dimension, Grain, MetricCode, Snapshot
from kpis.snapshots.calendar import days_span
from kpis.snapshots.queries import Slice

ByDay = dict[date, Counted]


@dataclass(frozen=True, slots=True)
class Where:
    """What a dashboard is narrowed to: departments (None: everything), a key of something else, a product."""

    departments: tuple[int, ...] | None = None
    by: Dimension = Dimension.WHOLE
    key: str = ""
    product: int | None = None

    @property
    def of(self) -> dict[Dimension, list[str]]:
        """The keys that rows have to have."""
        found: dict[Dimension, list[str]] = {}
        if self.departments is not None:
            found[Dimension.DEPARTMENT] = [str(pk) for pk in self.departments]
        if self.by:
            found[self.by] = [self.key]
        return found

    @property
    def slice(self) -> Slice | None:
        """Where its sums are kept; None where they are not."""
        of = self.of
        if self.product is not None or len(of) > 1:
            return None
        return next((Slice(one, tuple(keys)) for one, keys in of.items()), Slice())

    def has(self, metric: Metric) -> bool:
        """Whether a figure can be told apart by what it is narrowed to."""
        wanted = set(self.of) | ({Dimension.CATEGORY} if self.product is not None else set())
        return wanted <= metric.dimensions


@dataclass(frozen=True, slots=True)
class Told:
    """A figure of the days, of those before and a year before, and of each part of the days."""

    metric: Metric
    now: Figure
    before: Figure
    year_before: Figure
    parts: Sequence[tuple[date, date, Figure]]

    @property
    def change(self) -> float | None:
        """How much it is more than before."""
        return _change(self.now, self.before)

    @property
    def year_change(self) -> float | None:
        """How much it is more than a year before."""
        return _change(self.now, self.year_before)


def figures(codes: Collection[MetricCode], days: Days, where: Where) -> dict[MetricCode, Told]:
    """The figures of some days; those that can't be narrowed so are left out.

    One query where sums are kept, else at most four a figure, two of a product.
    """
    shown = [METRICS[code] for code in codes if where.has(METRICS[code])]
    counted = _kept(shown, days, where.slice) if where.slice else _anew(shown, days, where)
    return {metric.code: _tell(metric, counted.get(metric.code, {}), days) for metric in shown}


def by_department(
    codes: Collection[MetricCode], days: Days, departments: Collection[int]
) -> dict[int, dict[MetricCode, Figure]]:
    """The figures of each department. One query."""
    rows = Snapshot.objects.filter(
        metric__in=list(codes),
        dimension=Dimension.DEPARTMENT,
        key__in=[str(pk) for pk in departments],
        day__range=(days.first, days.last),
    )
    sums = Sum("n"), Sum("total"), Sum("squares")
    found: dict[int, dict[MetricCode, Figure]] = {}
    for key, code, n, total, squares in rows.values_list("key", "metric").annotate(*sums).order_by():
        metric = METRICS[MetricCode(code)]
        found.setdefault(int(key), {})[metric.code] = metric.figure(Counted(n, total, int(squares)))
    return found


TRUNC: dict[Grain, Any] = {Grain.WEEK: TruncWeek, Grain.MONTH: TruncMonth, Grain.QUARTER: TruncQuarter}


def by_period(
    codes: Collection[MetricCode], grain: Grain, first: date, last: date, of: Slice
) -> dict[MetricCode, dict[date, Figure]]:
    """Figures by whole weeks, months or quarters, by their first days. One query."""
    rows = Snapshot.objects.filter(
        metric__in=list(codes), dimension=of.dimension, key__in=of.keys, day__range=(first, last)
    )
    sums = Sum("n"), Sum("total"), Sum("squares")
    found: dict[MetricCode, dict[date, Figure]] = {code: {} for code in codes}
    periods = rows.annotate(begins=TRUNC[grain]("day")).values_list("metric", "begins")
    for code, begins, n, total, squares in periods.annotate(*sums).order_by():
        metric = METRICS[MetricCode(code)]
        found[metric.code][begins] = metric.figure(Counted(n, total, int(squares)))
    return found


def _kept(shown: Sequence[Metric], days: Days, of: Slice) -> dict[MetricCode, ByDay]:
    now, year = Q(day__range=(days.before.first, days.last)), days.year_before
    rows = Snapshot.objects.filter(
        now | Q(day__range=(year.first, year.last)),
        metric__in=[metric.code for metric in shown],
        dimension=of.dimension,
        key__in=of.keys,
    )
    found: dict[MetricCode, ByDay] = {metric.code: {} for metric in shown}
    for code, day, n, total, squares in rows.values_list("metric", "day", "n", "total", "squares"):
        held = found[MetricCode(code)]
        held[day] = held.get(day, Counted()) + Counted(n, total, int(squares))
    return found


def _anew(shown: Sequence[Metric], days: Days, where: Where) -> dict[MetricCode, ByDay]:
    year = days.year_before
    if where.product is None:
        spans = [days_span(days.before.first, days.last), days_span(year.first, year.last)]
    else:  # of a product there are so few rows that asking twice takes longer
        spans = [days_span(min(year.first, days.before.first), days.last)]
    found: dict[MetricCode, ByDay] = {}
    for metric in shown:
        found[metric.code] = {}
        for span in spans:
            found[metric.code].update(by_day(metric.code, span, of=where.of, product=where.product))
    return found


def _tell(metric: Metric, counted: ByDay, days: Days) -> Told:
    def over(some: Days) -> Figure:
        return metric.figure(joined(one for day, one in counted.items() if some.holds(day)))

    parts = [(first, last, over(Days(first, last))) for first, last in days.parts]
    return Told(metric, over(days), over(days.before), over(days.year_before), parts)


def _change(now: Figure, then: Figure) -> float | None:
    return None if now.value is None or then.value is None else now.value - then.value
