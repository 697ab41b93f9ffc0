"""What an entry does to the lots of its account, whose lock its transaction holds."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F

from compensation.ledger.rules import LotTerms, Return, Withdrawal
from compensation.models import Entry, Lot, LotFate, LotUse

OPEN = """
WITH opened AS (
    INSERT INTO compensation_lot (account_id, entry_id, order_id, tier_id, rate, rule_version_id, amount,
        remaining, spent, expired, withdrawn, available_from, expires_at)
    VALUES (%(account)s, %(entry)s, %(order)s, %(tier)s, %(rate)s, %(rule)s, %(amount)s,
        %(amount)s - %(gone)s, %(gone)s, 0, 0, %(from)s, %(until)s)
    RETURNING id
)
INSERT INTO compensation_lotuse (entry_id, lot_id, fate, amount)
SELECT %(repaid)s, id, 'spent', %(gone)s FROM opened WHERE %(gone)s > 0
"""
TAKE = """
WITH held AS (
    SELECT id, remaining, sum(remaining) OVER (ORDER BY expires_at NULLS LAST, id) - remaining AS before
    FROM compensation_lot
    WHERE account_id = %(account)s AND remaining > 0 AND available_from <= %(at)s
      AND (expires_at IS NULL OR expires_at > %(at)s)
), part AS (
    SELECT id, least(remaining, %(amount)s - before)::bigint AS amount FROM held WHERE before < %(amount)s
), taken AS (
    UPDATE compensation_lot AS lot
    SET remaining = lot.remaining - part.amount, spent = lot.spent + part.amount
    FROM part WHERE lot.id = part.id
    RETURNING lot.id, part.amount
), used AS (
    INSERT INTO compensation_lotuse (entry_id, lot_id, fate, amount)
    SELECT %(entry)s, id, 'spent', amount FROM taken RETURNING amount
)
SELECT coalesce(sum(amount), 0)::bigint FROM used
"""


def open_lot(
    account_id: int,
    terms: LotTerms,
    *,
    amount: int,
    at: datetime,
    entry: Entry | None = None,
    repaid: Entry | None = None,
) -> None:
    """Hold on the given terms what came in with an entry; `repaid` is the part that went to what was owed.

    The lot is of the whole amount, its repaid part spent at once, so that all of it can be taken back.
    """
    came = entry or repaid
    gone = repaid.amount if repaid else 0
    values: dict[str, Any] = {
        "account": account_id,
        "entry": came.pk if came else None,
        "order": terms.order_id,
        "tier": terms.tier_id,
        "rate": terms.rate,
        "rule": terms.rule_version_id,
        "amount": amount,
        "gone": gone,
        "from": terms.available_from or at,
        "until": terms.expires_at,
        "repaid": repaid.pk if repaid else None,
    }
    with connection.cursor() as cursor:
        cursor.execute(OPEN, values)


def take(entry: Entry, *, at: datetime) -> int:
    """Take what an entry spends from the lots that are usable, those that end soonest first.

    Gives how much there was: less than asked for when the rest is pending or has expired.
    """
    values: dict[str, Any] = {
        "account": entry.account_id,
        "entry": entry.pk,
        "amount": -entry.amount,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(TAKE, values)
        (amount,) = cursor.fetchone()
    return int(amount)


def withdraw(lot: Lot, parts: Withdrawal, entries: Iterable[Entry]) -> None:
    """Note that units of a lot were taken back; `entries` are those of what was held, expired and owed."""
    total = parts.held + parts.expired + parts.owed
    Lot.objects.filter(pk=lot.pk).update(
        remaining=F("remaining") - parts.held,
        expired=F("expired") - parts.expired,
        spent=F("spent") - parts.owed,
        withdrawn=F("withdrawn") + total,
    )
    undone = (None, LotFate.EXPIRED, LotFate.SPENT)
    uses = []
    amounts = [amount for amount in (parts.held, parts.expired, parts.owed) if amount]
    fates = [
        fate for fate, amount in zip(undone, (parts.held, parts.expired, parts.owed), strict=True) if amount
    ]
    for entry, amount, fate in zip(entries, amounts, fates, strict=True):
        uses.append(LotUse(entry=entry, lot=lot, fate=LotFate.WITHDRAWN, amount=amount))
        if fate is not None:
            uses.append(LotUse(entry=entry, lot=lot, fate=fate, amount=-amount))
    LotUse.objects.bulk_create(uses)


def give_back(entry: Entry, returns: dict[Lot, Return], *, at: datetime) -> None:
    """Put what was spent back into the lots it came from; what has no place there becomes a new lot."""
    for lot, part in returns.items():
        if part.back:
            Lot.objects.filter(pk=lot.pk).update(
                remaining=F("remaining") + part.back, spent=F("spent") - part.back
            )
            LotUse.objects.create(entry=entry, lot=lot, fate=LotFate.SPENT, amount=-part.back)
        if part.anew:
            terms = LotTerms(
                lot.available_from,
                lot.expires_at,
                lot.order_id,
                lot.tier_id,
                lot.rate,
                lot.rule_version_id,
            )
            open_lot(lot.account_id, terms, amount=part.anew, at=at, entry=entry)
