"""How the time of cases was divided among departments: of one, and of all resolved in a period."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from config.common import bulk
from config.common.errors import DomainError
from feedback.handoffs.rules import OUTSIDE, Life, Stretch, share
from feedback.models import Case, CaseStatus, Department, HandoffStatus

CHUNK = 2_000
MOST_CASES = 20_000
INSIDE = frozenset({CaseStatus.NEW, CaseStatus.OPEN, CaseStatus.REOPENED, CaseStatus.WAITING_DEPARTMENT})
"""The statuses in which the time of a case is a department's."""

EVENTS = """
SELECT subject_id, kind, at, data ->> 'to', (data -> 'departments' ->> 0)::bigint,
    (data -> 'departments' ->> 1)::bigint
FROM common_event
WHERE subject_type = 'case' AND subject_id = ANY(%s::bigint[])
    AND (kind IN ('case.transferred', 'case.waits', 'case.goes_on')
        OR (kind LIKE 'case.%%' AND data ->> 'to' IS NOT NULL))
ORDER BY subject_id, id
"""
ASKED = """
SELECT case_id, department_id, started_at, ended_at, status FROM feedback_handoff
WHERE case_id = ANY(%s::bigint[]) AND started_at IS NOT NULL ORDER BY case_id, id
"""


def time_by_department(case: Case, *, at: datetime) -> dict[int | None, timedelta]:
    """Divide the time of a case until it was resolved, or until now: the parts add up to the whole.

    The key None is the time in which it waited for its member or somebody else outside. Two queries.
    """
    life = _Row(case.pk, case.opened_at, case.resolved_at or at, case.department_id)
    return next(share(one) for _row, one, _asked in _lives([life]))


@dataclass(slots=True)
class Line:
    """A department's part of the time of some cases."""

    department: Department | None
    """None: the member, or somebody else outside."""
    time: timedelta = timedelta()
    cases: int = 0
    """In how many of them it had a part."""
    asked: int = 0
    answered: int = 0
    rejected: int = 0

    @property
    def mean(self) -> timedelta:
        """The part of each case that it had a part of."""
        return self.time / self.cases if self.cases else timedelta()


@dataclass(frozen=True, slots=True)
class Report:
    """The time of the cases that were resolved in a period: the lines add up to `whole`."""

    cases: int = 0
    whole: timedelta = timedelta()
    lines: list[Line] = field(default_factory=list)

    def percent(self, line: Line) -> float:
        """A line's part of the whole."""
        return 100 * (line.time / self.whole) if self.whole else 0.0


class TooManyCases(DomainError):
    """More cases than a report adds up while somebody waits."""

    code = "too_many_cases"
    default = _("More than %(most)s cases were resolved in this time: choose fewer days or one department.")

    def __init__(self, most: int) -> None:
        """Say how many it adds up."""
        super().__init__(str(self.default) % {"most": most})


def report(
    departments: Iterable[Department], *, since: datetime, until: datetime, most: int = MOST_CASES
) -> Report:
    """Divide the time of the cases of some departments that were resolved in [since, until).

    What was merged into another case is told by that one.

    Reads the index `case_resolved_at`; two queries for each chunk of cases. How many there are is looked at
    first, so that a long time in a large house is refused at once.

    Raises:
        TooManyCases: more than `most`.
    """
    found = Case.objects.filter(
        resolved_at__gte=since,
        resolved_at__lt=until,
        department__in=list(departments),
        merged_into=None,
    ).order_by("resolved_at", "pk")
    if found.order_by()[: most + 1].count() > most:
        raise TooManyCases(most)
    rows = iter(found.values_list("pk", "opened_at", "resolved_at", "department").iterator(CHUNK))
    lines: dict[int | None, Line] = defaultdict(lambda: Line(None))
    cases, whole = 0, timedelta()
    while chunk := [
        _Row(pk, opened_at, resolved_at or until, department)
        for pk, opened_at, resolved_at, department in islice(rows, CHUNK)
    ]:
        for row, life, asked in _lives(chunk):
            cases, whole = cases + 1, whole + max(row.until - row.opened_at, timedelta())
            for department, time in share(life).items():
                lines[department].time += time
                lines[department].cases += 1
            for department, status in asked:
                _count(lines[department], status)
    for one in Department.objects.filter(pk__in=[pk for pk in lines if pk is not OUTSIDE]):
        lines[one.pk].department = one
    return Report(cases, whole, sorted(lines.values(), key=lambda line: line.time, reverse=True))


def _count(line: Line, status: str) -> None:
    line.asked += 1
    line.answered += status == HandoffStatus.ANSWERED
    line.rejected += status == HandoffStatus.REJECTED


@dataclass(frozen=True, slots=True)
class _Row:
    case: int
    opened_at: datetime
    until: datetime
    department: int


def _lives(rows: Sequence[_Row]) -> Iterator[tuple[_Row, Life, list[tuple[int, str]]]]:
    """Read the lives of some cases, with the departments that were asked and what came of it: two queries."""
    moves: dict[int, list[tuple[datetime, int, int]]] = defaultdict(list)
    waits: dict[int, list[tuple[datetime, bool]]] = defaultdict(list)
    asked: dict[int, list[Stretch]] = defaultdict(list)
    ended: dict[int, list[tuple[int, str]]] = defaultdict(list)
    ids = [row.case for row in rows]
    for case, kind, at, to, before, after in _read(EVENTS, ids):
        if kind == "case.transferred":
            moves[case].append((at, before, after))
        if kind in {"case.waits", "case.goes_on"}:
            waits[case].append((at, kind == "case.waits"))
        elif to is not None:
            waits[case].append((at, to not in INSIDE))
    for case, department, started_at, ended_at, status in _read(ASKED, ids):
        asked[case].append(Stretch(department, started_at, ended_at))
        waits[case].append((started_at, False))
        ended[case].append((department, status))
    for row in rows:
        pk = row.case
        life = Life(row.opened_at, row.until, row.department, moves[pk], waits[pk], asked[pk])
        yield row, life, ended[pk]


def _read(query: str, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, [bulk.array(ids)])
        return list(cursor.fetchall())
