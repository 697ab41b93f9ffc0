"""Members who were lost, what was done for them, and whether they came back.

A member is lost at the first discontented answer or gap of a time. What counts as done is what was done in
the first days after it, and what counts as coming back comes after those days: so nothing that was done can
be the consequence of coming back, and all had as long to get it (landmark analysis; Anderson, Cain & Gelber
1983, Journal of Clinical Oncology 1). Who came back within the first days is left out, and told. Coming back
is to order again, or to give an answer that the recovery of surveys calls good.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import connection
from django.db.models import QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat

from compensation.models import Member, OrderStatus
from feedback.models import Gap
from kpis.attribution.common import Lost
from kpis.attribution.queries import LOW_VALUES
from kpis.metrics.catalogue import METRICS
from kpis.metrics.catalogue.orders import AGAIN_WITHIN
from kpis.metrics.rows import Of, narrow
from kpis.metrics.sources import Span
from kpis.models import MetricCode
from surveys.responses.recovery import verdicts

DONE_WITHIN = timedelta(days=7)
"""After a loss: what is done in it may be what helped."""
JUDGED_AFTER = DONE_WITHIN + AGAIN_WITHIN
"""After a loss: then it is known whether the member came back."""
LONGEST_WAY = timedelta(days=366)
"""Gaps of orders placed longer ago are looked for no more."""


class State(StrEnum):
    """What became of a lost member."""

    BACK = "back"
    AWAY = "away"
    EARLY = "early"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class One:
    """A lost member: when and by what, and when they ordered and said to be satisfied afterwards."""

    member: Member
    at: datetime
    how: str
    bought_at: datetime | None
    said_at: datetime | None
    state: State


CAME = """
WITH lost (member_id, at, how) AS MATERIALIZED (
  SELECT DISTINCT ON (member_id) member_id, at, how FROM ({losses}) x (member_id, at, how)
  ORDER BY member_id, at, how
),
said AS MATERIALIZED (SELECT member_id, at FROM ({verdicts}) x (member_id, at, good) WHERE good = 1),
after (member_id, at, how, bought_at, said_at) AS (
  SELECT l.member_id, l.at, l.how,
    (SELECT min(o.placed_at) FROM compensation_order o WHERE o.member_id = l.member_id
      AND o.placed_at > l.at AND o.placed_at <= l.at + %(judged)s AND o.status <> %(cancelled)s),
    min(s.at)
  FROM lost l
  LEFT JOIN said s ON s.member_id = l.member_id AND s.at > l.at AND s.at <= l.at + %(judged)s
  GROUP BY l.member_id, l.at, l.how
),
came AS MATERIALIZED (
  SELECT *, CASE
    WHEN at + %(judged)s > %(now)s THEN 'open'
    WHEN LEAST(bought_at, said_at) <= at + %(done)s THEN 'early'
    WHEN LEAST(bought_at, said_at) IS NOT NULL THEN 'back'
    ELSE 'away' END AS state
  FROM after
),
traits (member_id, trait) AS (
  SELECT member_id, 'lost:' || how FROM came
  UNION
  SELECT c.member_id, 'tier:' || COALESCE(t.code, '') FROM came c
    LEFT JOIN compensation_tierperiod p ON p.member_id = c.member_id AND p.starts_at <= c.at
      AND (p.ends_at IS NULL OR p.ends_at > c.at)
    LEFT JOIN compensation_tier t ON t.id = p.tier_id
  UNION
  SELECT c.member_id, 'given:' || g.kind FROM came c
    JOIN compensation_grant g ON g.member_id = c.member_id AND g.executed_at > c.at
      AND g.executed_at <= c.at + %(done)s AND (g.reversed_at IS NULL OR g.reversed_at > c.at + %(done)s)
  UNION
  SELECT c.member_id, 'case:taken' FROM came c
    JOIN feedback_case k ON k.member_id = c.member_id AND k.opened_at <= c.at + %(done)s
      AND (k.resolved_at IS NULL OR k.resolved_at > c.at)
  UNION
  SELECT c.member_id, 'case:resolved' FROM came c
    JOIN feedback_case k ON k.member_id = c.member_id AND k.resolved_at > c.at
      AND k.resolved_at <= c.at + %(done)s
  UNION
  SELECT c.member_id, 'clock:' || b.milestone FROM came c
    JOIN feedback_case k ON k.member_id = c.member_id
    JOIN feedback_clock b ON b.case_id = k.id AND b.breached_at > c.at AND b.breached_at <= c.at + %(done)s
)
"""
GROUPED = """
SELECT state, traits, count(*) FROM (
  SELECT c.member_id, c.state, array_agg(t.trait ORDER BY t.trait) AS traits
  FROM came c JOIN traits t ON t.member_id = c.member_id GROUP BY c.member_id, c.state
) one GROUP BY state, traits
"""
LISTED = """
SELECT c.member_id, c.at, c.how, c.bought_at, c.said_at, c.state FROM came c
WHERE (%(trait)s = ''
    OR EXISTS (SELECT FROM traits t WHERE t.member_id = c.member_id AND t.trait = %(trait)s))
  AND c.state = ANY(%(states)s)
