"""The accounts that a movement touches: found, made when first used, locked in primary-key order."""

from collections.abc import Collection, Iterable, Sequence

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


def lock(member_id: int | None, unit: Unit) -> dict[str, Account]:
    """Lock what a member has and owes in a unit, by kind; both accounts are made when they are missing."""
    make([(kind, unit, member_id) for kind in OWNED])
    rows = Account.objects.filter(member=member_id, unit=unit).order_by("pk").select_for_update(no_key=True)
    return {row.kind: row for row in rows}


def repaying(moves: Iterable[Move], accounts: dict[Place, Account]) -> list[Move]:
    """The moves, with what comes to members who owe going to what they owe first."""
    split = []
    for move in moves:
        owed = accounts.get((AccountKind.OWED, str(move.unit), move.member_id))
        if move.kind != AccountKind.MEMBER or move.amount < 0 or move.unit not in LOTTED or owed is None:
            split.append(move)
            continue
        now = lock(move.member_id, move.unit)[AccountKind.OWED].balance or 0
        repaid = min(move.amount, -now)
        if repaid:
            split.append(Move(move.unit, repaid, AccountKind.OWED, move.member_id))
        if move.amount > repaid:
            split.append(Move(move.unit, move.amount - repaid, AccountKind.MEMBER, move.member_id))
    return split


def _read(moves: Sequence[Move]) -> dict[Place, Account]:
    members = {move.member_id for move in moves if move.member_id is not None}
    units = {move.unit for move in moves}
    house = {move.kind for move in moves if move.member_id is None}
    rows = Account.objects.filter(
        Q(member__in=members, unit__in=units) | Q(kind__in=house, unit__in=units, member=None)
    )
    return {(row.kind, row.unit, row.member_id): row for row in rows}
