"""The ledger's two acts: post and reverse."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import Account, AccountKind, Entry, PointsRule, Transaction, Unit
from compensation.points import rules
from compensation.points.rules import Move
from config.common.errors import KeyReused, WrongState
from config.common.events import Actor, record
from config.common.idempotency import request_hash

FLOOR = "account_above_floor"


class InsufficientBalance(WrongState):
    """An account has less than would be taken from it."""

    code = "insufficient_balance"
    default = _("There is not enough on the account.")


class AlreadyReversed(WrongState):
    """A transaction is reversed at most once, and a reversal never."""

    code = "already_reversed"
    default = _("This was already taken back.")


@transaction.atomic
def post(
    *,
    key: str,
    kind: str,
    moves: Sequence[Move],
    actor: Actor,
    at: datetime,
    reverses: Transaction | None = None,
) -> Transaction:
    """Move units between accounts, once for one key; a repeat gives the first transaction again.

    Accounts are made when they are first used and their rows locked in primary-key order. The database
    proves at the commit that the entries of each unit sum to zero.

    Raises:
        Unbalanced: the moves are not double entry.
        KeyReused: the key came before with other content.
        InsufficientBalance: an account would fall below its floor.
        AlreadyReversed: `reverses` was reversed before.
    """
    rules.check(moves)
    digest = request_hash([*rules.content(kind, moves), reverses.pk if reverses else None])
    try:
        with transaction.atomic():
            posted = Transaction.objects.create(
                key=key, request_hash=digest, kind=kind, at=at, reverses=reverses
            )
    except IntegrityError:
        known = Transaction.objects.filter(key=key).first()
        if known is None:
            raise AlreadyReversed from None
        if known.request_hash != digest:
            raise KeyReused from None
        return known
    accounts = _accounts(moves)
    entries = [
        _enter(posted, account, move)
        for account, move in sorted(zip(accounts, moves, strict=True), key=lambda pair: pair[0])
    ]
    Entry.objects.bulk_create(entries)
    record("ledger.posted", posted, actor=actor, at=at, what=kind)
    return posted


@transaction.atomic
def reverse(*, posted: Transaction, key: str, actor: Actor, at: datetime) -> Transaction:
    """Move everything back that a transaction moved; the transaction itself stays.

    Raises:
        AlreadyReversed: it was reversed before under another key, or is itself a reversal.
        InsufficientBalance: what it gave has been used.
    """
    if posted.reverses_id is not None:
        raise AlreadyReversed(_("A reversal cannot be reversed."))
    moves = [
        Move(
            Unit(entry.account.unit),
            -entry.amount,
            member_id=entry.account.member_id,
            house=None if entry.account.member_id else AccountKind(entry.account.kind),
        )
        for entry in posted.entries.select_related("account").order_by("pk")
    ]
    return post(key=key, kind=f"{posted.kind}.reversed", moves=moves, actor=actor, at=at, reverses=posted)


@transaction.atomic
def save_rule(*, rule: PointsRule, actor: Actor, at: datetime) -> PointsRule:
    """Keep what points are worth from now on. What was given stays as it is."""
    rule.save()
    record("pointsrule.saved", rule, actor=actor, at=at, points=rule.points, worth_fen=rule.worth_fen)
    return rule


def _accounts(moves: Sequence[Move]) -> list[int]:
    """The account of each move, made now where there is none."""
    found = _find(moves)
    missing = [move for move in moves if _place(move) not in found]
    if missing:
        # Unique constraints settle who makes it; whoever comes second waits and finds it.
        Account.objects.bulk_create(
            [
                Account(
                    kind=move.house or AccountKind.MEMBER,
                    unit=move.unit,
                    member_id=move.member_id,
                    balance=0 if move.member_id else None,
                )
                for move in missing
            ],
            ignore_conflicts=True,
        )
        found |= _find(missing)
    return [found[_place(move)] for move in moves]


def _find(moves: Iterable[Move]) -> dict[tuple[str, str, int | None], int]:
    members = [move.member_id for move in moves if move.member_id]
    houses = [move.house for move in moves if move.house]
    rows = Account.objects.filter(kind=AccountKind.MEMBER, member__in=members).union(
        Account.objects.filter(kind__in=houses), all=True
    )
    return {(row.kind, row.unit, row.member_id): row.pk for row in rows}


def _place(move: Move) -> tuple[str, str, int | None]:
    return str(move.house or AccountKind.MEMBER), str(move.unit), move.member_id


def _enter(posted: Transaction, account_id: int, move: Move) -> Entry:
    """Write one side of a transaction.

    A member's balance changes in one statement, under the constraint that it may not fall below its floor;
    the row it locks until the commit keeps the entries' numbers gapless.
    """
    entry = Entry(transaction=posted, account_id=account_id, amount=move.amount)
    if move.member_id is None:
        return entry
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE compensation_account SET balance = balance + %s, version = version + 1"
                " WHERE id = %s RETURNING balance, version",
                [move.amount, account_id],
            )
            entry.balance_after, entry.version = cursor.fetchone()
    except IntegrityError as error:
        if FLOOR not in str(error):
            raise
        raise InsufficientBalance from None
    return entry
