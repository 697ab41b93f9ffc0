"""What a month comes to by a scheme: figures from the snapshots of its closed days, and the marks given.

Snapshots of closed days never change, so the same month comes to the same score whenever it is reckoned.
What came to light later lies beside them as corrections; it is reckoned with only where that is asked for.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils import timezone

from feedback.models import Agent, Department
from kpis.appraisals import rules, standing
from kpis.appraisals.rules import Given, Result
from kpis.metrics.catalogue import METRICS
from kpis.metrics.rules import Counted, Figure, joined
from kpis.models import (
    Appraisal,
    AppraisalMark,
    AppraisalScore,
    Correction,
    Dimension,
    FigureDay,
    Grain,
    JudgedBy,
    MetricCode,
    Scheme,
    SchemeLine,
    ScoreKind,
    Snapshot,
)
from kpis.snapshots.calendar import days_span, period_of

Key = tuple[str, str, str]
"""A metric, a dimension and a key of it."""
Counts = Mapping[Key, Counted]
Place = tuple[int | None, int]
"""An agent, or else a department."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who is judged: an agent in a department, with all that they are in; or a department as one."""

    agent: Agent | None
    department: Department
    departments: tuple[int, ...]

    @property
    def place(self) -> Place:
        """By which marks and appraisals are found: an agent by themselves, a department by itself."""
        return (self.agent.pk, 0) if self.agent else (None, self.department.pk)


def place_of(row: Appraisal | AppraisalMark) -> Place:
    """The same of a row."""
    return (row.agent_id, 0) if row.agent_id else (None, row.department_id)


@dataclass(frozen=True, slots=True)
class Reckoned:
    """A score with what it was reckoned from, a line each."""

    person: Person
    result: Result
    numbers: dict[str, Any]


def is_closed(month: date) -> bool:
    """Whether all days of the month are closed."""
    first, last = period_of(month, Grain.MONTH)
    closed = FigureDay.objects.filter(day__range=(first, last), closed_at__isnull=False).count()
    return closed == (last - first).days + 1


def people(scheme: Scheme, month: date) -> list[Person]:
    """Who is judged by a scheme for a month: its department, or the agents in its role.

    Those who had the role and were in a department when the month ended, whoever came or left since; of a
    month that still runs, or that nothing is known of, those who are there now.
    """
    if scheme.department is not None:
        return [Person(None, scheme.department, (scheme.department.pk,))]
    _first, last = period_of(month, Grain.MONTH)
    end = days_span(last, last).end
    is_past = end <= timezone.now() and standing.is_known(end)
    found = standing.then(scheme.group_id, end) if is_past else standing.now(scheme.group_id)
    return [
        Person(agent, departments[0], tuple(sorted(one.pk for one in departments)))
        for agent, departments in found
    ]


def everybody(scheme: Scheme, month: date) -> list[Person]:
    """The same while a department's month is not scored; of one that is, whoever was judged, for good."""
    known = list(judged(scheme, month).values())
    places, departments = {one.place for one in known}, {one.department.pk for one in known}
    return known + [
        one
        for one in people(scheme, month)
        if one.place not in places and one.department.pk not in departments
    ]


def judged(scheme: Scheme, month: date) -> dict[int, Person]:
    """Who was judged by a scheme for a month, as they stood when it was scored, by their appraisals."""
    scores = AppraisalScore.objects.filter(
        appraisal__scheme=scheme, appraisal__month=month, kind=ScoreKind.FIRST
    ).select_related("appraisal__agent__user", "appraisal__department")
    return {
        one.appraisal_id: Person(
            one.appraisal.agent, one.appraisal.department, tuple(one.numbers["departments"])
        )
        for one in scores.order_by("appraisal__agent__user__name", "appraisal")
    }


def reckon(
    lines: Sequence[SchemeLine],
    month: date,
    persons: Sequence[Person],
    *,
    role: Sequence[Person] | None = None,
    is_corrected: bool = False,
) -> list[Reckoned]:
    """Score some people's month by some lines; `role` is everybody, where that is more."""
    everybody = list(role or persons)
    counts = _counts(lines, month, [*everybody, *persons], is_corrected=is_corrected)
    marks = _marks(lines, month)
    roles = {line.position: _role(line, everybody, counts) for line in lines}
    return [_one(lines, person, counts, marks, roles) for person in persons]


