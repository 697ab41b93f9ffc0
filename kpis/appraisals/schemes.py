"""Setting what a role is judged by from a month on, and what a change would do to a month that is closed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, MoveNotAllowed, NotFound
from config.common.events import record
from config.common.models import User
from kpis.appraisals import reckoning
from kpis.appraisals.held import SET, check_right
from kpis.appraisals.reckoning import Person
from kpis.appraisals.rules import WHOLE
from kpis.appraisals.scoring import version_for
from kpis.deadlines.given import text_of
from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import Metric
from kpis.models import Dimension, Direction, JudgedBy, MetricCode, Scheme, SchemeLine, SchemeVersion

MOST_LINES, MOST_N, MOST_DAYS, NOTE, NAME = 30, 1_000_000, 90, 500, 80
FURTHEST = Decimal(10**8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing to be judged by, as it is given: a figure with floor and goal, or a mark with a name."""

    judged_by: str
    weight: int
    metric: str = ""
    floor: Decimal | None = None
    goal: Decimal | None = None
    least_n: int = 0
    is_satisfaction: bool = False
    name: str = ""
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """Somebody's month by what holds and by what is tried."""

    person: Person
    now: Decimal | None
    tried: Decimal | None


@transaction.atomic
def set_version(
    *,
    scheme_id: int,
    since: date,
    lines: Sequence[Line],
    appeal_days: int = 7,
    decide_days: int = 5,
    note: str = "",
    actor: User | None,
    at: datetime,
) -> SchemeVersion:
    """Set what a role is judged by from a month on. A version of the same month is replaced.

    Raises:
        NotPermitted: without the right.
        NotFound: no such scheme.
        Invalid: a line makes no sense, or the weights are not 100 in sum.
        MoveNotAllowed: a month from then on is scored.
    """
    check_right(actor, SET)
    scheme = Scheme.objects.select_for_update(of=("self",)).filter(pk=scheme_id).first()
    if scheme is None:
        raise NotFound
    since = since.replace(day=1)
    made = made_of(scheme, lines)
    if not all(1 <= days <= MOST_DAYS for days in (appeal_days, decide_days)):
        raise Invalid(_("Choose from 1 to 90 days."), field="appeal_days")
    if scheme.appraisals.filter(month__gte=since).exists():
        raise MoveNotAllowed(_("A month from then on is scored: set it from a later one."))
    scheme.versions.filter(since=since).delete()
    version = SchemeVersion.objects.create(
        scheme=scheme,
        since=since,
        appeal_days=appeal_days,
        decide_days=decide_days,
        note=text_of(note, NOTE, "note", is_needed=False),
        set_at=at,
        set_by=actor,
    )
    for one in made:
        one.version = version
    SchemeLine.objects.bulk_create(made)
    told = [{name: str(value) for name, value in asdict(one).items() if value} for one in lines]
    record("scheme.set", scheme, actor=actor, at=at, since=f"{since:%Y-%m}", version=version.pk, lines=told)
    return version


def made_of(scheme: Scheme, lines: Sequence[Line]) -> list[SchemeLine]:
    """Lines as they would be kept, not kept yet.

    Raises:
        Invalid: one makes no sense, or the weights are not 100 in sum.
    """
    if not lines or len(lines) > MOST_LINES:
        raise Invalid(_("A scheme has from 1 to 30 lines."), field="lines")
    for one in lines:
        _check(scheme, one)
    if sum(one.weight for one in lines) != WHOLE:
        total = sum(one.weight for one in lines)
        raise Invalid(_("The weights are %(sum)s in sum, not 100.") % {"sum": total}, field="lines")
    return [SchemeLine(position=number, **asdict(one)) for number, one in enumerate(lines, 1)]


def _check(scheme: Scheme, line: Line) -> None:
    if line.judged_by not in JudgedBy.values:
        raise Invalid(_("Say whose figure it is."), field="judged_by")
    if not 1 <= line.weight <= WHOLE:
        raise Invalid(_("A weight goes from 1 to 100."), field="weight")
    if line.judged_by == JudgedBy.MARK:
        _check_mark(line)
    else:
        _check_figure(scheme, line)


def _check_mark(line: Line) -> None:
    text_of(line.name, NAME, "name")
    text_of(line.name_en, NAME, "name_en", is_needed=False)
    if line.metric or line.floor is not None or line.goal is not None or line.least_n:
        raise Invalid(_("A mark has a name and nothing else."), field="metric")


def _check_figure(scheme: Scheme, line: Line) -> None:
    if line.metric not in MetricCode.values or line.name or line.name_en:
        raise Invalid(_("Choose a figure."), field="metric")
    metric, needed = METRICS[MetricCode(line.metric)], _dimension(scheme, line)
    if needed is not None and needed not in metric.dimensions:
        told = _("“%(figure)s” can't be told apart by it: take the company's.")
        raise Invalid(told % {"figure": metric.code.label}, field="judged_by")
    if not 0 <= line.least_n <= MOST_N:
        raise Invalid(_("The smallest n is a number from 0."), field="least_n")
    _check_span(line, metric)


def _check_span(line: Line, metric: Metric) -> None:
    if line.floor is None or line.goal is None:
        raise Invalid(_("Give floor and goal."), field="goal")
    if not all(one.is_finite() and abs(one) <= FURTHEST for one in (line.floor, line.goal)):
        raise Invalid(_("Give floor and goal."), field="goal")
    is_up = line.floor < line.goal
    if line.floor == line.goal or is_up is not (metric.better == Direction.UP):
        raise Invalid(
            _("The goal of “%(figure)s” has to be better than its floor.") % {"figure": metric.code.label},
            field="goal",
        )


def _dimension(scheme: Scheme, line: Line) -> Dimension | None:
    """By what the figure has to be told apart; None for the company's."""
    if line.judged_by == JudgedBy.COMPANY:
        return None
    is_agents = line.judged_by == JudgedBy.OWN and scheme.group_id is not None
    return Dimension.AGENT if is_agents else Dimension.DEPARTMENT


def preview(scheme: Scheme, lines: Sequence[Line], month: date) -> list[Trial]:
    """What somebody's month would come to by other lines, beside what holds for it; nothing is kept.

    Marks are reckoned with where the line that they were given for has the same name.

    Raises:
        Invalid: a line makes no sense, or the weights are not 100 in sum.
    """
    tried = made_of(scheme, lines)
    version = version_for(scheme, month)
    held = list(version.lines.all()) if version else []
    known = {line.name: line.pk for line in held if line.judged_by == JudgedBy.MARK}
    for line in tried:
        line.pk = known.get(line.name) if line.judged_by == JudgedBy.MARK else None
    persons = reckoning.everybody(scheme, month)
    new = reckoning.reckon(tried, month, persons)
    old = reckoning.reckon(held, month, persons) if held else [None] * len(new)
    return [
        Trial(one.person, was.result.score if was else None, one.result.score)
        for one, was in zip(new, old, strict=True)
    ]
