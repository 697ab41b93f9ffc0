"""Giving the same to thousands of members in a few statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from compensation.ledger import accounts, rules
from compensation.ledger.commands import post
from compensation.ledger.rules import LotTerms, given
from compensation.models import LOTTED, Account, AccountKind, Transaction, Unit
from config.common.errors import Invalid, KeyReused
from config.common.events import Actor, Happening, record_all
from config.common.idempotency import request_hash

OPEN = """
INSERT INTO compensation_transaction (key, request_hash, kind, at)
SELECT key, hash, %(kind)s, %(at)s FROM unnest(%(keys)s::text[], %(hashes)s::text[]) AS asked(key, hash)
ON CONFLICT (key) DO NOTHING RETURNING id, key
"""
OTHERS = """
SELECT asked.key FROM unnest(%(keys)s::text[], %(hashes)s::text[]) AS asked(key, hash)
JOIN compensation_transaction AS known ON known.key = asked.key AND known.request_hash <> asked.hash LIMIT 1
"""
LOCK = """
SELECT id FROM compensation_account
WHERE kind = 'member' AND unit = %(unit)s AND member_id = ANY(%(members)s)
ORDER BY id FOR NO KEY UPDATE
"""
GIVE = """
WITH gift AS (
    SELECT * FROM unnest(%(posted)s::bigint[], %(members)s::bigint[], %(amounts)s::bigint[])
      AS gift(posted, member, amount)
), kept AS (
    UPDATE compensation_account AS account
    SET balance = account.balance + gift.amount, version = account.version + 1
    FROM gift WHERE account.kind = 'member' AND account.unit = %(unit)s AND account.member_id = gift.member
    RETURNING account.id, account.balance, account.version, gift.posted, gift.amount
), house AS (
    INSERT INTO compensation_entry (transaction_id, account_id, amount)
    SELECT kept.posted, side.id, -kept.amount FROM kept, compensation_account AS side
    WHERE side.kind = 'issued' AND side.unit = %(unit)s AND side.member_id IS NULL
), entry AS (
    INSERT INTO compensation_entry (transaction_id, account_id, amount, balance_after, version)
    SELECT posted, id, amount, balance, version FROM kept RETURNING id, account_id, amount
)
INSERT INTO compensation_lot (account_id, entry_id, order_id, tier_id, rate, rule_version_id, amount,
    remaining, spent, expired, withdrawn, available_from, expires_at)
SELECT account_id, id, %(order)s, %(tier)s, %(rate)s, %(rule)s, amount, amount, 0, 0, 0, %(from)s, %(until)s
FROM entry WHERE %(lotted)s
"""


@dataclass(frozen=True, slots=True)
class Gift:
    """So much for one member, once for one key."""

    key: str
    member_id: int
    amount: int


@transaction.atomic
def give_many(
    *, unit: Unit, kind: str, gifts: Sequence[Gift], actor: Actor, at: datetime, terms: LotTerms | None = None
) -> int:
    """Post a gift to each member as `commands.post` would; gives how many were new.

    Raises:
        Invalid: a member is named twice, or an amount is not positive.
        KeyReused: a key came before with other content.
    """
    members = {gift.member_id for gift in gifts}
    if len(members) != len(gifts) or any(gift.amount <= 0 for gift in gifts):
        raise Invalid
    gifts = sorted(gifts, key=lambda gift: gift.member_id)  # accounts are locked in this order
    owing = _owing(members, unit)
    new = 0
    for gift in gifts:
        if gift.member_id in owing:  # what they owe is repaid first, one by one
            before = Transaction.objects.filter(key=gift.key).exists()
            moves = given(unit, gift.amount, member_id=gift.member_id)
            post(key=gift.key, kind=kind, moves=moves, actor=actor, at=at, terms=terms)
            new += not before
    return new + _give(
        [gift for gift in gifts if gift.member_id not in owing], unit, kind, terms, actor=actor, at=at
    )


def _owing(members: set[int], unit: Unit) -> set[int]:
    if unit not in LOTTED:
        return set()
    owed = Account.objects.filter(kind=AccountKind.OWED, unit=unit, member__in=members, balance__lt=0)
    return {row for row in owed.values_list("member", flat=True) if row is not None}


def _give(
    gifts: Sequence[Gift], unit: Unit, kind: str, terms: LotTerms | None, *, actor: Actor, at: datetime
) -> int:
    if not gifts:
        return 0
    accounts.make(
        [(AccountKind.ISSUED, unit, None), *((AccountKind.MEMBER, unit, gift.member_id) for gift in gifts)]
    )
    asked: dict[str, Any] = {
        "keys": [gift.key for gift in gifts],
        "hashes": [
            request_hash(rules.content(kind, given(unit, gift.amount, member_id=gift.member_id), terms))
            for gift in gifts
        ],
        "kind": kind,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(OPEN, asked)
        posted = {key: pk for pk, key in cursor.fetchall()}
        if len(posted) < len(gifts):
            cursor.execute(OTHERS, asked)
            if cursor.fetchone():
                raise KeyReused
        new = [gift for gift in gifts if gift.key in posted]
        if not new:
            return 0
        held = terms or LotTerms()
        values: dict[str, Any] = {
            "unit": unit,
            "posted": [posted[gift.key] for gift in new],
            "members": [gift.member_id for gift in new],
            "amounts": [gift.amount for gift in new],
            "order": held.order_id,
            "tier": held.tier_id,
            "rate": held.rate,
            "rule": held.rule_version_id,
            "from": held.available_from or at,
            "until": held.expires_at,
            "lotted": unit in LOTTED,
        }
        cursor.execute(LOCK, values)
        cursor.execute(GIVE, values)
    record_all(
        Happening("ledger.posted", Transaction(pk=pk), at, actor, {"what": kind})
        for pk in sorted(posted.values())
    )
    return len(new)
