"""What experiments are judged by: one figure of each member, within a time after they were exposed.

Figures are those of the catalogue. Of what is measured row by row the first one of a member counts, of what
members do (complaints, returns) whether they did it at all: so each member says one thing, and members do
not hang together. Besides there are two that have no sense for a whole company: whether a member who was
asked has answered, and what a member has cost. What is planned by is measured by the same statements.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet, Value
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compensation.models import Grant
from kpis.experiments import rules
from kpis.experiments.met import BEFORE, ORDERS, Met, Trace, exposed, left_by
from kpis.experiments.rules import Arm, Form
from kpis.metrics import rules as metrics
from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import Metric, Unit
from kpis.metrics.sources import Source, Span
from kpis.models import ArmCode, Direction, Experiment
from surveys.models import Response

FEN = "fen"
WITHIN = "found.member = met.member AND found.at >= met.since AND found.at < met.since + %s"
JOINED = f"FROM ({{met}}) met(member, arm, since) {{how}} ({{rows}}) found(member, at, pk, worth) ON {WITHIN}"
FIRST = (
    f"SELECT DISTINCT ON (met.member) met.arm, found.worth {JOINED} ORDER BY met.member, found.at, found.pk"
)
EACH = f"SELECT met.arm, {{worth}} {JOINED} GROUP BY met.member, met.arm"
WHETHER = "CAST(count(found.member) > 0 AS int)"
SUM = "coalesce(sum(found.worth), 0)"
BY_ARM = (
    "SELECT arm, count(*), sum(worth), sum(worth::numeric * worth) FROM ({each}) one(arm, worth) GROUP BY arm"
)

Rows = QuerySet[Any, tuple[Any, ...]]
"""A member, when, the number of the row and what is measured of it, in columns."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Something measured of each member. `unit` is how it is read, money in fen.

    `rows` are those of a time, in parts, `worth` what they say of a member together (empty: what the first of
    them says alone). Nothing is planned by what only guards.
    """

    code: str
    name: str | Promise
    form: Form
    better: Direction
    unit: str
    rows: Callable[[Span], list[Rows]]
    worth: str
    only_guards: bool = False


def measured(outcome: Outcome, experiment: Experiment, *, at: datetime) -> dict[str, Arm]:
    """What was measured in each arm of those members whose time is over by `at`; others are immature."""
    window = timedelta(experiment.window)
    return of_members(outcome, exposed(experiment, until=at - window), window)


def before(outcome: Outcome, trace: Trace, window: timedelta, *, at: datetime) -> Arm:
    """What it was of members who met a setting in the last months, measured just as in an experiment.

    Where too few of them were measured, of all who ordered, from their first order in those months on.
    """
    span = Span(at - BEFORE, at - window)
    found = of_members(outcome, left_by(trace, span), window)[ArmCode.A]
    if found.n >= rules.FEWEST:
        return found
    return of_members(outcome, left_by(ORDERS, span), window)[ArmCode.A]


def of_members(outcome: Outcome, met: Met, window: timedelta) -> dict[str, Arm]:
    """What was measured in each arm, within a time since each of its members is in it."""
    found = {code: Arm() for code in ArmCode.values}
    span = met.span(window)
    if span is None:
        return found
    parts = [rows.query.sql_with_params() for rows in outcome.rows(span)]
    each = EACH if outcome.worth else FIRST
    sql = each.format(
        met=met.sql,
        how="LEFT JOIN" if outcome.worth else "JOIN",
        rows=" UNION ALL ".join(f"({one})" for one, _given in parts),
        worth=outcome.worth,
    )
    params: list[Any] = [*met.params, *chain(*(given for _one, given in parts)), window]
    with connection.cursor() as cursor:
        cursor.execute(BY_ARM.format(each=sql), params)
        for code, n, total, squares in cursor.fetchall():
            found[code] = Arm(n, float(total), float(squares))
    return found


def _rows(source: Source) -> Callable[[Span], Rows]:
    def within(span: Span) -> Rows:
        found = source.within(span).filter(**{f"{source.member}__isnull": False}).order_by()
        marked = found.annotate(outcome_at=source.moment, outcome_worth=source.worth)
        rows: Rows = marked.values_list(source.member, "outcome_at", "pk", "outcome_worth")
        return rows

    return within


def _of_catalogue(metric: Metric) -> Outcome:
    if metric.form is metrics.Form.RATIO:
        above = [_rows(source) for source in metric.sources if not source.is_measured]
        form, worth = Form.SHARE, WHETHER
    else:
        above, worth = [_rows(metric.sources[0])], ""
        form = Form.MEAN if metric.form is metrics.Form.MEAN else Form.SHARE
    code, name, unit = metric.code.value, metric.code.label, metric.unit.value
    return Outcome(code, name, form, metric.better, unit, lambda span: [one(span) for one in above], worth)


def _answers(span: Span) -> list[Rows]:
    found = Response.objects.filter(invitation__member__isnull=False, at__gte=span.start, at__lt=span.end)
    return [found.order_by().values_list("invitation__member", "at", "pk", Value(1))]


def _grants(span: Span) -> list[Rows]:
    found = Grant.objects.filter(reversed_at=None, executed_at__gte=span.start, executed_at__lt=span.end)
    return [found.order_by().values_list("member", "executed_at", "pk", F("cost_fen"))]


OWN = (
    Outcome(
        "answered",
        _("members who answered a survey"),
        Form.SHARE,
        Direction.UP,
        Unit.PERCENT.value,
        _answers,
        WHETHER,
    ),
    Outcome(
        "cost",
        _("what a member is given"),
        Form.MEAN,
        Direction.DOWN,
        FEN,
        _grants,
        SUM,
        only_guards=True,
    ),
)
_PERSONAL = [metric for metric in METRICS.values() if all(source.member for source in metric.sources)]
OUTCOMES: dict[str, Outcome] = {one.code: one for one in chain(map(_of_catalogue, _PERSONAL), OWN)}
"""By their codes, in the order in which they are offered."""


def planning() -> list[Outcome]:
    """Those that an experiment can be planned by."""
    return [one for one in OUTCOMES.values() if not one.only_guards]
