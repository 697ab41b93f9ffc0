"""What a movement on the ledger is, and what becomes of a lot when units are taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from compensation.models import OWNED, AccountKind, Unit
from config.common.errors import Invalid

HOUSE = frozenset(AccountKind) - frozenset(OWNED)


class Unbalanced(Invalid):
    """Units would appear from nowhere or vanish."""

    code = "unbalanced"
    default = _("What goes out of one account must come into another.")


@dataclass(frozen=True, slots=True)
class Move:
    """Units into (positive) or out of (negative) one account: a member's, or one side of the house."""

    unit: Unit
    amount: int
    kind: AccountKind = AccountKind.MEMBER
    member_id: int | None = None


@dataclass(frozen=True, slots=True)
class LotTerms:
    """On what terms a member holds what comes in: from when it may be used, until when, and where from."""

    available_from: datetime | None = None
    expires_at: datetime | None = None
    order_id: int | None = None
    tier_id: int | None = None
    rate: Decimal | None = None
    rule_version_id: int | None = None


def given(unit: Unit, amount: int, *, member_id: int) -> tuple[Move, Move]:
    """The house gives units to a member."""
    return Move(unit, -amount, AccountKind.ISSUED), Move(unit, amount, member_id=member_id)


def taken(unit: Unit, amount: int, *, member_id: int, into: AccountKind) -> tuple[Move, Move]:
    """Units leave a member's account: spent, expired or paid out."""
    return Move(unit, -amount, member_id=member_id), Move(unit, amount, into)


def check(moves: Sequence[Move]) -> None:
    """Refuse what is not double entry.

    Raises:
        Unbalanced: no move, an empty one, one account twice, a member's account without a member or one of
            the house with one, or the amounts of a unit do not sum to zero.
    """
    accounts = {(move.unit, move.kind, move.member_id) for move in moves}
    sums: dict[Unit, int] = {}
    for move in moves:
        sums[move.unit] = sums.get(move.unit, 0) + move.amount
        if not move.amount or (move.kind in HOUSE) != (move.member_id is None):
            raise Unbalanced
    if not moves or len(accounts) != len(moves) or any(sums.values()):
        raise Unbalanced


def content(kind: str, moves: Sequence[Move], terms: LotTerms | None = None) -> list[Any]:
    """What makes two postings the same, whatever the order of their moves."""
    rows = sorted([str(move.unit), str(move.kind), move.member_id or 0, move.amount] for move in moves)
    if terms is None:
        return [kind, rows]
    said = [kind, rows, terms.available_from, terms.expires_at, terms.order_id, terms.tier_id, terms.rate]
    return said if terms.rule_version_id is None else [*said, terms.rule_version_id]


def repaying(move: Move, repaid: int) -> list[Move]:
    """What comes to a member as it is written: a part goes to what they owe, the rest to what they have."""
    parts = [
        Move(move.unit, repaid, AccountKind.OWED, move.member_id),
        Move(move.unit, move.amount - repaid, move.kind, move.member_id),
    ]
    return [part for part in parts if part.amount]


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Where units that are taken back from a lot come from."""

    held: int
    """Of what the member still holds of this lot: never of another one."""
    expired: int
    """Of what had expired: the house gave it and had it back already."""
    owed: int
    """Of what was spent: the member owes it."""


def withdrawal(amount: int, *, remaining: int, expired: int, spent: int) -> Withdrawal:
    """Take an amount back from a lot: what is held first, then what expired, and what was spent last.

    Taken back in any parts, a whole lot comes to the same sums.

    Raises:
        Invalid: the lot never had that much, or it was taken back already.
    """
    if not 0 < amount <= remaining + expired + spent:
        raise Invalid(_("More would be taken back than was given."))
    held = min(amount, remaining)
    gone = min(amount - held, expired)
    return Withdrawal(held, gone, amount - held - gone)


@dataclass(frozen=True, slots=True)
class Return:
    """Where units go whose spending is undone."""

    back: int
    """Into the lot that they came from."""
    repaid: int
    """The lot was taken back in the meantime: against what the member owes for it."""
    anew: int
    """And where that was repaid already: to the member, as a lot of its own."""


def restoration(amount: int, *, spent: int, owed: int) -> Return:
    """Give back what was spent of a lot, of which `spent` is still booked so, to a member who owes `owed`."""
    back = min(amount, spent)
    repaid = min(amount - back, owed)
    return Return(back, repaid, amount - back - repaid)
