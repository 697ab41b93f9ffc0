"""What agents and departments did in a time, each number with the rows behind it.

Every measure is a set of rows, whose they are, and what of each is measured; so numbers and rows cannot
differ. Nothing measured is None, never 0.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Aggregate,
    Avg,
    BigIntegerField,
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    Field,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Greatest, Least
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common.models import Event
from feedback.models import Agent, Case, CheckStatus, Clock, Milestone, Pause, QualityCheck
from feedback.supervision.board import DECIDED

TAKEN = ("case.claimed", "case.assigned", "case.routed", "case.replied")
"""The events by which a case becomes an agent's; `agent` in their data says whose."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows count: those of some departments, in a time from its start up to, and without, its end."""

    departments: Collection[int]
    since: datetime
    until: datetime


class Percentile(Aggregate):
    """The value below which a share of all lies, between two of them by distance (percentile_cont)."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field: "Field[Any, Any]" = DurationField()

    def __init__(self, expression: Any, share: float) -> None:
        """Of an expression, at a share from 0 to 1."""
        super().__init__(expression, share=share)


@dataclass(frozen=True, slots=True)
class Measure:
    """A number: its rows, where they name agent and department, and what is worked out of them.

    `hits` says which of the rows count, for a share of all; `length` what is measured of each; `mean` what
    is averaged. Without any of them the rows are counted.
    """

    title: Promise
    told: Promise
    kind: str
    rows: Callable[[Scope], QuerySet[Any]]
    agent: str = "agent"
    hits: Q | None = None
    length: str = ""
    mean: str = ""


def handled(scope: Scope) -> QuerySet[Case]:
    """The cases that were resolved in the time and are not open again; what was merged was not resolved."""
    return Case.objects.filter(
        department__in=scope.departments,
        resolved_at__gte=scope.since,
        resolved_at__lt=scope.until,
        merged_into=None,
    )


def handling(scope: Scope) -> QuerySet[Case]:
    """The same with `took`: since the case became its agent's, without the time that it stood still.

    By the wall's clock. It became the agent's with the last event that says so before it was resolved; where
    there is none, as it was opened. It stood still while its resolution was paused.
    """
    given = Event.objects.annotate(given_to=Cast(KT("data__agent"), BigIntegerField())).filter(
        subject_type="case",
        subject_id=OuterRef("pk"),
        kind__in=TAKEN,
        given_to=OuterRef("agent"),
        at__lte=OuterRef("resolved_at"),
    )
    began = Coalesce(Subquery(given.order_by("-at", "-pk").values("at")[:1]), F("opened_at"))
    paused = (
        Pause.objects.filter(clock__case=OuterRef("pk"), clock__milestone=Milestone.RESOLUTION)
        .filter(from_at__lt=OuterRef("resolved_at"))
        .filter(Q(to_at=None) | Q(to_at__gt=OuterRef("began")))
        .order_by()
        .values("clock__case")
        .annotate(
            total=Sum(
                ExpressionWrapper(
                    Least(Coalesce("to_at", OuterRef("resolved_at")), OuterRef("resolved_at"))
                    - Greatest("from_at", OuterRef("began")),
                    output_field=DurationField(),
                )
            )
        )
    )
    still = Coalesce(Subquery(paused.values("total")), Value(timedelta()), output_field=DurationField())
    took = ExpressionWrapper(F("resolved_at") - F("began") - still, output_field=DurationField())
    return handled(scope).filter(agent__isnull=False).annotate(began=began).annotate(took=took)


def first_replies(scope: Scope) -> QuerySet[Case]:
    """The cases that were first replied to in the time, with `took` since they were opened."""
    took = ExpressionWrapper(F("first_replied_at") - F("opened_at"), output_field=DurationField())
    return Case.objects.filter(
        department__in=scope.departments,
        first_replied_at__gte=scope.since,
        first_replied_at__lt=scope.until,
        merged_into=None,
    ).annotate(took=took)


def next_replies(scope: Scope) -> QuerySet[Clock]:
    """The later replies that were given in the time, with `took` since the member had written."""
    took = ExpressionWrapper(F("met_at") - F("started_at"), output_field=DurationField())
    return Clock.objects.filter(
        milestone=Milestone.NEXT_REPLY,
        department__in=scope.departments,
        met_at__gte=scope.since,
        met_at__lt=scope.until,
    ).annotate(took=took)


def resolutions(scope: Scope) -> QuerySet[Case]:
    """The cases that were resolved in the time, whatever became of them; `again`: reopened after that."""
    told = Event.objects.filter(subject_type="case", subject_id=OuterRef("pk"))
    done = told.filter(kind="case.resolved", at__gte=scope.since, at__lt=scope.until)
    first = Subquery(done.order_by("at").values("at")[:1])
    again = told.filter(kind="case.reopened", at__gte=OuterRef("first_resolved"))
    return (
        Case.objects.filter(Exists(done), department__in=scope.departments, merged_into=None)
        .annotate(first_resolved=first)
        .annotate(again=Exists(again))
    )


def decided(scope: Scope) -> QuerySet[Clock]:
    """The clocks that were decided in the time: met in time, or come due unmet."""
    return (
        Clock.objects.filter(department__in=scope.departments)
        .alias(decided=DECIDED)
        .filter(decided__gte=scope.since, decided__lt=scope.until)
    )


def judged(scope: Scope) -> QuerySet[QualityCheck]:
    """The conversations whose quality was scored in the time."""
    return QualityCheck.objects.filter(
        status=CheckStatus.SCORED,
        department__in=scope.departments,
        scored_at__gte=scope.since,
        scored_at__lt=scope.until,
    )


MEASURES: dict[str, Measure] = {
    "handled": Measure(_("handled"), _("cases resolved and not open again"), "cases", handled),
    "handling": Measure(
        _("handling time"),
        _("from when the case became the agent's until it was resolved, without pauses"),
        "cases",
        handling,
        length="took",
    ),
    "first_reply": Measure(
        _("first reply after"), _("since the case was opened"), "cases", first_replies, length="took"
    ),
    "next_reply": Measure(
        _("next reply after"),
        _("since the member had written"),
        "clocks",
        next_replies,
        agent="case__agent",
        length="took",
    ),
    "reopened": Measure(
        _("reopened"),
        _("of the cases resolved in the time, those reopened since"),
        "cases",
        resolutions,
        hits=Q(again=True),
    ),
    "attainment": Measure(
        _("in time"),
        _("of the clocks decided in the time, those met in time"),
        "clocks",
        decided,
        agent="case__agent",
        hits=Q(breached_at=None),
    ),
    "quality": Measure(
        _("QA score"), _("mean score of checked conversations"), "checks", judged, mean="score"
    ),
}
"""The numbers by the names of their columns."""


@dataclass(frozen=True, slots=True)
class Number:
    """What came out: `n` rows, and of them a share in percent, a mean, or a median and 90th percentile."""

    n: int = 0
    value: float | None = None
    median: timedelta | None = None
    p90: timedelta | None = None


@dataclass(slots=True)
class Line:
    """The numbers of an agent or a department; `key` None for the rows that nobody has."""

    key: int | None
    numbers: dict[str, Number] = field(default_factory=lambda: dict.fromkeys(MEASURES, Number()))


def figures(scope: Scope, *, by: str) -> tuple[list[Line], Line]:
    """Work out every measure by "agent" or by "department", and for all together. Two queries a measure."""
    lines: dict[int | None, Line] = defaultdict(lambda: Line(None))
    total = Line(None)
    for name, measure in MEASURES.items():
        rows, parts = measure.rows(scope).order_by(), _parts(measure)
        path = measure.agent if by == "agent" else "department"
        for key, *numbers in rows.values_list(path).annotate(**parts).values_list(path, *parts):
            lines[key].key = key
            lines[key].numbers[name] = _number(measure, dict(zip(parts, numbers, strict=True)))
        total.numbers[name] = _number(measure, rows.aggregate(**parts))
    return list(lines.values()), total


def behind(name: str, scope: Scope, *, by: str = "", key: int | None = None) -> QuerySet[Any]:
    """The rows behind a number: of an agent (None: of nobody), of a department, or all."""
    measure = MEASURES[name]
    rows = measure.rows(scope)
    if by:
        rows = rows.filter(**{measure.agent if by == "agent" else "department": key})
    return rows


def agents_named(lines: Iterable[Line]) -> dict[int, Agent]:
    """The agents of some lines, with their accounts. One query."""
    return Agent.objects.select_related("user").in_bulk([one.key for one in lines if one.key is not None])


def _parts(measure: Measure) -> dict[str, Any]:
    parts: dict[str, Any] = {"n": Count("pk")}
    if measure.hits is not None:
        parts["hits"] = Count("pk", filter=measure.hits)
    if measure.mean:
        parts["mean"] = Avg(measure.mean)
    if measure.length:
        parts |= {"median": Percentile(measure.length, 0.5), "p90": Percentile(measure.length, 0.9)}
    return parts


def _number(measure: Measure, found: dict[str, Any]) -> Number:
    n = found["n"]
    if measure.hits is not None:
        return Number(n, 100 * found["hits"] / n if n else None)
    if measure.mean:
        return Number(n, float(found["mean"]) if n else None)
    return Number(n, None, found.get("median"), found.get("p90"))
