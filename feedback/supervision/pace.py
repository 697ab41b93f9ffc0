"""How fast departments have been working, measured every few minutes for the forecast."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from feedback.models import Pace

RECENT = timedelta(hours=2)
LONG = timedelta(days=7)
ENOUGH = 20
"""Fewer clocks than this say nothing: then a week is looked at instead."""
SHORT = timedelta(hours=1)
JUST_NOW = timedelta(minutes=30)
FEW = 5
"""Fewer clocks than this in the last half hour do not say what people work on: then the whole time does."""

MEASURED = """
SELECT clock.department_id, count(*),
    count(DISTINCT (event.actor, ceil(extract(epoch FROM %(at)s - event.at) / 3600))),
    count(*) FILTER (WHERE (event.data->>'late')::boolean)
FROM common_event AS event JOIN feedback_clock AS clock ON clock.id = (event.data->>'clock')::bigint
WHERE event.kind = 'clock.met' AND event.at >= %(since)s AND event.at < %(at)s
    AND event.actor LIKE 'user:%%'
GROUP BY 1
"""
ARRIVED = """
SELECT clock.department_id, count(*), avg(extract(epoch FROM clock.due_at - clock.started_at) / 60)
FROM common_event AS event JOIN feedback_clock AS clock ON clock.id = (event.data->>'clock')::bigint
WHERE event.kind = 'clock.started' AND event.at >= %(since)s AND event.at < %(at)s
    AND clock.due_at - clock.started_at <= %(short)s
GROUP BY 1
"""


@transaction.atomic
def measure(*, at: datetime) -> list[Pace]:
    """Measure every department's pace over the last two hours, or the last week where little was done.

    An hour of a person counts when the person met at least one clock of the department in it. How much of
    the work goes to clocks that are late already, the last half hour says. Clocks that came with less than
    an hour to go are counted as arrivals.
    """
    found: dict[int, dict[str, Any]] = {}
    for since in (at - LONG, at - RECENT):
        for department, met, hours, late in _rows(MEASURED, since=since, at=at):
            if since == at - LONG or met >= ENOUGH:
                found[department] = {
                    "per_hour": met / hours,
                    "late_share": late / met,
                    "n": met,
                    "since": since,
                }
    for department, met, _hours, late in _rows(MEASURED, since=at - JUST_NOW, at=at):
        if met >= FEW:
            found[department]["late_share"] = late / met
    arrived = {
        department: (number / (RECENT / SHORT), float(lead))
        for department, number, lead in _rows(ARRIVED, since=at - RECENT, at=at, short=SHORT)
    }
    paces = []
    for department, numbers in sorted(found.items()):
        per_hour, lead = arrived.get(department, (0.0, 0.0))
        values = {**numbers, "arrivals": per_hour, "lead": lead, "measured_at": at}
        paces.append(Pace.objects.update_or_create(department_id=department, defaults=values)[0])
    return paces


def _rows(sql: str, **params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