def _one(
    lines: Sequence[SchemeLine],
    person: Person,
    counts: Counts,
    marks: Mapping[tuple[int, Place], AppraisalMark],
    roles: Mapping[int, Figure | None],
) -> Reckoned:
    given, told = [], []
    for line in lines:
        mark = marks.get((line.pk, person.place)) if line.pk else None
        figure = _figure(line, person, counts)
        role = roles[line.position]
        given.append(
            Given(
                weight=line.weight,
                is_own=line.judged_by == JudgedBy.OWN,
                n=figure.n if figure else 0,
                value=figure.value if figure else None,
                floor=None if line.floor is None else float(line.floor),
                goal=None if line.goal is None else float(line.goal),
                least_n=line.least_n,
                role=role.value if role else None,
                mark=mark.points if mark else None,
            )
        )
        told.append((line, mark, role))
    result = rules.judge(given)
    rows = [
        {
            **asdict(one),
            **asdict(judged),
            "metric": line.metric,
            "judged_by": line.judged_by,
            "name": line.name,
            "name_en": line.name_en,
            "is_satisfaction": line.is_satisfaction,
            "role_n": role.n if role else None,
            "marked_by": mark.by_id if mark else None,
        }
        for one, judged, (line, mark, role) in zip(given, result.lines, told, strict=True)
    ]
    return Reckoned(person, result, {"lines": rows, "departments": list(person.departments)})


def _keys(line: SchemeLine, person: Person) -> list[Key]:
    """Whose snapshots a line is read from."""
    if line.judged_by == JudgedBy.COMPANY:
        return [(line.metric, Dimension.WHOLE, "")]
    if line.judged_by == JudgedBy.OWN and person.agent is not None:
        return [(line.metric, Dimension.AGENT, str(person.agent.pk))]
    return [(line.metric, Dimension.DEPARTMENT, str(pk)) for pk in person.departments]


def _figure(line: SchemeLine, person: Person, counts: Counts) -> Figure | None:
    if not line.metric:
        return None
    found = joined(counts.get(key, Counted()) for key in _keys(line, person))
    return METRICS[MetricCode(line.metric)].figure(found)


def _role(line: SchemeLine, everybody: Sequence[Person], counts: Counts) -> Figure | None:
    """The figure of everybody together, of lines that go by one's own."""
    if line.judged_by != JudgedBy.OWN:
        return None
    keys = dict.fromkeys(key for person in everybody for key in _keys(line, person))
    return METRICS[MetricCode(line.metric)].figure(joined(counts.get(key, Counted()) for key in keys))


def _counts(
    lines: Sequence[SchemeLine], month: date, persons: Sequence[Person], *, is_corrected: bool
) -> Counts:
    """What was counted in the month, in a query a dimension; with corrections the newest of each day."""
    wanted = {key for line in lines if line.metric for person in persons for key in _keys(line, person)}
    first, last = period_of(month, Grain.MONTH)
    by_day: dict[tuple[Key, date], Counted] = {}
    for table, order in [(Snapshot, "day"), (Correction, "found_at")][: 1 + is_corrected]:
        rows = table.objects.filter(_narrow(wanted), day__range=(first, last)).order_by(order)  # type: ignore[attr-defined]  # both tables have one
        for metric, dimension, key, day, n, total, squares in rows.values_list(
            "metric", "dimension", "key", "day", "n", "total", "squares"
        ):
            if (metric, dimension, key) in wanted:
                by_day[(metric, dimension, key), day] = Counted(n, total, int(squares))
    found: dict[Key, Counted] = defaultdict(Counted)
    for (key, _day), counted in by_day.items():
        found[key] += counted
    return found


def _narrow(wanted: Collection[Key]) -> Q:
    narrow = Q(pk__in=[])
    for dimension in {one for _metric, one, _key in wanted}:
        metrics = {metric for metric, one, _key in wanted if one == dimension}
        keys = {key for _metric, one, key in wanted if one == dimension}
        narrow |= Q(dimension=dimension, metric__in=metrics, key__in=keys)
    return narrow


def _marks(lines: Sequence[SchemeLine], month: date) -> dict[tuple[int, Place], AppraisalMark]:
    known = [line.pk for line in lines if line.pk and line.judged_by == JudgedBy.MARK]
    return {
        (one.line_id, place_of(one)): one for one in AppraisalMark.objects.filter(line__in=known, month=month)
    }
