"""Placing subjects: the stratum that each is in, and what chance says of them. One statement for all."""

from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet

from compensation.models import Member, Segment
from compensation.segments import queries as segments
from surveys.campaigns import chance
from surveys.models import Campaign

NOBODY = "SELECT NULL::bigint WHERE false"

PLACED = """
SELECT subject.*, strata.stratum_id,
  CASE WHEN strata.most IS NULL OR {drawn} >= strata.most THEN 'not_drawn'
    WHEN {held} < %(hold)s THEN 'holdout' ELSE '' END AS fate
FROM ({subjects}) AS subject {joins}
CROSS JOIN LATERAL (SELECT {stratum}::bigint AS stratum_id, {most}::bigint AS most) AS strata
"""


def written_out(rows: QuerySet[Any, Any]) -> str:
    """A query with its values in it, to stand within another one."""
    try:
        statement, values = rows.query.sql_with_params()
    except EmptyResultSet:
        return NOBODY
    operations: Any = connection.ops  # PostgreSQL's
    found: str = operations.compose_sql(statement, values)
    return found.replace("%", "%%")


def placed(
    campaign: Campaign, label: str, subjects: str, *, scope: Q, at: datetime, is_audience: bool
) -> tuple[str, dict[str, Any]]:
    """The statement that places subjects (rows with `member_id`), and its values by name.

    Adds `stratum_id` and `fate`: "" of those who are drawn, "not_drawn", or "holdout" of those who would be.
    `scope` bounds the members that segments are asked for. With `is_audience` those outside the campaign's
    segment are left out.

    Raises:
        Invalid: a segment asks for a criterion that there is no longer.
    """
    joins, ids, limits = [], [], []
    if is_audience:
        joins.append(_join("JOIN", "audience", campaign.segment, scope, at))
    for number, stratum in enumerate(campaign.strata.select_related("segment").order_by("position")):
        fits = "true"
        if stratum.segment is not None:
            name = f"segment{number}"
            joins.append(_join("LEFT JOIN", name, stratum.segment, scope, at))
            fits = f"{name}.id IS NOT NULL"
        ids.append(f"WHEN {fits} THEN {stratum.pk}")
        limits.append(f"WHEN {fits} THEN {chance.limit(stratum.share)}")
    sql = PLACED.format(
        drawn=chance.sql("%(seed)s", "subject.member_id"),
        held=chance.sql("%(hold_seed)s", "subject.member_id"),
        subjects=subjects,
        joins=" ".join(joins),
        stratum=f"CASE {' '.join(ids)} END" if ids else "NULL",
        most=f"CASE {' '.join(limits)} END" if ids else chance.PLACES,
    )
    return sql, {
        "seed": chance.seed(campaign.code, label),
        "hold_seed": chance.seed(campaign.code, chance.HOLDOUT),
        "hold": chance.limit(campaign.holdout),
    }


def _join(how: str, name: str, segment: Segment | None, scope: Q, at: datetime) -> str:
    rows = segments.narrowed(segment.filters if segment else {}, Member.objects.filter(scope), at)
    members = written_out(rows.order_by().values_list("id"))
    return f"{how} ({members}) AS {name}(id) ON {name}.id = subject.member_id"
