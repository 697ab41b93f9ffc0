"""Recomputing the ledger from its entries: what must agree, and where it does not."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

CHECKS = {
    "balance": """
        SELECT a.id, a.balance, coalesce(sum(e.amount), 0) FROM compensation_account a
        LEFT JOIN compensation_entry e ON e.account_id = a.id
        WHERE a.member_id IS NOT NULL GROUP BY a.id HAVING a.balance <> coalesce(sum(e.amount), 0)
    """,
    "number of entries": """
        SELECT a.id, a.version, count(e.id) FROM compensation_account a
        LEFT JOIN compensation_entry e ON e.account_id = a.id
        WHERE a.member_id IS NOT NULL GROUP BY a.id
        HAVING a.version <> count(e.id) OR a.version <> coalesce(max(e.version), 0)
    """,
    "balance after an entry": """
        SELECT account_id, balance_after, expected FROM (
            SELECT account_id, balance_after, version,
              sum(amount) OVER (PARTITION BY account_id ORDER BY version) AS expected
            FROM compensation_entry WHERE version IS NOT NULL
        ) running WHERE balance_after <> expected
    """,
    "lots": """
        SELECT a.id, a.balance, coalesce(sum(l.remaining), 0) FROM compensation_account a
        LEFT JOIN compensation_lot l ON l.account_id = a.id
        WHERE a.kind = 'member' AND a.unit = 'points' GROUP BY a.id
        HAVING a.balance <> coalesce(sum(l.remaining), 0)
    """,
    "fate of a lot": """
        SELECT l.account_id, l.spent + l.expired + l.withdrawn, coalesce(sum(u.amount), 0)
        FROM compensation_lot l LEFT JOIN compensation_lotuse u ON u.lot_id = l.id GROUP BY l.id
        HAVING l.spent <> coalesce(sum(u.amount) FILTER (WHERE u.fate = 'spent'), 0)
            OR l.expired <> coalesce(sum(u.amount) FILTER (WHERE u.fate = 'expired'), 0)
            OR l.withdrawn <> coalesce(sum(u.amount) FILTER (WHERE u.fate = 'withdrawn'), 0)
    """,
    "double entry": """
        SELECT NULL, e.transaction_id, sum(e.amount) FROM compensation_entry e
        JOIN compensation_account a ON a.id = e.account_id
        GROUP BY e.transaction_id, a.unit HAVING sum(e.amount) <> 0
    """,
}
"""For each thing that must hold: the account, what is written, what it should be, where they differ."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something in the books that does not agree with the entries."""

    what: str
    account_id: int | None
    found: int
    expected: int


def differences(most: int = 100) -> Iterator[Difference]:
    """Recompute every balance, number and lot; give what differs, at most so many a check.

    Each check is one statement and so looks at one moment: what is posted meanwhile raises no alarm.
    """
    with connection.cursor() as cursor:
        for what, statement in CHECKS.items():
            cursor.execute(f"{statement} LIMIT %s", [most])
            for account_id, found, expected in cursor.fetchall():
                yield Difference(what, account_id, int(found), int(expected))
