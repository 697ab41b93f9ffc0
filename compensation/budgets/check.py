"""Whether budgets and caps say what their grants say."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

BUDGETS = """
SELECT 'budget', b.id, b.reserved_fen, b.spent_fen, sum(u.fen) FILTER (WHERE u.state = 'reserved'),
       sum(u.fen) FILTER (WHERE u.state = 'spent')
FROM compensation_budget b LEFT JOIN compensation_budgetuse u ON u.budget_id = b.id
GROUP BY b.id
HAVING b.reserved_fen <> coalesce(sum(u.fen) FILTER (WHERE u.state = 'reserved'), 0)
    OR b.spent_fen <> coalesce(sum(u.fen) FILTER (WHERE u.state = 'spent'), 0)
ORDER BY b.id
"""
USES = """
SELECT 'budget use', u.id, u.fen, 0, g.cost_fen, 0
FROM compensation_budgetuse u JOIN compensation_grant g ON g.id = u.grant_id
WHERE u.state <> CASE WHEN g.status = 'approved' THEN 'reserved'
                      WHEN g.status IN ('executed', 'confirmed') THEN 'spent' ELSE 'released' END
   OR u.fen <> g.cost_fen
ORDER BY u.id
"""
CAPS = """
SELECT 'cap', c.id, c.used_fen, c.passed_fen, sum(u.fen) FILTER (WHERE NOT u.is_beyond),
       sum(u.fen) FILTER (WHERE u.is_beyond)
FROM compensation_capcount c LEFT JOIN compensation_capuse u ON u.count_id = c.id AND u.released_at IS NULL
GROUP BY c.id
HAVING (c.used_fen, c.used_count, c.passed_fen, c.passed_count) <> (
    coalesce(sum(u.fen) FILTER (WHERE NOT u.is_beyond), 0), count(u.id) FILTER (WHERE NOT u.is_beyond),
    coalesce(sum(u.fen) FILTER (WHERE u.is_beyond), 0), count(u.id) FILTER (WHERE u.is_beyond))
ORDER BY c.id
"""
CAP_USES = """
SELECT 'cap use', u.id, u.fen, 0, g.cost_fen, 0
FROM compensation_capuse u JOIN compensation_grant g ON g.id = u.grant_id
WHERE u.fen <> g.cost_fen
   OR (u.released_at IS NULL) <> (g.status IN ('approved', 'executed', 'confirmed'))
ORDER BY u.id
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what its grants come to: what it says, and what they say."""

    what: str
    pk: int
    says: tuple[int, int]
    should: tuple[int, int]


def differences() -> Iterator[Difference]:
    """All of them, budgets first."""
    with connection.cursor() as cursor:
        for statement in (BUDGETS, USES, CAPS, CAP_USES):
            cursor.execute(statement)
            for what, pk, one, other, right, right_other in cursor.fetchall():
                yield Difference(what, pk, (one, other), (int(right or 0), int(right_other or 0)))
