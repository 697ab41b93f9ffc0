"""Who met a setting, in which variant and since when: what experiments are judged and planned by."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import CharField, Min, QuerySet, Value

from compensation.models import Order
from kpis.metrics.sources import Span
from kpis.models import ArmCode, Experiment

BEFORE = timedelta(days=120)
"""How far back it is looked for who met a setting before an experiment with it."""
A = Value(ArmCode.A.value, CharField())
BOUNDS = "SELECT min(met.since), max(met.since) FROM ({met}) met(member, arm, since)"


@dataclass(frozen=True, slots=True)
class Trace:
    """Rows that a setting leaves of members: where a row names the member, and when they met it."""

    rows: QuerySet[Any]
    member: str
    at: str


ORDERS = Trace(Order.objects.all(), "member", "placed_at")
"""What all active members leave."""


@dataclass(frozen=True, slots=True)
class Met:
    """A statement that lists members, each once, with their variant and since when they have had it."""

    sql: str
    params: tuple[Any, ...]

    def span(self, window: timedelta) -> Span | None:
        """From when to when something can be measured of them; None where there is nobody."""
        with connection.cursor() as cursor:
            cursor.execute(BOUNDS.format(met=self.sql), self.params)
            first, last = cursor.fetchone()
        return None if first is None else Span(first, last + window)


def exposed(experiment: Experiment, *, until: datetime) -> Met:
    """Who had been exposed by a moment."""
    return _met(experiment.exposures.filter(at__lte=until).values_list("member", "arm__code", "at"))


def left_by(trace: Trace, span: Span) -> Met:
    """Who met a setting in a time, from their first time on, all of them in A."""
    within = {f"{trace.at}__gte": span.start, f"{trace.at}__lt": span.end, f"{trace.member}__isnull": False}
    found = trace.rows.filter(**within).order_by().values(trace.member)
    return _met(found.annotate(arm=A, since=Min(trace.at)).values_list(trace.member, "arm", "since"))


def _met(found: QuerySet[Any, Any]) -> Met:
    sql, params = found.query.sql_with_params()
    return Met(sql, tuple(params))
