"""What a report holds: figures against goals and before, causes, gaps, hot spots, improvements, alerts.

Codes and numbers only, so that the same report reads in each language, and no name or title, so that it
can be kept. Everything is asked of where it is defined: nothing is reckoned a second time.
"""

from dataclasses import asdict
from typing import Any

from django.db.models import Count
from django.utils.translation import override

from feedback.gaps import hot_spots
from feedback.models import Aspect, Department, Gap
from kpis.boards import causes
from kpis.boards.figures import Told, Where, figures
from kpis.boards.periods import Days
from kpis.metrics.rules import Figure
from kpis.models import Dimension, FigureAlert, Improvement
from kpis.reports.rules import FIGURES
from kpis.snapshots.calendar import days_span
from kpis.targets.goals import WHOLE, Goals, goal_of

SPOTS = 10
ALERTS = 30
KEPT_IN = "zh-hans"
"""Names that the shop gave are kept as they read in this language."""


def gather(kind: str, days: Days, department: Department | None) -> dict[str, Any]:
    """What is measured of some days, of a department or the company, as JSON values."""
    where = Where(None if department is None else (department.pk,))
    told = figures(FIGURES[kind], days, where)
    place = WHOLE if department is None else (Dimension.DEPARTMENT, str(department.pk))
    goals = Goals()
    with override(KEPT_IN):
        return {
            "figures": [_figure(one, goals, place, days) for one in told.values()],
            "breaches": [
                {"code": one.code, "name": one.name, "number": one.number}
                for one in causes.of_breaches(days, where)
            ],
            "gaps": [] if department else _gaps(days),
            "gap_causes": []
            if department
            else [{"code": one.code, "number": one.number} for one in causes.of_gaps(days)],
            "spots": [] if department else _spots(days),
            "improvements": _improvements(department),
            "alerts": _alerts(days, department),
        }


def _figure(told: Told, goals: Goals, place: tuple[str, str], days: Days) -> dict[str, Any]:
    found = goals.of_day(told.metric.code, place, days.last)
    goal = goal_of(found[1]) if found else None
    return {
        "metric": told.metric.code.value,
        "now": asdict(told.now),
        "before": asdict(told.before),
        "year": asdict(told.year_before),
        "goal": None if goal is None else asdict(goal) | {"direction": f"{goal.direction}"},
        "parts": [[f"{first}", f"{last}", _value(one), one.n] for first, last, one in told.parts],
    }


def _value(figure: Figure) -> float | None:
    return figure.value


def _gaps(days: Days) -> list[dict[str, Any]]:
    """How many gaps of promises that fell due there were, by aspect; how many before, and a year before."""
    counted = []
    for some in (days, days.before, days.year_before):
        span = days_span(some.first, some.last)
        rows = Gap.objects.filter(withdrawn_at=None, expected_at__gte=span.start, expected_at__lt=span.end)
        counted.append(dict(rows.order_by().values_list("aspect").annotate(Count("pk"))))
    now, before, year = counted
    found = [
        {
            "aspect": one.value,
            "number": now.get(one, 0),
            "before": before.get(one, 0),
            "year": year.get(one, 0),
        }
        for one in Aspect
    ]
    return sorted(found, key=lambda one: (-one["number"], one["aspect"]))


def _spots(days: Days) -> list[dict[str, Any]]:
    """The hottest spots of the last week with sums, those that have grown first."""
    found = []
    for aspect in Aspect:
        week = hot_spots.latest_week(aspect, days.last)
        if week > days.first:
            search = hot_spots.search(aspect, until=week, by=hot_spots.SEARCHED, limit=SPOTS)
            found += [(one, week) for one in search.spots]
    found.sort(key=lambda pair: (not pair[0].grown, pair[0].chance, -pair[0].counts.gaps, pair[0].value))
    return [
        {
            "aspect": one.aspect, "by": one.by, "value": one.value, "name": one.name, "until": f"{week}",
            "gaps": one.counts.gaps, "n": one.counts.n, "rate": one.rate.value, "usual": one.usual.value,
            "grown": one.grown,
        }
        for one, week in found[:SPOTS]
    ]  # fmt: skip


def _improvements(department: Department | None) -> list[dict[str, Any]]:
    """How many improvements are how far, as they stand."""
    rows = (
        Improvement.objects.all() if department is None else Improvement.objects.filter(department=department)
    )
    told = rows.order_by("status", "verdict").values_list("status", "verdict").annotate(Count("pk"))
    return [{"status": status, "verdict": verdict, "number": number} for status, verdict, number in told]


def _alerts(days: Days, department: Department | None) -> list[dict[str, Any]]:
    """The alerts about the days."""
    rows = FigureAlert.objects.filter(last__range=(days.first, days.last))
    if department is not None:
        rows = rows.filter(dimension=Dimension.DEPARTMENT, key=str(department.pk))
    shown = rows.order_by("-last", "pk")[:ALERTS]
    return [
        {
            "metric": one.metric,
            "kind": one.kind,
            "dimension": one.dimension,
            "key": one.key,
            "last": f"{one.last}",
        }
        for one in shown
    ]
