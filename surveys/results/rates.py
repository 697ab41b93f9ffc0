"""Who was asked, and who answered: response rates, what was begun, and where people stopped.

The rate is that of finished answers among invitations that were delivered: it takes numerator and
denominator from the same invitations, so that a filter changes both (AAPOR's RR1, Standard Definitions, 10th
edition, where everybody who was asked is eligible). Who came by themselves was not asked, and is in neither.
Agent and department are those who had the case when the member was asked, as they are of its answer, whoever
has it now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count

from config.common.statistics import wilson
from surveys.models import Dimension, Draft, Question, SpentLink
from surveys.results.counted import Cut

ASKED = """
    SELECT invitation.wave_id, {value} AS value,
           count(*) FILTER (WHERE invitation.way = 'asked') AS asked,
           count(*) FILTER (WHERE invitation.way = 'asked' AND invitation.bounced_at IS NOT NULL) AS bounced,
           count(*) FILTER (WHERE invitation.way = 'asked' AND invitation.is_answered
                            AND invitation.bounced_at IS NULL) AS answered,
           count(*) FILTER (WHERE invitation.way = 'asked' AND invitation.bounced_at IS NULL
                            AND (invitation.is_answered OR invitation.opened_at IS NOT NULL)) AS opened,
           count(*) FILTER (WHERE invitation.way <> 'asked' AND invitation.is_answered) AS by_themselves
    FROM surveys_invitation invitation {joined}
    WHERE invitation.wave_id = ANY(%(waves)s) AND {conditions}
    GROUP BY 1, 2
"""
BY_SEGMENT = """
    SELECT wave_id, segment.code, sum(asked)::bigint, sum(bounced)::bigint, sum(answered)::bigint,
           sum(opened)::bigint, sum(by_themselves)::bigint
    FROM ({alike}) AS alike (wave_id, segments, asked, bounced, answered, opened, by_themselves)
    CROSS JOIN LATERAL (SELECT DISTINCT unnest(segments)) AS segment (code)
    WHERE {conditions} GROUP BY 1, 2
"""
"""Invitations whose members were in the same segments are counted first."""
VALUES: Mapping[str, str] = {
    Dimension.STRATUM: "invitation.stratum_id::text",
    Dimension.CHANNEL: "invitation.channel",
    Dimension.TIER: "member.tier_id::text",
    Dimension.AGENT: "invitation.agent_id::text",
    Dimension.DEPARTMENT: "invitation.department_id::text",
    Dimension.PRODUCT: "bought.product_id::text",
    Dimension.SEGMENT: "invitation.segments",
}
OF_CASE = "LEFT JOIN feedback_case held ON held.id = invitation.case_id"
OF_ORDER = """
    JOIN (
        SELECT line.order_id, min(line.product_id) AS product_id FROM compensation_orderline line
        WHERE line.order_id IN (
            SELECT coalesce(invitation.order_id, held.order_id)
            FROM surveys_invitation invitation LEFT JOIN feedback_case held ON held.id = invitation.case_id
            WHERE invitation.wave_id = ANY(%(waves)s)
              AND (invitation.order_id IS NOT NULL OR invitation.case_id IS NOT NULL))
        GROUP BY line.order_id HAVING min(line.product_id) = max(line.product_id)
    ) AS bought ON bought.order_id = coalesce(invitation.order_id, held.order_id)
