"""Snapshots joined into figures: of periods, by what they are told apart by, and for the first page."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Sum

from feedback.models import Department
from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import Metric
from kpis.metrics.rules import Counted, Figure, Goal, joined
from kpis.models import Dimension, Grain, MetricCode, Snapshot, Target
from kpis.snapshots.calendar import before, period_of, periods


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
        (start, end, METRICS[code].figure(joined(by_day.get(day, Counted()) for day in _days(start, end))))
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
    found = periods(first, last, grain)
    rows = Snapshot.objects.filter(metric=code, dimension=by, day__range=(found[0][0], found[-1][1]))
    if keys is not None:
        rows = rows.filter(key__in=keys)
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


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(number) for number in range((last - first).days + 1)]


@dataclass(frozen=True, slots=True)
class Card:
    """One figure over a period: its value, the period's before, and its days."""

    metric: Metric
    title: str
    now: Figure
    before: Figure
    goal: Goal | None
    days: Sequence[tuple[date, Figure]]

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is reached; None without a goal or a value."""
        return self.goal.met_by(self.now) if self.goal else None


@dataclass(frozen=True, slots=True)
class Line:
    """One department's figures, in the order of the cards."""

    department: Department
    cells: Sequence[tuple[Card, Figure, bool | None]]


def goals() -> dict[MetricCode, Goal]:
    """The goals by their metrics."""
    return {MetricCode(row.metric): Goal(row.direction, float(row.goal)) for row in Target.objects.all()}


def dashboard(
    *,
    until: date,
    days: int,
    departments: Collection[Department],
    company: bool,
    codes: Iterable[MetricCode] = METRICS,
) -> tuple[list[Card], list[Line]]:
    """The figures of the `days` up to and with `until`.

    With `company` the cards are of the whole company; without, of the given departments joined, and figures
    that departments don't have are left out.
    """
    shown = [METRICS[code] for code in codes if company or METRICS[code].by_department]
    first = until - timedelta(days - 1)
    earlier = before(first, until)
    keys = tuple(str(department.pk) for department in departments)
    of = WHOLE if company else Slice(Dimension.DEPARTMENT, keys)
    found = counted([metric.code for metric in shown], earlier[0], until, of)
    known = goals()
    cards = []
    for metric in shown:
        by_day = found[metric.code]
        cards.append(
            Card(
                metric=metric,
                title=str(metric.code.label),
                now=metric.figure(joined(one for day, one in by_day.items() if day >= first)),
                before=metric.figure(joined(one for day, one in by_day.items() if day <= earlier[1])),
                goal=known.get(metric.code),
                days=[(day, metric.figure(by_day.get(day, Counted()))) for day in _days(first, until)],
            )
        )
    of_departments = [card for card in cards if card.metric.by_department]
    codes_of = [card.metric.code for card in of_departments]
    told = by_key(codes_of, first, until, Dimension.DEPARTMENT, keys) if keys else {}
    return cards, [_line(one, of_departments, told.get(str(one.pk), {})) for one in departments]


def _line(department: Department, cards: Sequence[Card], figures: dict[MetricCode, Figure]) -> Line:
    cells = []
    for card in cards:
        found = figures.get(card.metric.code, Figure(None, 0))
        cells.append((card, found, card.goal.met_by(found) if card.goal else None))
    return Line(department, cells)
