"""What experiments are judged by: one figure of each member, within a time after they were exposed.

Figures are those of the catalogue. Of what is measured row by row the first one of a member counts, of what
members do (complaints, returns) whether they did it at all: so each member says one thing, and members do
not hang together. Besides there are two that have no sense for a whole company: whether a member who was
asked has answered, and what a member has cost.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compensation.models import Grant
from kpis.experiments import rules
from kpis.experiments.rules import Arm, Form
from kpis.metrics import rules as metrics
from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import Metric, Unit
from kpis.metrics.sources import Source, Span
from kpis.models import ArmCode, Direction, Experiment
from kpis.snapshots.queries import counted
from surveys.models import Invitation, Response

BEFORE = timedelta(days=120)
"""How far back it is looked for what an outcome was before."""
FEN = "fen"


@dataclass(frozen=True, slots=True)
class Exposed:
    """Whose variant it is, and since when."""

    arm: str
    at: datetime


Members = Mapping[int, Exposed]
Found = dict[int, float]
"""What was measured, by member; whoever is missing was not measured."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Something measured of each member. `unit` is how it is read, money in fen."""

    code: str
    name: str | Promise
    form: Form
    better: Direction
    unit: str
    of_members: Callable[[Members, timedelta], Found]
    before: Callable[[datetime], Arm] | None
    """What it was in the last months; None: it guards only, nothing is planned by it."""


def measured(outcome: Outcome, experiment: Experiment, *, at: datetime) -> dict[str, Arm]:
    """What was measured in each arm of those members whose time is over by `at`; others are immature."""
    window = timedelta(experiment.window)
    members = exposed(experiment, until=at - window)
    found = outcome.of_members(members, window) if members else {}
    values: dict[str, list[float]] = {code: [] for code in ArmCode.values}
    for member, value in found.items():
        values[members[member].arm].append(value)
    return {code: rules.arm(some) for code, some in values.items()}


def exposed(experiment: Experiment, *, until: datetime) -> dict[int, Exposed]:
    """Who had been exposed by a moment."""
    rows = experiment.exposures.filter(at__lte=until).values_list("member", "arm__code", "at")
    return {member: Exposed(code, since) for member, code, since in rows}


def _span(members: Members, window: timedelta) -> Span:
    moments = [one.at for one in members.values()]
    return Span(min(moments), max(moments) + window)


def _first(source: Source) -> Callable[[Members, timedelta], Found]:
    """What is measured of the first row of each member."""

    def of_members(members: Members, window: timedelta) -> Found:
        found: Found = {}
        for member, _moment, worth in _rows(source, members, window):
            found.setdefault(member, float(worth))
        return found

    return of_members


def _whether(sources: tuple[Source, ...]) -> Callable[[Members, timedelta], Found]:
    """Whether there is any row of each member."""

    def of_members(members: Members, window: timedelta) -> Found:
        done = {row[0] for source in sources for row in _rows(source, members, window)}
        return {member: float(member in done) for member in members}

    return of_members


def _rows(source: Source, members: Members, window: timedelta) -> list[tuple[int, datetime, int]]:
    """The rows of each member within the window, the earliest first."""
    rows = (
        source.within(_span(members, window))
        .filter(**{f"{source.member}__in": list(members)})
        .annotate(outcome_at=source.moment, outcome_worth=source.worth)
        .order_by("outcome_at", "pk")
        .values_list(source.member, "outcome_at", "outcome_worth")
    )
    return [row for row in rows if members[row[0]].at <= row[1] < members[row[0]].at + window]


def _of_catalogue(metric: Metric) -> Outcome:
    if metric.form is metrics.Form.RATIO:
        above = tuple(source for source in metric.sources if not source.is_measured)
        form, of_members = Form.SHARE, _whether(above)
    else:
        form = Form.MEAN if metric.form is metrics.Form.MEAN else Form.SHARE
        of_members = _first(metric.sources[0])

    def before(at: datetime) -> Arm:
        first, last = timezone.localdate(at - BEFORE), timezone.localdate(at)
        by_day = counted([metric.code], first, last)[metric.code]
        whole = metrics.joined(by_day.values())
        return Arm(whole.n, whole.total, whole.squares)

    name = metric.code.label
    return Outcome(metric.code.value, name, form, metric.better, metric.unit.value, of_members, before)


def _answered(members: Members, window: timedelta) -> Found:
    span = _span(members, window)
    rows = Response.objects.filter(
        invitation__member__in=list(members), at__gte=span.start, at__lt=span.end
    ).values_list("invitation__member", "at")
    done = {
        member
        for member, at in rows
        if at is not None and members[member].at <= at < members[member].at + window
    }
    return {member: float(member in done) for member in members}


def _answered_before(at: datetime) -> Arm:
    asked = Invitation.objects.filter(
        invited_at__gte=at - BEFORE, invited_at__lt=at, member__isnull=False, is_anonymous=False
    )
    n, answered = asked.count(), asked.filter(is_answered=True).count()
    return Arm(n, answered, answered)


def _cost(members: Members, window: timedelta) -> Found:
    span = _span(members, window)
    grants = Grant.objects.filter(
        Q(reversed_at=None), member__in=list(members), executed_at__gte=span.start, executed_at__lt=span.end
    ).values_list("member", "executed_at", "cost_fen")
    found: Found = dict.fromkeys(members, 0.0)
    for member, at, cost in grants:
        if at is not None and members[member].at <= at < members[member].at + window:
            found[member] += cost
    return found


OWN = (
    Outcome(
        "answered",
        _("members who answered a survey"),
        Form.SHARE,
        Direction.UP,
        Unit.PERCENT.value,
        _answered,
        _answered_before,
    ),
    Outcome("cost", _("what a member is given"), Form.MEAN, Direction.DOWN, FEN, _cost, None),
)
_PERSONAL = [metric for metric in METRICS.values() if all(source.member for source in metric.sources)]
OUTCOMES: dict[str, Outcome] = {one.code: one for one in chain(map(_of_catalogue, _PERSONAL), OWN)}
"""By their codes, in the order in which they are offered."""


def planning() -> list[Outcome]:
    """Those that an experiment can be planned by."""
    return [one for one in OUTCOMES.values() if one.before is not None]