"""
"""A product is that of an order with one product, as it is of its answer (responses.commands)."""
JOINED: Mapping[str, Sequence[str]] = {
    Dimension.TIER: ["JOIN compensation_member member ON member.id = invitation.member_id"],
    Dimension.PRODUCT: [OF_CASE, OF_ORDER],
}


@dataclass(frozen=True, slots=True)
class Rate:
    """How many were asked, and what came of it."""

    asked: int = 0
    bounced: int = 0
    answered: int = 0
    opened: int = 0
    by_themselves: int = 0
    """Answers of those whom nobody had asked: in the shop's pages, by the open link, on paper."""

    @property
    def delivered(self) -> int:
        """Those whom the question reached, as far as we were told."""
        return self.asked - self.bounced

    @property
    def share(self) -> float | None:
        """The response rate, from 0 to 1."""
        return self.answered / self.delivered if self.delivered else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Its 95 % interval (Wilson)."""
        return wilson(self.answered, self.delivered) if self.delivered else None

    def __add__(self, other: "Rate") -> "Rate":
        return Rate(
            self.asked + other.asked,
            self.bounced + other.bounced,
            self.answered + other.answered,
            self.opened + other.opened,
            self.by_themselves + other.by_themselves,
        )

    def __sub__(self, other: "Rate") -> "Rate":
        return Rate(
            self.asked - other.asked,
            self.bounced - other.bounced,
            self.answered - other.answered,
            self.opened - other.opened,
            self.by_themselves - other.by_themselves,
        )


def rates(cut: Cut, *, by: str = "") -> dict[tuple[int, str], Rate]:
    """The rates by wave and by value of a dimension ("" without one). Reads invitation_once."""
    names = [*(name for name, _values in cut.narrow), *([by] if by else [])]
    joins = dict.fromkeys(join for name in names for join in JOINED.get(name, ()))
    conditions, of_segments, given = ["true"], ["true"], dict[str, Any](waves=list(cut.waves))
    for place, (name, values) in enumerate(cut.narrow):
        given[f"narrow{place}"] = list(values)
        if name == Dimension.SEGMENT:
            conditions.append(f"{VALUES[name]} && %(narrow{place})s::varchar[]")
            of_segments.append(f"segment.code = ANY(%(narrow{place})s)")
        else:
            conditions.append(f"{VALUES[name]} = ANY(%(narrow{place})s)")
    if by:
        conditions.append(f"{VALUES[by]} IS NOT NULL")
    statement = ASKED.format(
        value=VALUES[by] if by else "''", joined=" ".join(joins), conditions=" AND ".join(conditions)
    )
    if by == Dimension.SEGMENT:
        statement = BY_SEGMENT.format(alike=statement, conditions=" AND ".join(of_segments))
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return {(wave, value): Rate(*counts) for wave, value, *counts in cursor.fetchall()}


def with_spent(found: Rate, waves: Sequence[int]) -> Rate:
    """With those who answered anonymously today, whose invitations are marked at the end of the day."""
    spent = SpentLink.objects.filter(wave__in=waves).count()
    return Rate(found.asked, found.bounced, found.answered + spent, found.opened + spent, found.by_themselves)


@dataclass(frozen=True, slots=True)
class Stop:
    """A question: how many of those who began came as far as it, and for how many it was the last."""

    code: str
    text: str
    reached: int
    stopped: int

    @property
    def share(self) -> float | None:
        """Of those who reached it the share who stopped there."""
        return self.stopped / self.reached if self.reached else None


def stops(version: int, waves: Sequence[int], answered: int) -> list[Stop]:
    """Where those who began a version of the questionnaire and did not finish have stopped, in its order.

    Drafts of all waves count by the last question that was answered; one without is counted at the first.
    """
    questions = list(Question.objects.filter(version=version).order_by("position", "pk"))
    rows = Draft.objects.filter(wave__in=waves, version=version).values_list("last").annotate(n=Count("*"))
    last = dict(rows.order_by())
    known = {question.code for question in questions}
    if questions:
        first = questions[0].code
        lost = sum(n for code, n in last.items() if code not in known)
        last[first] = last.get(first, 0) + lost
    reached = answered + sum(last.get(question.code, 0) for question in questions)
    found = []
    for question in questions:
        stopped = last.get(question.code, 0)
        found.append(Stop(question.code, str(question), reached, stopped))
        reached -= stopped
    return found


def begun(waves: Sequence[int]) -> int:
    """How many have begun and not finished."""
    return Draft.objects.filter(wave__in=waves).count()
