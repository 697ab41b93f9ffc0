"""What somebody may have to learn: what quality checks and broken promises of a month show, with the rows."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import BigIntegerField, Case, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import get_language

from config.common.models import Event
from feedback.models import Agent, BreachNote, CheckStatus, Clock, Department, QualityCheck
from feedback.supervision.figures import TAKEN
from kpis.models import Grain, NeedKind
from kpis.snapshots.calendar import days_span, period_of

LOW, FEWEST_CHECKS, FEWEST_BREACHES = 60, 2, 2
"""An item below so many percent of its points in so many checks; a cause of so many breaches."""

GIVEN = (*TAKEN, "case.call_answered")
"""The events that say whose a case is, by `agent` in their data; without one there they don't."""
EMPTIED = ("case.transferred", "case.handed_back", "case.overflowed")
"""Those after which a case has no agent."""
NOBODY = Value(0)


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
    """Causes that leads noted more than once of promises broken while this agent had the case."""
    breached = _broken(agent, start, end)
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


def _broken(agent: Agent, start: Any, end: Any) -> QuerySet[Clock]:
    """The promises that were broken in a time while an agent had the case, by the case's events.

    A case that had no agent then was nobody's. Of one whose events never say who had it, who has it counts.
    """
    told = Event.objects.filter(subject_type="case", subject_id=OuterRef("case")).filter(
        Q(kind__in=GIVEN, data__has_key="agent") | Q(kind__in=EMPTIED)
    )
    holder = When(kind__in=GIVEN, then=Coalesce(Cast(KT("data__agent"), BigIntegerField()), NOBODY))
    before = told.filter(at__lt=OuterRef("breached_at")).order_by("-at", "-pk")
    had = Subquery(before.annotate(holder=Case(holder, default=NOBODY)).values("holder")[:1])
    departments = Department.objects.values("pk")  # by the index of breaches
    found = Clock.objects.filter(department__in=departments, breached_at__gte=start, breached_at__lt=end)
    return found.alias(had=had).filter(Q(had=agent.pk) | Q(~Exists(told), case__agent=agent))


def _name(item: dict[str, Any]) -> str:
    is_english = (get_language() or "").startswith("en")
    return str((is_english and item.get("name_en")) or item["name"])
