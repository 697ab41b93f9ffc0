"""Tallying days anew: what happened how often, by hour, cause or length; only what has changed is written."""

from datetime import date
from typing import Any

from django.core.exceptions import EmptyResultSet

from kpis.metrics.tallies import TALLIED, Tallied
from kpis.snapshots.calendar import days_span

TABLE = """
DROP TABLE IF EXISTS pg_temp.kpis_fresh_tally;
CREATE TEMP TABLE kpis_fresh_tally (
    of text, dimension text, key text, day date, cell text, n bigint
) ON COMMIT DROP
"""
ADD_UP = """
INSERT INTO kpis_fresh_tally
WITH found AS MATERIALIZED ({facts})
SELECT %s, '', '', tally_day, tally_cell, count(*) FROM found GROUP BY tally_day, tally_cell
UNION ALL
SELECT %s, %s, left(key, 80), tally_day, tally_cell, count(*)
FROM found CROSS JOIN unnest(tally_keys) key WHERE key <> '' GROUP BY left(key, 80), tally_day, tally_cell
"""
MERGE = """
INSERT INTO kpis_tally AS held (of, dimension, key, day, cell, n)
SELECT of, dimension, key, day, cell, sum(n) FROM kpis_fresh_tally GROUP BY of, dimension, key, day, cell
ON CONFLICT (of, dimension, key, day, cell) DO UPDATE SET n = excluded.n WHERE held.n <> excluded.n
"""
GONE = """
DELETE FROM kpis_tally held WHERE day BETWEEN %s AND %s AND NOT EXISTS (
    SELECT FROM kpis_fresh_tally fresh WHERE fresh.of = held.of AND fresh.dimension = held.dimension
    AND fresh.key = held.key AND fresh.day = held.day AND fresh.cell = held.cell
)
"""


def tally(cursor: Any, first: date, last: date) -> None:
    """Tally some days anew; inside a transaction that no other taker shares."""
    span = days_span(first, last)
    cursor.execute(TABLE)
    for one in TALLIED:
        _add_up(cursor, one, one.facts(span))
    cursor.execute("ANALYZE kpis_fresh_tally")
    cursor.execute(MERGE)
    cursor.execute(GONE, [first, last])


def _add_up(cursor: Any, one: Tallied, facts: Any) -> None:
    try:
        sql, params = facts.query.sql_with_params()
    except EmptyResultSet:
        return
    cursor.execute(ADD_UP.format(facts=sql), [*params, one.of.value, one.of.value, one.by.value])
