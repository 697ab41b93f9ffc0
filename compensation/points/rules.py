"""What a movement on the ledger is, and what points are worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from compensation.models import AccountKind, Unit
from config.common.errors import Invalid

HOUSE = frozenset({AccountKind.ISSUED, AccountKind.SPENT, AccountKind.EXPIRED})


class Unbalanced(Invalid):
    """Units would appear from nowhere or vanish."""

    code = "unbalanced"
    default = _("What goes out of one account must come into another.")


@dataclass(frozen=True, slots=True)
class Move:
    """Units into (positive) or out of (negative) one account: a member's, or one side of the house."""

    unit: Unit
    amount: int
    member_id: int | None = None
    house: AccountKind | None = None


def given(unit: Unit, amount: int, *, member_id: int) -> tuple[Move, Move]:
    """The house gives units to a member."""
    return Move(unit, -amount, house=AccountKind.ISSUED), Move(unit, amount, member_id=member_id)


def taken(unit: Unit, amount: int, *, member_id: int, into: AccountKind) -> tuple[Move, Move]:
    """Units leave a member's account: spent or expired."""
    return Move(unit, -amount, member_id=member_id), Move(unit, amount, house=into)


def check(moves: Sequence[Move]) -> None:
    """Refuse what is not double entry.

    Raises:
        Unbalanced: no move, an empty one, one account twice, neither or both sides named, or the amounts
            of a unit do not sum to zero.
    """
    accounts = {(move.unit, move.member_id, move.house) for move in moves}
    sums: dict[Unit, int] = {}
    for move in moves:
        sums[move.unit] = sums.get(move.unit, 0) + move.amount
        if not move.amount or (move.member_id is None) == (move.house is None):
            raise Unbalanced
        if move.house is not None and move.house not in HOUSE:
            raise Unbalanced
    if not moves or len(accounts) != len(moves) or any(sums.values()):
        raise Unbalanced


def content(kind: str, moves: Sequence[Move]) -> list[Any]:
    """What makes two postings the same, whatever the order of their moves."""
    rows = sorted([str(move.unit), str(move.house or ""), move.member_id or 0, move.amount] for move in moves)
    return [kind, rows]


def worth_fen(points: int, *, per_points: int, fen: int) -> int:
    """What points cost the house where `per_points` of them are worth `fen`; part of a fen counts whole."""
    return -(-points * fen // per_points)
