"""The searches that run every few minutes go by index, however large the tables."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from compensation.orders import queries
from feedback.gaps import search
from feedback.gaps.commands import due_for_rules

NOW = datetime(2026, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("look", "index"),
    [
        (lambda: queries.changed_since(0, 0, limit=10), "order_changed"),
        (lambda: search.fallen_due(NOW, 0, NOW, 10), "promise_due"),
        (lambda: search.grown_worse(NOW, 10), "gap_growing"),
        (lambda: due_for_rules(10), "gap_rules_due"),
    ],
)
def test_a_search_goes_by_its_index(db, look, index):
    plans = []

    def explain(execute, sql, params, many, context):
        with connection.cursor() as cursor:
            cursor.cursor.execute(f"EXPLAIN {sql}", params)
            plans.extend(row[0] for row in cursor.cursor.fetchall())
        return execute(sql, params, many, context)

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    with connection.execute_wrapper(explain):
        look()
    assert any(index in line for line in plans), plans
