"""Adding the ledger up by day, and holding what was added up against the books.

The house's side of each transaction says what became of units; its negative is what members hold more or
less. Points are told by the lots that they came in, so that what expires is known by what it was given for.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max

from compensation.models import LedgerProof, LedgerRun, LedgerSum

LEAST = 20_000
WAIT_SECONDS = 5.0
PARTS = """
WITH house AS (
    SELECT entry.id, entry.transaction_id, entry.amount AS whole, account.unit, account.kind AS side,
        (posted.at AT TIME ZONE %(zone)s)::date AS day, posted.kind, posted.key
    FROM compensation_entry AS entry JOIN compensation_account AS account ON account.id = entry.account_id
    JOIN compensation_transaction AS posted ON posted.id = entry.transaction_id
    WHERE {bounds} AND account.member_id IS NULL
), used AS (
    SELECT house.day, house.unit, house.side, house.whole, house.kind, house.key, opened.key AS lot_key,
        coalesce(opened.kind, house.kind) AS lot_kind, taken.amount
    FROM house
    JOIN compensation_entry AS entry ON entry.transaction_id = house.transaction_id
    JOIN compensation_lotuse AS taken ON taken.entry_id = entry.id
        AND taken.fate = CASE house.side WHEN 'issued' THEN 'withdrawn' ELSE house.side END
    JOIN compensation_lot AS lot ON lot.id = taken.lot_id
    LEFT JOIN compensation_entry AS first ON first.id = lot.entry_id
    LEFT JOIN compensation_transaction AS opened ON opened.id = first.transaction_id
    WHERE house.unit = 'points'
), part AS (  -- each entry by itself; what lots tell of it comes in by theirs and goes out by its own
    SELECT day, unit, side, whole, kind, key, kind AS source, whole AS amount, 1 AS entries FROM house
    UNION ALL
    SELECT day, unit, side, whole, kind, coalesce(lot_key, key), lot_kind, amount, 1 FROM used
    UNION ALL
    SELECT day, unit, side, whole, kind, key, kind, -amount, -1 FROM used
), told AS (
    SELECT day, unit,
        CASE WHEN side <> 'issued' THEN CASE side WHEN 'spent' THEN 'redeemed' ELSE side END
            WHEN whole < 0 THEN 'given' ELSE 'reversed' END AS flow,
        kind, -amount AS amount, entries, source,
        regexp_match(key, '^(grant|coupon|couponuse|refund):([0-9]{{1,18}}):') AS named
    FROM part
), known AS (
    SELECT told.*,
        CASE WHEN told.named[1] = 'grant' THEN told.named[2]::bigint END AS grant_id,
        CASE WHEN told.named[1] = 'coupon' THEN told.named[2]::bigint END AS coupon_id,
        CASE WHEN told.named[1] = 'couponuse' THEN told.named[2]::bigint END AS use_id,
        CASE WHEN told.named[1] = 'refund' THEN told.named[2]::bigint END AS refund_id
    FROM told
), summed AS (
    SELECT known.day, known.unit, known.flow, known.kind,
        left(coalesce(split_part(given.cause, ':', 1), nullif(split_part(coupon.key, ':', 1), ''),
            refund.cause, known.source), 48) AS cause,
        coalesce(given.department, '') AS department,
        sum(known.amount)::bigint AS amount, sum(known.entries) AS entries
    FROM known
    LEFT JOIN compensation_couponuse AS used ON used.id = known.use_id
    LEFT JOIN compensation_coupon AS coupon ON coupon.id = coalesce(known.coupon_id, used.coupon_id)
    LEFT JOIN compensation_refundorder AS refund ON refund.id = known.refund_id
    LEFT JOIN compensation_grant AS given
        ON given.id = coalesce(known.grant_id, coupon.grant_id, refund.grant_id)
    GROUP BY 1, 2, 3, 4, 5, 6
)
"""
NEW = PARTS.format(bounds="entry.id > %(after)s AND entry.id <= %(upto)s")
LIVE = PARTS.format(bounds="entry.id > %(after)s")
KEPT = """
SELECT day, unit, flow, kind, cause, department, amount, entries FROM compensation_ledgersum
WHERE run_id IN (SELECT id FROM compensation_ledgerrun WHERE upto <= %(after)s)
"""
"""The sums up to an entry; with what is LIVE after it they are of one moment, whoever adds up meanwhile."""
ALL = PARTS.format(bounds="entry.id <= (SELECT coalesce(max(upto), 0) FROM compensation_ledgerrun)")
KEEP = (
    NEW
    + """
INSERT INTO compensation_ledgersum (run_id, day, unit, flow, kind, cause, department, amount, entries)
SELECT %(run)s, day, unit, flow, kind, cause, department, amount, entries FROM summed WHERE amount <> 0
"""
)
DIFFER = (
    ALL  # noqa: S608 - our own text
    + """
