"""The searches that run every few minutes go by index, however large the tables."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from compensation.orders import queries
from feedback.gaps import search
from feedback.gaps.commands import due_for_rules
from tests.plans import plans

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
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    asked = plans(look)
    assert any(index in plan for plan in asked), asked


def test_promises_are_read_by_their_lines_whatever_is_known_of_the_table(db):
    asked = plans(lambda: search.differences([1, 2], NOW))
    assert any("(line_id = line.id)" in plan for plan in asked), asked
