"""Appraisals for screens: one's own, a department's month, one with what came to light since."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Prefetch, QuerySet

from config.common.models import User
from feedback.org.queries import SEE_ALL, department_ids
from kpis.appraisals import held, reckoning
from kpis.appraisals.reckoning import Person, Place, place_of
from kpis.appraisals.scoring import last_reckoned, version_for
from kpis.models import (
    AppealState,
    Appraisal,
    AppraisalAppeal,
    AppraisalMark,
    AppraisalScore,
    JudgedBy,
    Scheme,
    SchemeLine,
)


@dataclass(frozen=True, slots=True)
class Row:
    """An appraisal with its newest score, and what it would come to now where that is something else."""

    appraisal: Appraisal
    scores: Sequence[AppraisalScore]
    later: Decimal | None = None
    differs: bool = False

    @property
    def newest(self) -> AppraisalScore:
        """The score that counts."""
        return self.scores[-1]

    @property
    def appeal(self) -> AppraisalAppeal | None:
        """The newest appeal."""
        found = [appeal for one in self.scores if (appeal := getattr(one, "appeal", None))]
        return found[-1] if found else None


def shown(found: QuerySet[Appraisal]) -> QuerySet[Appraisal]:
    """Appraisals with all that a list shows."""
    scores = AppraisalScore.objects.select_related("appeal", "version", "by").order_by("revision")
    return found.select_related("agent__user", "department", "scheme").prefetch_related(
        Prefetch("scores", scores)
    )


def mine(user: User, *, limit: int) -> list[Row]:
    """One's own appraisals, the newest first."""
    return [_row(one) for one in shown(held.own(user)).order_by("-month", "scheme")[:limit]]


def team(user: User, month: date) -> list[Row]:
    """The appraisals of a month that a person sees of others, by department and name."""
    found = shown(held.team(user).filter(month=month))
    rows = found.order_by("scheme__code", "department__name", "agent__user__name", "pk")
    return with_later([_row(one) for one in rows])


def with_later(rows: Sequence[Row]) -> list[Row]:
    """The same with what each would come to now, with what came to light since its month was closed."""
    by_scheme: dict[tuple[int, date], list[Row]] = {}
    for row in rows:
        by_scheme.setdefault((row.appraisal.scheme_id, row.appraisal.month), []).append(row)
    now: dict[int, Decimal | None] = {}
    for (_scheme, month), several in by_scheme.items():
        scheme = several[0].appraisal.scheme
        judged = reckoning.judged(scheme, month)
        lines = list(several[0].newest.version.lines.all())
        persons = [judged[row.appraisal.pk] for row in several]
        role = reckoning.everybody(scheme, month)
        found = reckoning.reckon(lines, month, persons, role=role, is_corrected=True)
        now |= {row.appraisal.pk: one.result.score for row, one in zip(several, found, strict=True)}
    return [
        Row(
            row.appraisal,
            row.scores,
            now[row.appraisal.pk],
            now[row.appraisal.pk] != last_reckoned(row.scores).score,
        )
        for row in rows
    ]


def _row(appraisal: Appraisal) -> Row:
    return Row(appraisal, list(appraisal.scores.all()))


def months(user: User) -> list[date]:
    """The months of which a person sees others' appraisals, the newest first."""
    return list(held.team(user).values_list("month", flat=True).distinct().order_by("-month"))


def to_decide(user: User) -> QuerySet[AppraisalAppeal]:
    """The appeals that wait and that a person may see others' of."""
    open_ones = AppraisalAppeal.objects.filter(state=AppealState.OPEN)
    if not user.has_perm(held.DECIDE):
        return open_ones.none()
    return open_ones.filter(score__appraisal__in=held.team(user).values("pk")).order_by("due_on", "pk")


@dataclass(frozen=True, slots=True)
class ToMark:
    """Somebody whose month may be marked, and the mark that was given."""

    line: SchemeLine
    person: Person
    mark: AppraisalMark | None
    is_scored: bool

    @property
    def name(self) -> str:
        """By what a form names line and person."""
        return f"{self.line.pk}-{self.person.place[0] or ''}-{self.person.department.pk}"

    @property
    def is_fixed(self) -> bool:
        """Whether the mark stays."""
        return self.is_scored and self.mark is not None


def to_mark(user: User, month: date) -> list[ToMark]:
    """Whose month a person may mark, with the marks given, by line and name."""
    if not user.has_perm(held.MARK):
        return []
    sees_all, own = user.has_perm(SEE_ALL), department_ids(user)
    found: list[ToMark] = []
    for scheme in Scheme.objects.filter(is_active=True).select_related("department"):
        version = version_for(scheme, month)
        lines = list(version.lines.filter(judged_by=JudgedBy.MARK)) if version else []
        if not lines:
            continue
        persons = [
            one
            for one in reckoning.everybody(scheme, month)
            if (sees_all or one.department.pk in own) and not (one.agent and one.agent.user_id == user.pk)
        ]
        scored = _places(scheme.appraisals.filter(month=month))
        marks = {
            (one.line_id, place_of(one)): one
            for one in AppraisalMark.objects.filter(line__in=lines, month=month)
        }
        found += [
            ToMark(line, one, marks.get((line.pk, one.place)), one.place in scored)
            for line in lines
            for one in persons
        ]
    return found


def _places(rows: Iterable[Appraisal]) -> set[Place]:
    return {place_of(one) for one in rows}
