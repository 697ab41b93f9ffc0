"""Adding the facts of some days up: by day, and by everything that figures are told apart by, at once.

The facts of all metrics are read into one temporary table, a statement a source; who is in which segment is
asked of their members alone; then two statements add up. The cost is that of the days' own facts.
"""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from compensation.models import Member, Segment
from compensation.segments.queries import makes_sense, narrowed
from kpis.metrics.catalogue import METRICS
from kpis.metrics.sources import Span

FRESH = "kpis_fresh"
"""The temporary table that `add_up` leaves: metric, dimension, key, day, n, total, squares."""

TABLES = f"""
DROP TABLE IF EXISTS pg_temp.kpis_fact, pg_temp.{FRESH};
CREATE TEMP TABLE kpis_fact (
    metric text, day date, n int, value bigint, member_id bigint, department text, agent text, channel text,
    region text, tier text, categories varchar[]
) ON COMMIT DROP;
CREATE TEMP TABLE {FRESH} (
    metric text, dimension text, key text, day date, n bigint, total bigint, squares numeric
) ON COMMIT DROP
"""
IN_SEGMENT = """
DROP TABLE IF EXISTS pg_temp.kpis_in_segment;
CREATE TEMP TABLE kpis_in_segment (member_id bigint, code text) ON COMMIT DROP
"""
PLAIN = f"""
INSERT INTO {FRESH}
SELECT metric, dimension, left(key, 80), day, sum(n), sum(value), sum(squares) FROM (
    SELECT metric, day, sum(n) n, sum(value) value, sum(value::numeric * value) squares,
        CASE GROUPING(department, agent, channel, region, tier)
            WHEN 31 THEN '' WHEN 15 THEN 'department' WHEN 23 THEN 'agent' WHEN 27 THEN 'channel'
            WHEN 29 THEN 'region' WHEN 30 THEN 'tier' END dimension,
        coalesce(department, agent, channel, region, tier, '') key
    FROM kpis_fact
    GROUP BY metric, day, GROUPING SETS ((), (department), (agent), (channel), (region), (tier))
) summed
WHERE dimension = '' OR key <> ''
GROUP BY metric, dimension, left(key, 80), day
"""  # noqa: S608 - the name is ours
SEVERAL = f"""
INSERT INTO {FRESH}
SELECT metric, 'category', category, day, sum(n), sum(value), sum(value::numeric * value)
FROM kpis_fact CROSS JOIN unnest(categories) category WHERE category <> '' GROUP BY metric, category, day
UNION ALL
SELECT metric, 'segment', code, day, sum(n), sum(value), sum(value::numeric * value)
FROM kpis_fact JOIN kpis_in_segment USING (member_id) GROUP BY metric, code, day
"""  # noqa: S608 - the name is ours
MEMBERS = "SELECT member_id FROM kpis_fact WHERE member_id IS NOT NULL"


def add_up(span: Span) -> None:
    """Add up all facts of a time into the temporary table `FRESH`; inside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        for code, metric in METRICS.items():
            for source in metric.sources:
                _insert(
                    cursor, "kpis_fact", f"'{code.value}', found.*", source.facts(span, metric.dimensions)
                )
        cursor.execute("ANALYZE kpis_fact")
        find_segments(cursor, MEMBERS)
        cursor.execute(PLAIN)
        cursor.execute(SEVERAL)
        cursor.execute(f"ANALYZE {FRESH}")


def find_segments(cursor: Any, members: str) -> None:
    """Say in a temporary table, `kpis_in_segment`, which of some members are in which segment now.

    `members` is a statement that lists them; broken segments have none.
    """
    cursor.execute(IN_SEGMENT)
    now = timezone.now()
    whose = Member.objects.filter(pk__in=RawSQL(members, [], output_field=BigIntegerField()))  # noqa: S611 - our own
    for segment in Segment.objects.order_by("code"):
        if segment.filters and makes_sense(segment):
            found = narrowed(segment.filters, whose, now).order_by().values_list("pk")
            _insert(cursor, "kpis_in_segment", "found.*, %s", found, segment.code)
    cursor.execute("ANALYZE kpis_in_segment")


def _insert(cursor: Any, table: str, columns: str, found: QuerySet[Any, Any], *extra: str) -> None:
    try:
        sql, params = found.query.sql_with_params()
    except EmptyResultSet:
        return
    cursor.execute(f"INSERT INTO {table} SELECT {columns} FROM ({sql}) found", [*extra, *params])  # noqa: S608 - our own
