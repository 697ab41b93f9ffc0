"""Snapshots joined into figures: of periods, and by what they are told apart by."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import DateField, QuerySet, Sum
from django.db.models.functions import Trunc

from kpis.metrics.catalogue import METRICS
from kpis.metrics.rules import Counted, Figure, joined
from kpis.models import Dimension, Grain, MetricCode, Snapshot
from kpis.snapshots.calendar import period_of, periods

SEE_COMPANY = "kpis.view_snapshot"
"""The right to see the figures of the whole company."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What of the whole: of one key of a dimension, or of several joined; of everything without any."""

    dimension: Dimension = Dimension.WHOLE
    keys: tuple[str, ...] = ("",)


WHOLE = Slice()


def counted(
    codes: Collection[MetricCode], first: date, last: date, of: Slice = WHOLE
) -> dict[MetricCode, dict[date, Counted]]:
    """The counts of metrics by day; days without any are left out."""
    found: dict[MetricCode, dict[date, Counted]] = {code: {} for code in codes}
    rows = Snapshot.objects.filter(
        metric__in=list(codes), dimension=of.dimension, key__in=of.keys, day__range=(first, last)
    )
    for code, day, n, total, squares in rows.values_list("metric", "day", "n", "total", "squares"):
        held = found[MetricCode(code)]
        held[day] = held.get(day, Counted()) + Counted(n, total, int(squares))
    return found


def figure(code: MetricCode, first: date, last: date, of: Slice = WHOLE) -> Figure:
    """A metric's figure over some days."""
    return METRICS[code].figure(joined(counted([code], first, last, of)[code].values()))


def series(
    code: MetricCode, first: date, last: date, grain: Grain, of: Slice = WHOLE
) -> list[tuple[date, date, Figure]]:
    """A metric's figures by period, from the period that `first` is in to that of `last`."""
    found = periods(first, last, grain)
    by_day = counted([code], found[0][0], found[-1][1], of)[code]
    return [
        (start, end, METRICS[code].figure(joined(by_day.get(day, Counted()) for day in days_of(start, end))))
        for start, end in found
    ]


def series_by_key(
    code: MetricCode,
    first: date,
    last: date,
    grain: Grain,
    *,
    by: Dimension,
    keys: Collection[str] | None = None,
) -> dict[str, list[tuple[date, date, Figure]]]:
    """A metric's figures by period and by the keys of a dimension: all keys, or some.

    Periods in which nothing of a key was measured are left out.
    """
    rows = _by_key(code, first, last, grain, by=by, keys=keys)
    added: dict[str, dict[tuple[date, date], Counted]] = defaultdict(dict)
    for key, day, n, total, squares in rows.values_list("key", "day", "n", "total", "squares").order_by(
        "key"
    ):
        period = period_of(day, grain)
        held = added[key].get(period, Counted())
        added[key][period] = held + Counted(n, total, int(squares))
    return {
        key: [(*period, METRICS[code].figure(counted)) for period, counted in sorted(by_period.items())]
        for key, by_period in added.items()
    }


def has_more(
    most: int,
    code: MetricCode,
    first: date,
    last: date,
    grain: Grain,
    *,
    by: Dimension,
    keys: Collection[str] | None = None,
) -> bool:
    """Whether `series_by_key` would give more figures than so many; counted where they are kept."""
    rows = _by_key(code, first, last, grain, by=by, keys=keys).order_by()
    period = Trunc("day", grain.value, output_field=DateField())
    return rows.annotate(period=period).values("key", "period").distinct()[: most + 1].count() > most


def _by_key(
    code: MetricCode, first: date, last: date, grain: Grain, *, by: Dimension, keys: Collection[str] | None
) -> QuerySet[Snapshot]:
    """The snapshots of whole periods, of all keys of a dimension or some."""
    found = periods(first, last, grain)
    rows = Snapshot.objects.filter(metric=code, dimension=by, day__range=(found[0][0], found[-1][1]))
    return rows if keys is None else rows.filter(key__in=keys)


def by_key(
    codes: Collection[MetricCode],
    first: date,
    last: date,
    dimension: Dimension,
    keys: Collection[str] | None = None,
) -> dict[str, dict[MetricCode, Figure]]:
    """Metrics' figures over some days by the keys of a dimension: all keys, or some."""
    rows = Snapshot.objects.filter(metric__in=list(codes), dimension=dimension, day__range=(first, last))
    if keys is not None:
        rows = rows.filter(key__in=keys)
    found: dict[str, dict[MetricCode, Figure]] = defaultdict(dict)
    for key, code, n, total, squares in (
        rows.values_list("key", "metric").annotate(Sum("n"), Sum("total"), Sum("squares")).order_by("key")
    ):
        found[key][MetricCode(code)] = METRICS[MetricCode(code)].figure(Counted(n, total, int(squares)))
    return dict(found)


def days_of(first: date, last: date) -> list[date]:
    """The days from the first up to and with the last."""
    return [first + timedelta(number) for number in range((last - first).days + 1)]
