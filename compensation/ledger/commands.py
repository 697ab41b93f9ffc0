"""The ledger's acts: post, take back a part, reverse the whole."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from compensation.ledger import accounts, lots, rules
from compensation.ledger.accounts import Place, place
from compensation.ledger.rules import LotTerms, Move, Return
from compensation.models import LOTTED, Account, AccountKind, Entry, Lot, LotFate, LotUse, Transaction, Unit
from config.common.errors import KeyReused, NotFound, WrongState
from config.common.events import Actor, record
from config.common.idempotency import request_hash

Written = list[tuple[Entry, Move]]

OPEN = f"""
WITH opened AS (
    INSERT INTO compensation_transaction (key, request_hash, kind, at, reverses_id)
    VALUES (%(key)s, %(hash)s, %(kind)s, %(at)s, %(reverses)s) ON CONFLICT DO NOTHING RETURNING id
)
SELECT opened.id, known.* FROM opened LEFT JOIN ({accounts.KNOWN}) AS known ON true
"""  # noqa: S608 -- our own text
WRITE = """
WITH moved AS (
    SELECT * FROM unnest(%(accounts)s::bigint[], %(amounts)s::bigint[]) WITH ORDINALITY
      AS moved(account_id, amount, place)
), held AS (
    SELECT id FROM compensation_account
    WHERE id = ANY(%(accounts)s) AND member_id IS NOT NULL ORDER BY id FOR NO KEY UPDATE
), kept AS (
    UPDATE compensation_account AS account
    SET balance = account.balance + moved.amount, version = account.version + 1
    FROM held JOIN moved ON moved.account_id = held.id
    WHERE account.id = held.id AND (account.floor IS NULL OR account.balance + moved.amount >= account.floor)
    RETURNING account.id, account.balance, account.version
)
INSERT INTO compensation_entry (transaction_id, account_id, amount, balance_after, version)
SELECT %(posted)s, moved.account_id, moved.amount, kept.balance, kept.version
FROM moved LEFT JOIN kept ON kept.id = moved.account_id ORDER BY moved.place
RETURNING id, account_id, balance_after, version
"""


class InsufficientBalance(WrongState):
    """An account has less than would be taken from it."""

    code = "insufficient_balance"
    default = _("There is not enough on the account.")


class AlreadyReversed(WrongState):
    """A transaction is reversed at most once, and a reversal never."""

    code = "already_reversed"
    default = _("This was already taken back.")


class NotReversible(WrongState):
    """What took units back, or ended them, is not undone: what is due is given anew."""

    code = "not_reversible"
    default = _("Points that were taken back or have expired do not come back: give them anew.")


@transaction.atomic
def post(
    *,
    key: str,
    kind: str,
    moves: Sequence[Move],
    actor: Actor,
    at: datetime,
    terms: LotTerms | None = None,
) -> Transaction:
    """Move units between accounts, once for one key; a repeat gives the first transaction again.

    Accounts are made when they are first used and their rows locked in primary-key order. Points that come
    to a member are held on `terms`, what the member owes being repaid first; points that leave are those
    that end soonest. The database proves at the commit that the entries of each unit sum to zero.

    Raises:
        Unbalanced: the moves are not double entry.
        KeyReused: the key came before with other content.
        InsufficientBalance: an account would fall below its floor, or has too little that is usable now.
    """
    rules.check(moves)
    posted, is_new, found = _open(key, rules.content(kind, moves, terms), kind, at, moves=moves)
    if not is_new:
        return posted
    if any(place(move) not in found for move in moves):
        found = accounts.find(moves)
    repaid = accounts.repaid(moves, found)
    parts = [part for move in moves for part in rules.repaying(move, repaid.get(place(move), 0))]
    entries = {place(move): entry for entry, move in _write(posted, parts, found)}
    for move in moves:
        if move.kind != AccountKind.MEMBER or move.unit not in LOTTED:
            continue
        entry = entries.get(place(move))
        if move.amount > 0:
            owed = entries[AccountKind.OWED, move.unit, move.member_id] if repaid.get(place(move)) else None
            held = terms or LotTerms()
            lots.open_lot(found[place(move)], held, amount=move.amount, at=at, entry=entry, repaid=owed)
        elif entry is not None and lots.take(entry, at=at) < -move.amount:
            raise InsufficientBalance
    record("ledger.posted", posted, actor=actor, at=at, what=kind)
    return posted


@transaction.atomic
def withdraw(*, lot_id: int, amount: int, key: str, kind: str, actor: Actor, at: datetime) -> Transaction:
    """Take a part of a lot back, such as the points of an order line that was refunded; once for one key.

    No other lot is touched. What was spent of this one is owed by the member and repaid by what comes later.

    Raises:
        NotFound: there is no such lot.
        Invalid: the lot never had that much, or it was taken back already.
        KeyReused: the key came before with other content.
    """
    posted, is_new, _found = _open(key, ["withdraw", kind, lot_id, amount], kind, at)
    if not is_new:
        return posted
    account = Account.objects.filter(lots=lot_id).first()
    if account is None or account.member_id is None:
        raise NotFound
    unit, member_id = Unit(account.unit), account.member_id
    accounts.lock([member_id], unit)
    lot = Lot.objects.get(pk=lot_id)
    parts = rules.withdrawal(amount, remaining=lot.remaining, expired=lot.expired, spent=lot.spent)
    moves = [
        Move(unit, -parts.held, AccountKind.MEMBER, member_id),
        Move(unit, -parts.expired, AccountKind.EXPIRED),
        Move(unit, -parts.owed, AccountKind.OWED, member_id),
    ]
    moves = [move for move in moves if move.amount]
    written = _write(posted, [*moves, Move(unit, amount, AccountKind.ISSUED)])
    by_move = {move: entry for entry, move in written}
    lots.withdraw(lot, parts, [by_move[move] for move in moves])
    record("ledger.posted", posted, actor=actor, at=at, what=kind)
    return posted


@transaction.atomic
def reverse(*, posted: Transaction, key: str, actor: Actor, at: datetime, owe: bool = False) -> Transaction:
    """Move everything back that a transaction moved; the transaction itself stays.

    What it spent goes back into the very lots it came from. What it gave is taken from the very lot it
    opened; where the member has spent of that, it is refused, or with `owe` booked as owed.

    Raises:
        NotReversible: it took a part of a lot back, or is the end of lots.
        AlreadyReversed: it was reversed before under another key, is itself a reversal, or a part of what
            it gave was taken back.
        InsufficientBalance: what it gave has been used, and may not be owed.
    """
    if posted.reverses_id is not None:
        raise AlreadyReversed(_("A reversal cannot be reversed."))
    if LotUse.objects.filter(entry__transaction=posted).exclude(fate=LotFate.SPENT).exists():
        raise NotReversible
    kind = f"{posted.kind}.reversed"
    undone, is_new, _found = _open(key, ["reverse", posted.pk, owe], kind, at, reverses=posted)
    if not is_new:
        return undone
    undoing = _Undoing(posted, owe=owe)
    written = _write(undone, undoing.moves())
    undoing.carry(written, at=at)
    record("ledger.posted", undone, actor=actor, at=at, what=kind)
    return undone


class _Undoing:
    """What reversing a transaction moves, worked out under the locks of the members' accounts."""

    def __init__(self, posted: Transaction, *, owe: bool) -> None:
        self._sums: dict[Place, int] = {}
        self._withdrawn: list[tuple[Lot, rules.Withdrawal]] = []
        self._returned: dict[Place, dict[Lot, Return]] = {}
        entries = list(posted.entries.select_related("account").order_by("account"))
        members = {
            entry.account.member_id
            for entry in entries
            if entry.account.unit in LOTTED and entry.account.member_id is not None
        }
        self._held = accounts.lock(members, Unit.POINTS) if members else {}
        came = {
            lot.account_id: lot for lot in Lot.objects.filter(entry__in=entries).select_related("account")
        }
        repaid = {
            use.lot_id: use
            for use in LotUse.objects.filter(entry__in=entries, lot__in=[lot.pk for lot in came.values()])
        }
        for lot in came.values():
            use = repaid.get(lot.pk)
            self._take_back(lot, lot.amount, repaid=use.amount if use else 0, owe=owe)
        settled = {use.entry_id for use in repaid.values()}
        for entry in entries:
            held = entry.account
            if entry.pk in settled:
                continue
            if held.kind != AccountKind.MEMBER or held.unit not in LOTTED:
                self._add((held.kind, held.unit, held.member_id), -entry.amount)
            elif entry.amount < 0:
                self._give_back(entry)
            elif held.pk not in came:  # given before there were lots: it is in the one that was made of all
                before = Lot.objects.select_related("account").get(account=held, entry=None)
                self._take_back(before, entry.amount, repaid=0, owe=owe)

    def moves(self) -> list[Move]:
        """The moves that undo the transaction."""
        return [
            Move(Unit(unit), amount, AccountKind(kind), member_id)
            for (kind, unit, member_id), amount in self._sums.items()
            if amount
        ]

    def carry(self, written: Written, *, at: datetime) -> None:
        """Do to the lots what the entries say."""
        by_place = {place(move): entry for entry, move in written}
        for lot, parts in self._withdrawn:
            mine, unit = lot.account.member_id, lot.account.unit
            where: list[tuple[int, Place]] = [
                (parts.held, (AccountKind.MEMBER, unit, mine)),
                (parts.expired, (AccountKind.EXPIRED, unit, None)),
                (parts.owed, (AccountKind.OWED, unit, mine)),
            ]
            lots.withdraw(lot, parts, [by_place[one] for amount, one in where if amount])
        for one, returns in self._returned.items():
            if one in by_place:
                lots.give_back(by_place[one], returns, at=at)

    def _add(self, one: Place, amount: int) -> None:
        self._sums[one] = self._sums.get(one, 0) + amount

    def _take_back(self, lot: Lot, amount: int, *, repaid: int, owe: bool) -> None:
        mine, unit = lot.account.member_id, Unit(lot.account.unit)
        if lot.withdrawn and lot.entry_id is not None:
            raise AlreadyReversed(_("A part of this was already taken back."))
        parts = rules.withdrawal(amount, remaining=lot.remaining, expired=lot.expired, spent=lot.spent)
        if parts.owed > repaid and not owe:
            raise InsufficientBalance
        self._withdrawn.append((lot, parts))
        self._add((AccountKind.MEMBER, unit, mine), -parts.held)
        self._add((AccountKind.EXPIRED, unit, None), -parts.expired)
        self._add((AccountKind.OWED, unit, mine), -parts.owed)

    def _give_back(self, entry: Entry) -> None:
        mine, unit = entry.account.member_id, Unit(entry.account.unit)
        owed = -(self._held[AccountKind.OWED, unit, mine].balance or 0)
        returns = self._returned.setdefault((AccountKind.MEMBER, unit, mine), {})
        for use in entry.lot_uses.filter(fate=LotFate.SPENT).select_related("lot").order_by("pk"):
            part = rules.restoration(use.amount, spent=use.lot.spent, owed=owed)
            owed -= part.repaid
            returns[use.lot] = part
            self._add((AccountKind.MEMBER, unit, mine), part.back + part.anew)
            self._add((AccountKind.OWED, unit, mine), part.repaid)


