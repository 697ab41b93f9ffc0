"""What is on record of every member over the twelve months before a day, in a temporary table; by sets.

Satisfaction, recommendation, ease, stars and gaps are the facts of the figures themselves
(`kpis.metrics.catalogue`), told apart by member: nothing is defined a second time. Anonymous answers have no
moment and are no facts; who refused a profile, or was erased, is left out.
"""

from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, FloatField, Max, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast, Coalesce, Extract, Floor

from compensation.models import Member, Order, OrderStatus, TierPeriod
from feedback.models import Review
from kpis.metrics.catalogue import METRICS
from kpis.metrics.sources import Span
from kpis.models import Dimension, MetricCode
from kpis.snapshots.calendar import days_span
from surveys.models import Response

YEAR = 365
FRESH = "kpis_loyal"
"""The temporary table: member_id, tier, a column an input, recency in days."""
SAID = "kpis_loyal_said"
MEANS = {
    "satisfaction": (MetricCode.CSAT,),
    "brand": (MetricCode.NPS,),
    "service": (MetricCode.CES,),
    "product": (MetricCode.REVIEW_SCORE,),
    "trust": (MetricCode.GAP_RATE, MetricCode.GAP_PRODUCT),
}
"""Inputs that are means of a figure's facts; trust of two, as the share without a gap."""
COLUMNS = (
    "frequency", "amount", "interaction", "satisfaction", "trust", "brand", "product", "service", "recency",
)  # fmt: skip
BY_MEMBER = frozenset({Dimension.SEGMENT})
"""What facts are told apart by so that they name their member."""
TABLE = f"""
DROP TABLE IF EXISTS pg_temp.{SAID}, pg_temp.{FRESH};
CREATE TEMP TABLE {SAID} (member_id bigint, input text, value double precision) ON COMMIT DROP
"""
SUMS = ", ".join(f"sum(value) FILTER (WHERE input = '{one}') {one}" for one in COLUMNS)
PIVOT = f"""
CREATE TEMP TABLE {FRESH} ON COMMIT DROP AS
SELECT member_id, ''::text tier, {SUMS}
FROM {SAID} WHERE member_id IN (%s) GROUP BY member_id
"""  # noqa: S608 - names of our own
TIERS = f"UPDATE {FRESH} SET tier = found.code FROM (%s) found (member, code) WHERE found.member = member_id"  # noqa: S608 - ours


def gather(last: date) -> None:
    """Fill the temporary table `FRESH` as of the end of a day; inside a transaction."""
    span = days_span(last - timedelta(YEAR - 1), last)
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        for name, rows in _counts(span):
            _insert(cursor, name, "found.*", rows)
        for name, codes in MEANS.items():
            _means(cursor, name, codes, span)
        known = Member.objects.filter(erased_at=None, refused_profiling_at=None).order_by().values("pk")
        _run(cursor, PIVOT, known)
        _run(cursor, TIERS, _tiers(span))
        cursor.execute(f"ANALYZE {FRESH}")


def _counts(span: Span) -> list[tuple[str, QuerySet[Any, Any]]]:
    """Members and a number: of whoever ever bought 0 is known, of others nothing."""
    placed = Order.objects.filter(placed_at__lt=span.end).exclude(status=OrderStatus.CANCELLED)
    bought = placed.order_by().values_list("member")
    recent = Q(placed_at__gte=span.start)
    since = Cast(Floor(Extract(Value(span.end) - Max("placed_at"), "epoch") / 86_400.0), FloatField())
    within = {"gte": span.start, "lt": span.end}
    reviews = Review.objects.filter(
        member__isnull=False, deleted_at=None, **{f"written_at__{name}": at for name, at in within.items()}
    )
    answers = Response.objects.filter(
        is_anonymous=False, invitation__isnull=False, **{f"at__{name}": at for name, at in within.items()}
    )
    return [
        ("frequency", bought.annotate(number=Cast(Count("pk", filter=recent), FloatField()))),
        (
            "amount",
            bought.annotate(number=Cast(Coalesce(Sum("total_fen", filter=recent), 0), FloatField()) / 100.0),
        ),
        ("recency", bought.annotate(number=since)),
        ("interaction", _times(reviews, "member")),
        ("interaction", _times(answers, "invitation__member")),
    ]


def _times(rows: QuerySet[Any], member: str) -> QuerySet[Any, Any]:
    numbered = rows.order_by().values_list(member)
    by_member: QuerySet[Any, Any] = numbered.annotate(number=Cast(Count("pk"), FloatField()))
    return by_member


def _means(cursor: Any, name: str, codes: tuple[MetricCode, ...], span: Span) -> None:
    """The mean of the facts of some figures by member; of trust what is left of a hundred."""
    mean = "sum(fact_value)::double precision / sum(fact_n)"
    value = f"100 * (1 - {mean})" if name == "trust" else mean
    parts: list[str] = []
    params: list[Any] = []
    for code in codes:
        facts = METRICS[code].sources[0].facts(span, BY_MEMBER)
        sql, given = facts.query.sql_with_params()
        parts.append(f"({sql})")
        params += given
    together = " UNION ALL ".join(parts)
    cursor.execute(
        f"INSERT INTO {SAID} SELECT fact_member, %s, {value} FROM ({together}) facts "  # noqa: S608 - our own
        "WHERE fact_member IS NOT NULL GROUP BY fact_member HAVING sum(fact_n) > 0",
        [name, *params],
    )


def _tiers(span: Span) -> QuerySet[Any, Any]:
    """The tier that each member had at the end."""
    had = TierPeriod.objects.filter(Q(ends_at=None) | Q(ends_at__gte=span.end), starts_at__lt=span.end)
    return had.order_by().values_list("member", "tier__code")


def _insert(cursor: Any, name: str, columns: str, rows: QuerySet[Any, Any]) -> None:
    sql, params = rows.query.sql_with_params()
    cursor.execute(
        f"INSERT INTO {SAID} (member_id, value, input) SELECT {columns}, %s FROM ({sql}) found",  # noqa: S608 - our own
        [name, *params],
    )


def _run(cursor: Any, statement: str, rows: QuerySet[Any, Any]) -> None:
    sql, params = rows.query.sql_with_params()
    cursor.execute(statement % sql, params)
