"""The accounts that a movement touches: found, made when first used, locked in primary-key order."""

from collections.abc import Collection, Sequence

from django.db.models import Q

from compensation.ledger.rules import Move
from compensation.models import LOTTED, OWNED, Account, AccountKind, Unit

Place = tuple[str, str, int | None]
"""Kind, unit and member of an account."""


def place(move: Move) -> Place:
    """Which account a move touches."""
    return str(move.kind), str(move.unit), move.member_id


def find(moves: Sequence[Move]) -> dict[Place, Account]:
    """The accounts of some moves, those that are missing made, and what their members owe in these units."""
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


def repaid(moves: Sequence[Move], accounts: dict[Place, Account]) -> dict[Place, int]:
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


def _read(moves: Sequence[Move]) -> dict[Place, Account]:
    members = {move.member_id for move in moves if move.member_id is not None}
    units = {move.unit for move in moves}
    house = {move.kind for move in moves if move.member_id is None}
    rows = Account.objects.filter(
        Q(member__in=members, unit__in=units) | Q(kind__in=house, unit__in=units, member=None)
    )
    return {(row.kind, row.unit, row.member_id): row for row in rows}
