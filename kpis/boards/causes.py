"""Why things went wrong, by part of the days: causes of breaches, and of gaps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count
from django.utils import timezone

from feedback.models import BreachCause, Gap, GapCause
from kpis.boards.figures import Where
from kpis.boards.periods import Days
from kpis.boards.times import BREACHES, TRUNC, day_of
from kpis.metrics.rows import narrow
from kpis.snapshots.calendar import days_span, period_of


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause and how often it was one in each part; `name` is empty where nobody has said yet."""

    name: str
    numbers: Sequence[int]
    code: str = ""

    @property
    def number(self) -> int:
        """In all."""
        return sum(self.numbers)


def of_breaches(days: Days, where: Where) -> list[Cause]:
    """The causes of the clocks breached in the days, the most frequent first; unsaid last. Two queries."""
    rows = narrow(BREACHES, days_span(days.first, days.last), where.of)
    counted = _by_part(rows, "breached_at", "breach_note__cause", days)
    causes = {one.pk: one for one in BreachCause.objects.filter(pk__in=[key for key in counted if key])}
    found = [
        Cause(str(causes[key]) if key else "", numbers, str(key or "none"))
        for key, numbers in counted.items()
    ]
    return sorted(found, key=lambda one: (not one.name, -one.number, one.name))


def of_gaps(days: Days) -> list[Cause]:
    """The causes of the standing gaps of promises that fell due in the days; unsaid last. One query."""
    span = days_span(days.first, days.last)
    rows = Gap.objects.filter(withdrawn_at=None, expected_at__gte=span.start, expected_at__lt=span.end)
    counted = _by_part(rows, "expected_at", "cause", days)
    known = [(one.value, str(one.label)) for one in GapCause] + [("", "")]
    return [Cause(name, counted[key], key) for key, name in known if key in counted]


def _by_part(rows: Any, at: str, by: str, days: Days) -> dict[Any, list[int]]:
    zone, trunc = timezone.get_default_timezone(), TRUNC[days.grain]
    places: dict[date, int] = {
        period_of(first, days.grain)[0]: place for place, (first, _last) in enumerate(days.parts)
    }
    found: dict[Any, list[int]] = {}
    told = rows.order_by().annotate(begins=trunc(at, tzinfo=zone)).values_list("begins", by)
    for begins, key, number in told.annotate(Count("pk")):
        found.setdefault(key, [0] * len(places))[places[day_of(begins)]] += number
    return found
