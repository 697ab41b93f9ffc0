"""What became of a crisis, in figures: as it stands while it goes on, frozen at the all-clear."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.db.models.functions import TruncHour

from compensation.models import GIVEN, Grant
from config.common.events import timeline
from feedback.models import Case, Clock, Crisis, CrisisBatch, CrisisCase, Statement

MOST_HOURS = 24 * 90
DECIDED = Q(met_at__isnull=False) | Q(breached_at__isnull=False)


@dataclass(frozen=True, slots=True)
class Attained:
    """How many clocks were decided, and how many of them in time."""

    decided: int
    met: int

    @property
    def percent(self) -> float | None:
        """The share that was met in time; None where none was decided."""
        return round(100 * self.met / self.decided, 1) if self.decided else None


def build(crisis: Crisis, *, at: datetime) -> dict[str, Any]:
    """The figures of a crisis now, as JSON. A fixed number of queries, however many cases it has."""
    ended = crisis.ended_at or at
    inside = CrisisCase.objects.filter(crisis=crisis, left_at=None)
    cases = Case.objects.filter(pk__in=inside.values("case"))
    counted = inside.aggregate(
        cases=Count("pk"),
        by_hand=Count("pk", filter=Q(joined="by_hand")),
        answered=Count("pk", filter=Q(answered_at__isnull=False)),
        members=Count("case__member", distinct=True),
        resolved=Count("pk", filter=Q(case__resolved_at__isnull=False)),
        first=Min("case__opened_at"),
    )
    began = counted.pop("first") or crisis.began_at
    said = Statement.objects.filter(crisis=crisis).aggregate(first=Min("published_at"))["first"]
    moments = {
        "began": began,
        "found": crisis.proposed_at or crisis.opened_at,
        "opened": crisis.opened_at,
        "statement": said,
        "contained": crisis.contained_at,
        "ended": crisis.ended_at,
    }
    clocks = Clock.objects.filter(DECIDED, stopped_at=None, case__isnull=False)
    during = clocks.filter(started_at__gte=began, started_at__lt=ended).exclude(
        case__in=inside.values("case")
    )
    return {
        "at": at.isoformat(),
        "moments": {name: moment.isoformat() if moment else None for name, moment in moments.items()},
        "minutes": {name: _minutes(began, moment) for name, moment in moments.items() if name != "began"},
        "counted": {**counted, "taken_out": crisis.cases.exclude(left_at=None).count()},
        "hours": _hours(cases),
        "kinds": _by(cases, "kind"),
        "channels": _by(cases, "channel"),
        "inside": _attained(clocks.filter(case__in=inside.values("case"))),
        "outside": _attained(during),
        "cost_fen": _cost(crisis, cases),
        "batches": CrisisBatch.objects.filter(crisis=crisis).count(),
        "timeline": [
            [event.at.isoformat(), event.kind, event.actor, event.data] for event in timeline([crisis])
        ],
    }


def figures(crisis: Crisis, *, at: datetime) -> dict[str, Any]:
    """The report: frozen where the crisis has ended, else as of now."""
    return crisis.report or build(crisis, at=at)


def attained(part: dict[str, int]) -> Attained:
    """The attainment of a part of a report."""
    return Attained(part["decided"], part["met"])


def _minutes(began: datetime, moment: datetime | None) -> int | None:
    return max(0, round((moment - began).total_seconds() / 60)) if moment else None


def _hours(cases: QuerySet[Case]) -> list[list[Any]]:
    rows = cases.order_by().annotate(hour=TruncHour("opened_at", tzinfo=UTC)).values_list("hour")
    counted = rows.annotate(n=Count("pk")).order_by("hour")
    return [[hour.isoformat(), n] for hour, n in counted[:MOST_HOURS]]


def _by(cases: QuerySet[Case], name: str) -> dict[str, int]:
    return dict(cases.order_by().values_list(name).annotate(n=Count("pk")).order_by("-n"))


def _attained(clocks: QuerySet[Clock]) -> dict[str, int]:
    met = Q(met_at__isnull=False, breached_at=None)
    return clocks.aggregate(decided=Count("pk"), met=Count("pk", filter=met))


def _cost(crisis: Crisis, cases: QuerySet[Case]) -> int:
    """What was given for it: by its batches, and in its cases."""
    given = Grant.objects.filter(status__in=GIVEN)
    wanted = Q(problem=crisis.problem) | Q(remedy__case__in=cases.values("pk"))
    total: int | None = Grant.objects.filter(pk__in=given.filter(wanted).order_by().values("pk")).aggregate(
        fen=Sum("cost_fen")
    )["fen"]
    return total or 0