def _open(
    key: str,
    content: Any,
    kind: str,
    at: datetime,
    *,
    moves: Sequence[Move] = (),
    reverses: Transaction | None = None,
) -> tuple[Transaction, bool, dict[Place, int]]:
    """Begin a transaction, or find the one of this key; a second caller waits for the first to commit.

    Of a new one the accounts of its moves are found in the same breath, as far as there are any.
    """
    digest, before = request_hash(content), reverses.pk if reverses else None
    values: dict[str, Any] = {"key": key, "hash": digest, "kind": kind, "at": at, "reverses": before}
    with connection.cursor() as cursor:
        cursor.execute(OPEN, values | accounts.asked(moves))
        rows = cursor.fetchall()
    if rows:
        names = ["id", "key", "request_hash", "kind", "at", "reverses_id"]
        posted = Transaction.from_db(connection.alias, names, [rows[0][0], key, digest, kind, at, before])
        return posted, True, {(row[2], row[3], row[4]): row[1] for row in rows if row[1] is not None}
    known = Transaction.objects.filter(key=key).first()
    if known is None:
        raise AlreadyReversed
    if known.request_hash != digest:
        raise KeyReused
    return known, False, {}


def _write(posted: Transaction, moves: Iterable[Move], found: dict[Place, int] | None = None) -> Written:
    """Write the entries of a transaction in one statement, the accounts locked in primary-key order.

    A member's balance is left alone when it would fall below its floor; the row's lock is held until the
    commit and keeps the entries' numbers gapless.
    """
    moves = list(moves)
    if found is None or any(place(move) not in found for move in moves):
        found = accounts.find(moves)
    values: dict[str, Any] = {
        "posted": posted.pk,
        "accounts": [found[place(move)] for move in moves],
        "amounts": [move.amount for move in moves],
    }
    with connection.cursor() as cursor:
        cursor.execute(WRITE, values)
        rows = {row[1]: row for row in cursor.fetchall()}
    written = []
    for move in moves:
        pk, account_id, balance, version = rows[found[place(move)]]
        if move.member_id is not None and version is None:
            raise InsufficientBalance
        names = ["id", "transaction_id", "account_id", "amount", "balance_after", "version"]
        values_of = [pk, posted.pk, account_id, move.amount, balance, version]
        written.append((Entry.from_db(connection.alias, names, values_of), move))
    return written
