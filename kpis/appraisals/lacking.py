"""What somebody may have to learn: what quality checks and broken promises of a month show, with the rows."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import get_language

from feedback.models import Agent, BreachNote, CheckStatus, Clock, QualityCheck
from kpis.models import Grain, NeedKind
from kpis.snapshots.calendar import days_span, period_of

LOW, FEWEST_CHECKS, FEWEST_BREACHES = 60, 2, 2
"""An item below so many percent of its points in so many checks; a cause of so many breaches."""


@dataclass(frozen=True, slots=True)
class Lack:
    """Something to learn: an item of quality checks with its share of points, or a cause of breaches.

    `kind` is a NeedKind; `of` is how many checks or breaches it was looked for in.
    """

    kind: str
    code: str
    name: str
    n: int
    of: int
    percent: float | None
    rows: tuple[Any, ...]


def lacks(agent: Agent, month: date) -> list[Lack]:
    """What an agent's month shows, items of checks, then causes of breaches; the worst first.

    Four queries.
    """
    first, last = period_of(month, Grain.MONTH)
    span = days_span(first, last)
    return [*_of_checks(agent, span.start, span.end), *_of_breaches(agent, span.start, span.end)]


def _of_checks(agent: Agent, start: Any, end: Any) -> list[Lack]:
    """Items whose mean share of points is low; an item without points in a check was not applicable there."""
    shares: dict[tuple[str, str], list[tuple[float, QualityCheck]]] = defaultdict(list)
    checks = QualityCheck.objects.filter(
        agent=agent, status=CheckStatus.SCORED, scored_at__gte=start, scored_at__lt=end
    )
    for check in checks.select_related("case").prefetch_related("scores").order_by("scored_at", "pk"):
        scores = list(check.scores.all())
        last = [one for one in scores if one.is_after_appeal] or scores
        for item in check.form["items"]:
            given = [one.points.get(item["key"]) for one in last]
            known = [100 * value / item["best"] for value in given if value is not None]
            if known:
                shares[item["key"], _name(item)].append((sum(known) / len(known), check))
    found = []
    for (key, name), several in shares.items():
        percent = sum(share for share, _check in several) / len(several)
        low = [check for share, check in several if share < LOW]
        if len(several) >= FEWEST_CHECKS and percent < LOW:
            found.append(Lack(NeedKind.QUALITY, key, name, len(low), len(several), percent, tuple(low)))
    return sorted(found, key=lambda one: one.percent or 0)


def _of_breaches(agent: Agent, start: Any, end: Any) -> list[Lack]:
    """Causes that leads noted more than once of the promises that this agent's cases broke."""
    breached = Clock.objects.filter(case__agent=agent, breached_at__gte=start, breached_at__lt=end)
    notes = BreachNote.objects.filter(clock__in=breached.values("pk"))
    by_cause: dict[Any, list[BreachNote]] = defaultdict(list)
    for note in notes.select_related("cause", "clock__case").order_by("clock__breached_at", "pk"):
        by_cause[note.cause].append(note)
    of = breached.count()
    found = [
        Lack(NeedKind.BREACH, cause.code, str(cause), len(several), of, None, tuple(several))
        for cause, several in by_cause.items()
        if len(several) >= FEWEST_BREACHES
    ]
    return sorted(found, key=lambda one: -one.n)


def _name(item: dict[str, Any]) -> str:
    is_english = (get_language() or "").startswith("en")
    return str((is_english and item.get("name_en")) or item["name"])
