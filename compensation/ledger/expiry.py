"""Units whose time is over leave their members: many accounts in a few statements."""

from datetime import datetime

from django.db import connection, transaction

from compensation.ledger import accounts
from compensation.models import LOTTED, AccountKind, Transaction
from config.common.events import Happening, record_all

LOCK = """
SELECT id FROM compensation_account
WHERE id IN (
    SELECT account_id FROM compensation_lot WHERE remaining > 0 AND expires_at <= %(at)s
    ORDER BY expires_at LIMIT %(limit)s
)
ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
EXPIRE = """
WITH due AS (
    SELECT id, account_id, remaining AS amount FROM compensation_lot
    WHERE account_id = ANY(%(accounts)s) AND remaining > 0 AND expires_at <= %(at)s
), total AS (
    SELECT account_id, sum(amount)::bigint AS amount FROM due GROUP BY account_id
), kept AS (
    UPDATE compensation_account AS account
    SET balance = account.balance - total.amount, version = account.version + 1
    FROM total WHERE account.id = total.account_id
    RETURNING account.id, account.unit, account.balance, account.version, total.amount
), posted AS (
    INSERT INTO compensation_transaction (key, request_hash, kind, at)
    SELECT 'account:' || id || ':expired:' || version, '', unit || '.expired', %(at)s FROM kept
    RETURNING id, split_part(key, ':', 2)::bigint AS account_id
), gone AS (
    INSERT INTO compensation_entry (transaction_id, account_id, amount, balance_after, version)
    SELECT posted.id, kept.id, -kept.amount, kept.balance, kept.version
    FROM posted JOIN kept ON kept.id = posted.account_id
    RETURNING id, account_id
), house AS (
    INSERT INTO compensation_entry (transaction_id, account_id, amount)
    SELECT posted.id, side.id, kept.amount
    FROM posted JOIN kept ON kept.id = posted.account_id
    JOIN compensation_account AS side
      ON side.kind = 'expired' AND side.unit = kept.unit AND side.member_id IS NULL
), ended AS (
    UPDATE compensation_lot AS lot SET remaining = 0, expired = lot.expired + due.amount
    FROM due WHERE lot.id = due.id
), used AS (
    INSERT INTO compensation_lotuse (entry_id, lot_id, fate, amount)
    SELECT gone.id, due.id, 'expired', due.amount FROM due JOIN gone ON gone.account_id = due.account_id
)
SELECT posted.id, kept.unit FROM posted JOIN kept ON kept.id = posted.account_id ORDER BY posted.id
"""


@transaction.atomic
def expire_due(*, at: datetime, limit: int = 1_000) -> int:
    """Expire what has ended, of lots of up to `limit`; gives how many accounts had some.

    Two passes at once share the work: accounts that somebody else holds are left for the next pass.
    """
    accounts.make([(AccountKind.EXPIRED, unit, None) for unit in LOTTED])
    with connection.cursor() as cursor:
        cursor.execute(LOCK, {"at": at, "limit": limit})
        held = [row[0] for row in cursor.fetchall()]
        if not held:
            return 0
        cursor.execute(EXPIRE, {"accounts": held, "at": at})
        posted = cursor.fetchall()
    record_all(
        Happening("ledger.posted", Transaction(pk=pk), at, None, {"what": f"{unit}.expired"})
        for pk, unit in posted
    )
    return len(posted)