, kept AS (
    SELECT day, unit, flow, kind, cause, department, sum(amount)::bigint AS amount
    FROM compensation_ledgersum GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT day, unit, flow, kind, cause, department, coalesce(kept.amount, 0), coalesce(summed.amount, 0)
FROM summed FULL JOIN kept USING (day, unit, flow, kind, cause, department)
WHERE coalesce(kept.amount, 0) <> coalesce(summed.amount, 0)
ORDER BY 1, 2, 3, 4, 5, 6
"""
)
PROVE = (
    LIVE  # noqa: S608 - our own text
    + f", kept AS ({KEPT})"
    + """
, added AS (
    SELECT unit, sum(amount)::bigint AS amount FROM (
        SELECT unit, amount FROM summed UNION ALL SELECT unit, amount FROM kept
    ) AS both_parts GROUP BY unit
), held AS (
    SELECT unit, sum(balance)::bigint AS amount, count(*) AS holders FROM compensation_account
    WHERE member_id IS NOT NULL GROUP BY unit
)
INSERT INTO compensation_ledgerproof (unit, at, sums, balances, holders)
SELECT unit, %(at)s, coalesce(added.amount, 0), coalesce(held.amount, 0), coalesce(held.holders, 0)
FROM added FULL JOIN held USING (unit)
ON CONFLICT (unit) DO UPDATE
SET at = excluded.at, sums = excluded.sums, balances = excluded.balances, holders = excluded.holders
"""
)
TOTALS = (
    LIVE  # noqa: S608 - our own text
    + f", kept AS ({KEPT})"
    + """
SELECT unit, flow, kind, cause, department, day < %(since)s AS before, sum(amount)::bigint,
    sum(entries)::bigint
FROM (
    SELECT day, unit, flow, kind, cause, department, amount, entries FROM summed
    UNION ALL
    SELECT day, unit, flow, kind, cause, department, amount, entries FROM kept
) AS both_parts
WHERE day < %(until)s
GROUP BY 1, 2, 3, 4, 5, 6
"""
)
# Whoever has taken a smaller number of an entry has a smaller number of a transaction than this one. The
# snapshot's xmax would not do: it is one past the last that has ended, and others beyond it may be running.
MARK = "SELECT (SELECT coalesce(max(id), 0) FROM compensation_entry), pg_current_xact_id()::text"
SETTLED = """
SELECT NOT EXISTS (
    SELECT FROM pg_snapshot_xip(pg_current_snapshot()) AS running (number)
    WHERE running.number < %s::xid8 AND running.number IS DISTINCT FROM pg_current_xact_id_if_assigned()
)
"""
ZONE = {"zone": settings.TIME_ZONE}


@dataclass(frozen=True, slots=True)
class Difference:
    """A sum that is not what its entries come to."""

    day: date
    unit: str
    flow: str
    kind: str
    cause: str
    department: str
    kept: int
    should: int


def roll_up(*, at: datetime, least: int = 1) -> LedgerRun | None:
    """Add up the entries since the last time, when there are `least`; None where there are fewer.

    Numbers of entries do not commit in order: nothing is added up before every transaction that may have a
    smaller number has ended. Where that takes too long, it is left to the next time. Two at once share
    nothing: one waits and finds less to do. Call it outside a transaction.
    """
    upto = _settled()
    if upto is None:
        return None
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE compensation_ledgerrun IN SHARE ROW EXCLUSIVE MODE")
        after = _added()
        if upto - after < max(least, 1):
            return None
        run = LedgerRun.objects.create(upto=upto, at=at, entries=upto - after)
        cursor.execute(KEEP, {**ZONE, "after": after, "upto": upto, "run": run.pk})
    return run


@transaction.atomic
def prove(*, at: datetime) -> list[LedgerProof]:
    """Hold the sums, with what came since, against all balances; in one statement, so of one moment."""
    with connection.cursor() as cursor:
        cursor.execute(PROVE, {**ZONE, "at": at, "after": _added()})
    return list(LedgerProof.objects.order_by("unit"))


def differences() -> Iterator[Difference]:
    """Recompute all sums from the entries, and give those that differ."""
    with connection.cursor() as cursor:
        cursor.execute(DIFFER, ZONE)
        for row in cursor.fetchall():
            yield Difference(*row)


@transaction.atomic
def correct(*, at: datetime) -> int:
    """Add what is missing to sums that differ; nothing that was written is changed. Gives how many."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE compensation_ledgerrun IN SHARE ROW EXCLUSIVE MODE")
    found = list(differences())
    if found:
        last = LedgerRun.objects.order_by("-upto")[:1].values_list("upto", flat=True).get()
        run = LedgerRun.objects.create(upto=last, at=at, is_correction=True)
        LedgerSum.objects.bulk_create(
            LedgerSum(
                run=run, day=one.day, unit=one.unit, flow=one.flow, kind=one.kind, cause=one.cause,
                department=one.department, amount=one.should - one.kept,
            )
            for one in found
        )  # fmt: skip
    return len(found)


def totals(*, since: date, until: date) -> list[tuple[Any, ...]]:
    """What was added up and what came since, of one moment, up to a day.

    As (unit, flow, kind, cause, department, whether before the period, amount, entries).
    """
    with connection.cursor() as cursor:
        cursor.execute(TOTALS, {**ZONE, "since": since, "until": until, "after": _added()})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _added() -> int:
    """The last entry that was added up. A number in the statement, not a query: the plan depends on it."""
    return LedgerRun.objects.aggregate(upto=Max("upto"))["upto"] or 0


def _settled() -> int | None:
    """The last entry before which no other is still to come; None where somebody takes too long."""
    until = time.monotonic() + WAIT_SECONDS
    with connection.cursor() as cursor:
        cursor.execute(MARK)
        upto, running = cursor.fetchone()
        while True:
            cursor.execute(SETTLED, [running])
            if cursor.fetchone()[0]:
                return int(upto)
            if time.monotonic() > until:
                return None
            time.sleep(0.05)
