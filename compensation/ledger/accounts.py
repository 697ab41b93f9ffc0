"""The accounts that a movement touches: found, made when first used, locked in primary-key order."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection

from compensation.ledger.rules import Move
from compensation.models import LOTTED, OWNED, Account, AccountKind, Unit

Place = tuple[str, str, int | None]
"""Kind, unit and member of an account."""


KNOWN = """
SELECT id, kind, unit, member_id FROM compensation_account
WHERE member_id = ANY(%(members)s::bigint[]) AND unit = ANY(%(units)s::text[])
UNION ALL
SELECT id, kind, unit, member_id FROM compensation_account
WHERE member_id IS NULL AND kind = ANY(%(house)s::text[]) AND unit = ANY(%(units)s::text[])
"""


def place(move: Move) -> Place:
    """Which account a move touches."""
    return str(move.kind), str(move.unit), move.member_id


def asked(moves: Sequence[Move]) -> dict[str, Any]:
    """What `KNOWN` needs to be told of the moves."""
    return {
        "members": list({move.member_id for move in moves if move.member_id is not None}),
        "units": list({str(move.unit) for move in moves}),
        "house": list({str(move.kind) for move in moves if move.member_id is None}),
    }


def find(moves: Sequence[Move]) -> dict[Place, int]:
    """The accounts of some moves, by primary key, those that are missing made.

    Whatever else their members have or owe in these units is among them.
    """
    found = _read(moves)
    missing = {place(move) for move in moves} - found.keys()
    if missing:
        make(missing)
        found |= _read(moves)
    return found


def make(places: Collection[Place]) -> None:
    """Make accounts that may not be there yet. Unique constraints settle who makes one; others find it."""
    Account.objects.bulk_create(
        [
            Account(
                kind=kind,
                unit=unit,
                member_id=member_id,
                balance=None if member_id is None else 0,
                floor=None if kind == AccountKind.OWED else 0,
            )
            for kind, unit, member_id in sorted(places, key=str)
        ],
        ignore_conflicts=True,
    )


def lock(member_ids: Collection[int], unit: Unit) -> dict[Place, Account]:
    """Lock what members have and owe in a unit, in primary-key order; what is missing is made."""
    make([(kind, unit, member_id) for kind in OWNED for member_id in member_ids])
    rows = Account.objects.filter(member__in=member_ids, unit=unit).order_by("pk")
    return {(row.kind, row.unit, row.member_id): row for row in rows.select_for_update(no_key=True)}


def repaid(moves: Sequence[Move], accounts: Collection[Place]) -> dict[Place, int]:
    """How much of what comes to each member who owes goes to what they owe first.

    Where that may be, the accounts of all members who take part are locked.
    """
    coming = [
        move
        for move in moves
        if move.kind == AccountKind.MEMBER
        and move.amount > 0
        and move.unit in LOTTED
        and (AccountKind.OWED, move.unit, move.member_id) in accounts
    ]
    if not coming:
        return {}
    found = {}
    for unit in sorted({move.unit for move in coming}):
        members = {move.member_id for move in moves if move.member_id is not None and move.unit == unit}
        held = lock(members, unit)
        for move in coming:
            if move.unit == unit:
                owed = held[AccountKind.OWED, unit, move.member_id].balance or 0
                found[place(move)] = min(move.amount, -owed)
    return found


def _read(moves: Sequence[Move]) -> dict[Place, int]:
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, asked(moves))
        return {(kind, unit, member_id): pk for pk, kind, unit, member_id in cursor.fetchall()}