ORDER BY c.at DESC, c.member_id DESC LIMIT %(most)s OFFSET %(offset)s
"""


def groups(span: Span, *, of: Of, at: datetime) -> tuple[list[Lost], dict[State, int]]:
    """The members whose way is known, those with the same traits together; and how many are in each state."""
    found: list[Lost] = []
    states = dict.fromkeys(State, 0)
    with connection.cursor() as cursor:
        cursor.execute(*_came(span, of, at, GROUPED, {}))
        for state, traits, n in cursor.fetchall():
            states[State(state)] += n
            if state in {State.BACK, State.AWAY}:
                found.append(Lost(frozenset(traits), state == State.BACK, n))
    return found, states


def listed(
    span: Span, *, of: Of, at: datetime, trait: str, states: list[State], most: int, offset: int
) -> list[One]:
    """Lost members with a trait (any, if empty) in some states, the last lost first."""
    asked = {"trait": trait, "states": [one.value for one in states], "most": most, "offset": offset}
    with connection.cursor() as cursor:
        cursor.execute(*_came(span, of, at, LISTED, asked))
        rows = cursor.fetchall()
    members = Member.objects.in_bulk([row[0] for row in rows])
    return [
        One(members[member], lost_at, how, bought_at, said_at, State(state))
        for member, lost_at, how, bought_at, said_at, state in rows
    ]


def _came(span: Span, of: Of, at: datetime, wanted: str, more: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    params: dict[str, Any] = {
        "judged": JUDGED_AFTER,
        "done": DONE_WITHIN,
        "now": at,
        "cancelled": OrderStatus.CANCELLED.value,
        **more,
    }
    losses = [_answers(code, span, of) for code in LOW_VALUES]
    if counts_gaps(of):
        losses.append(_gaps(span, of))
    heard = (
        verdicts()
        .filter(response__at__gt=span.start, response__at__lte=span.end + JUDGED_AFTER)
        .order_by("response_id", "rank", "question__position", "pk")
        .distinct("response_id")
        .values_list("response__invitation__member_id", "response__at", "good")
    )
    every = " UNION ALL ".join(_bound(one, params) for one in losses)
    return CAME.format(losses=every, verdicts=_bound(heard, params)) + wanted, params


def counts_gaps(of: Of) -> bool:
    """Whether gaps are among the losses: an order is of no department."""
    return set(of) <= METRICS[MetricCode.GAP_RATE].sources[0].dimensions


def _answers(code: MetricCode, span: Span, of: Of) -> QuerySet[Any, Any]:
    source = METRICS[code].sources[0]
    named_answers = narrow(source, span, of).filter(response__invitation__member__isnull=False).order_by()
    low: QuerySet[Any, Any] = named_answers.alias(worth=source.worth).filter(worth__in=LOW_VALUES[code])
    how = Value(code.value, TextField())
    named: QuerySet[Any, Any] = low.annotate(how=how)
    return named.values_list("response__invitation__member_id", "response__at", "how")


def _gaps(span: Span, of: Of) -> QuerySet[Any, Any]:
    found: QuerySet[Any, Any] = Gap.objects.filter(
        withdrawn_at=None, detected_at__gte=span.start, detected_at__lt=span.end
    ).exclude(order__status=OrderStatus.CANCELLED)
    if of:
        source = METRICS[MetricCode.GAP_RATE].sources[0]
        orders = narrow(source, Span(span.start - LONGEST_WAY, span.end), of).order_by()
        found = found.filter(order__in=orders.values("pk"))
    found = found.annotate(how=Concat(Value("gap:"), Cast("aspect", TextField()), output_field=TextField()))
    return found.values_list("order__member_id", "detected_at", "how")


def _bound(found: QuerySet[Any, Any], params: dict[str, Any]) -> str:
    """A query as text, with its parameters under names of their own among the others."""
    sql, given = found.query.sql_with_params()
    names = []
    for one in given:
        names.append(f"p{len(params)}")
        params[names[-1]] = one
    return sql % tuple(f"%({name})s" for name in names)
