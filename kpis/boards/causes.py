"""Why things went wrong, by part of the days: causes of breaches, and of gaps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count
from django.utils import timezone

from feedback.models import BreachCause, GapCause
from kpis.boards.figures import Where
from kpis.boards.periods import Days
from kpis.boards.tallied import by_part, kept, over_parts
from kpis.boards.times import TRUNC, day_of
from kpis.metrics.rows import narrow
from kpis.metrics.tallies import BREACHES
from kpis.models import Tally, TallyOf
from kpis.snapshots.calendar import days_span


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause and how often it was one in each part; `name` is empty where nobody has said yet.

    `cells` are those of the tallies that it joins.
    """

    name: str
    numbers: Sequence[int]
    code: str = ""
    cells: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        """In all."""
        return sum(self.numbers)


def of_breaches(days: Days, where: Where) -> list[Cause]:
    """The causes of the clocks breached in the days, the most frequent first; unsaid last. Two queries."""
    rows = kept(TallyOf.CAUSE, days, where)
    counted = over_parts(_anew(days, where) if rows is None else by_part(rows, days.grain), days)
    causes = {str(one.pk): one for one in BreachCause.objects.filter(pk__in=[key for key in counted if key])}
    found = [
        Cause(str(causes[key]) if key else "", numbers, key or "none", (key,))
        for key, numbers in counted.items()
    ]
    return sorted(found, key=lambda one: (not one.name, -one.number, one.name))


def of_gaps(days: Days) -> list[Cause]:
    """The causes of the standing gaps of promises that fell due in the days; unsaid last. One query."""
    rows = kept(TallyOf.GAP, days, Where())
    found = over_parts(by_part(Tally.objects.none() if rows is None else rows, days.grain), days)
    sums: dict[str, list[int]] = {}
    cells: dict[str, tuple[str, ...]] = {}
    for cell, numbers in found.items():
        cause = cell.partition(":")[2]
        cells[cause] = (*cells.get(cause, ()), cell)
        held = sums.get(cause, [0] * len(numbers))
        sums[cause] = [one + more for one, more in zip(held, numbers, strict=True)]
    known = [(one.value, str(one.label)) for one in GapCause] + [("", "")]
    return [Cause(name, sums[key], key, cells[key]) for key, name in known if key in sums]


def _anew(days: Days, where: Where) -> dict[date, dict[Any, int]]:
    """The same counted from the rows, for what no tallies are kept of."""
    zone, trunc = timezone.get_default_timezone(), TRUNC[days.grain]
    rows = narrow(BREACHES, days_span(days.first, days.last), where.of)
    told = rows.order_by().annotate(begins=trunc("breached_at", tzinfo=zone))
    found: dict[date, dict[Any, int]] = {}
    for begins, key, number in told.values_list("begins", "breach_note__cause").annotate(Count("pk")):
        found.setdefault(day_of(begins), {})[str(key or "")] = number
    return found
