"""What is kept by day of how often things happened, added up over the days of a dashboard."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import F, QuerySet, Sum
from django.db.models.functions import TruncMonth, TruncWeek

from kpis.boards.figures import Where
from kpis.boards.periods import Days
from kpis.metrics.tallies import BY
from kpis.models import Dimension, Grain, Tally, TallyOf
from kpis.snapshots.calendar import period_of

TRUNC: dict[Grain, Any] = {Grain.WEEK: TruncWeek, Grain.MONTH: TruncMonth}


def kept(of: TallyOf, days: Days, where: Where) -> QuerySet[Tally] | None:
    """The tallies of some days; None where none are kept of what a dashboard is narrowed to."""
    part = where.slice
    if part is None or part.dimension not in (Dimension.WHOLE, BY[of]):
        return None
    return Tally.objects.filter(
        of=of, dimension=part.dimension, key__in=part.keys, day__range=(days.first, days.last)
    )


def by_cell(rows: QuerySet[Tally]) -> dict[str, int]:
    """How often in all, by cell. One query."""
    return dict(rows.order_by().values_list("cell").annotate(Sum("n")))


def by_part(rows: QuerySet[Tally], grain: Grain) -> dict[date, dict[str, int]]:
    """How often, by the first day of each part and by cell. One query."""
    found: dict[date, dict[str, int]] = defaultdict(dict)
    told = rows.order_by().annotate(begins=_begins(grain)).values_list("begins", "cell")
    for begins, cell, number in told.annotate(Sum("n")):
        found[begins][cell] = number
    return dict(found)


def _begins(grain: Grain) -> Any:
    return F("day") if grain == Grain.DAY else TRUNC[grain]("day")


def over_parts(counted: Mapping[date, Mapping[Any, int]], days: Days) -> dict[Any, list[int]]:
    """The same by cell: how often in each part of the days."""
    parts = [period_of(first, days.grain)[0] for first, _last in days.parts]
    cells = {cell: None for by in counted.values() for cell in by}
    return {cell: [counted.get(begins, {}).get(cell, 0) for begins in parts] for cell in cells}
