"""Who gets something of a batch: chosen by a source or a list, those who have something already left out."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from compensation.batches import rules
from compensation.batches.sources import LIST, SOURCES
from compensation.models import LIVE, Batch, BatchItem, Coupon, CouponStatus, GrantKind, ItemStatus, LeftOut
from config.common import bulk
from config.common.errors import Invalid

MOST = 200_000
MONEY = (GrantKind.REFUND, GrantKind.PRICE_DIFFERENCE)
"""What a batch that refunds gives less of, where there was some already; nobody is left out for it."""
NAMED = 20
FILL = """
INSERT INTO compensation_batchitem (batch_id, member_id, about, status, why)
SELECT %s, member_id, array_agg(DISTINCT about), 'waiting', ''
FROM ({chosen}) AS chosen (member_id, about) GROUP BY member_id ORDER BY member_id LIMIT %s
"""
PUT = """
INSERT INTO compensation_batchitem (batch_id, member_id, about, status, why)
SELECT %(batch)s, member_id, array_remove(string_to_array(about, ','), ''), 'waiting', ''
FROM unnest(%(members)s::bigint[], %(about)s::text[]) AS listed (member_id, about) ORDER BY member_id
"""
LEAVE_OUT = """
UPDATE compensation_batchitem AS item SET status = 'left_out', why = found.why
FROM (
    SELECT item.id, CASE
        WHEN member.erased_at IS NOT NULL THEN %(erased)s
        WHEN EXISTS (
            SELECT 1 FROM compensation_grant AS given
            WHERE given.member_id = item.member_id AND given.status = ANY(%(live)s)
              AND NOT given.kind = ANY(%(beside)s)
              AND (given.problem = %(problem)s OR given.problem = ANY(item.about)
                   OR 'order:' || given.order_id = ANY(item.about))
        ) THEN %(same_problem)s
        WHEN EXISTS (
            SELECT 1 FROM compensation_grant AS given
            WHERE given.member_id = item.member_id AND given.status = ANY(%(live)s)
              AND NOT given.kind = ANY(%(beside)s)
              AND given.reason_code = %(reason_code)s AND given.requested_at > %(since)s
              AND %(reason_code)s <> ''
        ) THEN %(same_reason)s
        WHEN (
            SELECT count(*) FROM compensation_coupon AS held
            WHERE held.member_id = item.member_id AND held.template_id = %(limited)s
              AND held.status <> 'revoked'
        ) >= %(most)s THEN %(limit)s
        WHEN %(only_refunds)s AND NOT EXISTS (
            SELECT 1 FROM compensation_batchrefund AS back WHERE back.item_id = item.id AND back.why = ''
        ) THEN %(nothing)s END AS why
    FROM compensation_batchitem AS item JOIN compensation_member AS member ON member.id = item.member_id
    WHERE item.batch_id = %(batch)s AND item.status = 'waiting'
      AND (%(ids)s::bigint[] IS NULL OR item.id = ANY(%(ids)s::bigint[]))
) AS found
WHERE item.id = found.id AND found.why IS NOT NULL
RETURNING item.id
"""
HASH = """
SELECT encode(sha256(convert_to(coalesce(string_agg(
    item.member_id || coalesce(back.orders, ''), ',' ORDER BY item.member_id), ''), 'UTF8')), 'hex'),
    count(*), coalesce(sum(back.fen), 0)
FROM compensation_batchitem AS item LEFT JOIN LATERAL (
    SELECT string_agg(':' || order_id || '=' || fen, '' ORDER BY order_id) AS orders, sum(fen) AS fen
    FROM compensation_batchrefund WHERE item_id = item.id AND why = ''
) AS back ON %(refunds)s
WHERE item.batch_id = %(batch)s AND item.status = 'waiting'
"""
CLEAR = """
DELETE FROM compensation_batchrefund AS back USING compensation_batchitem AS item
WHERE item.id = back.item_id AND item.batch_id = %s
"""


class UnknownNumbers(Invalid):
    """A list names what is neither a member nor an order."""

    code = "unknown_numbers"


def problem_of(batch: Batch) -> str:
    """What the grants of a batch are for."""
    return batch.problem or f"batch:{batch.pk}"


def holder_of(batch: Batch) -> str:
    """Under what name a batch holds its part of a budget."""
    return f"batch:{batch.pk}"


def check_total(batch: Batch) -> None:
    """Refuse a batch that would give more coupons of a kind than there may be.

    Raises:
        Invalid: it would.
    """
    template = batch.template
    if template is None or template.total_limit is None:
        return
    given = Coupon.objects.filter(template=template).exclude(status=CouponStatus.REVOKED).count()
    left, wanted = template.total_limit - given, chosen(batch).members
    if wanted > left:
        raise Invalid(
            _("There may be %(left)s more coupons of this kind, and %(wanted)s are wanted.")
            % {"left": max(left, 0), "wanted": wanted}
        )


def choose(batch: Batch) -> None:
    """Choose the members anew by the batch's source; those of a list stay. Hold the batch.

    Raises:
        Invalid: there is no such source, it is not narrowed down, or it finds too many.
    """
    if batch.source == LIST:
        _forget_refunds(batch)
        BatchItem.objects.filter(batch=batch).update(status=ItemStatus.WAITING, why="")
        return
    if batch.source not in SOURCES:
        raise Invalid(_("Choose the members first."))
    statement, values = SOURCES[batch.source].rows(batch.criteria).query.sql_with_params()
    clear(batch)
    with connection.cursor() as cursor:
        cursor.execute(FILL.format(chosen=statement), [batch.pk, *values, MOST + 1])
        found = cursor.rowcount
    _check_number(found)


def fill(batch: Batch, text: str) -> int:
    """Make the members those of a list of member and order numbers, one a line; gives how many.

    Hold the batch.

    Raises:
        UnknownNumbers: lines that name neither, or both; the first of them with their place.
        Invalid: the list is empty or too long.
    """
    lines = list(rules.lines_of(text))
    _check_number(len(lines))
    if not lines:
        raise Invalid(_("The list is empty."))
    numbers = {line.number for line in lines if len(line.number) <= rules.NUMBER_LENGTH}
    members = dict(_named("compensation_member", "id", numbers))
    orders = {
        number: (member, pk) for number, pk, member in _named("compensation_order", "id, member_id", numbers)
    }
    chosen: dict[int, list[str]] = {}
    wrong = []
    for line in lines:
        if (line.number in members) == (line.number in orders):
            said = (
                _("line %(line)s: %(number)s is both a member and an order")
                if line.number in members
                else _("line %(line)s: %(number)s is neither a member nor an order")
            )
            wrong.append(said % {"line": line.place, "number": line.number[: rules.NUMBER_LENGTH]})
        elif line.number in members:
            chosen.setdefault(members[line.number], [])
        else:
            member, order = orders[line.number]
            chosen.setdefault(member, []).append(f"order:{order}")
    if wrong:
        first, more = rules.told(wrong, most=NAMED)
        text = "; ".join(first) + (_(" and %(count)s more") % {"count": more} if more else "")
        raise UnknownNumbers(text, lines=len(wrong))
    clear(batch)
    with connection.cursor() as cursor:
        cursor.execute(
            PUT,
            {
                "batch": batch.pk,
                "members": bulk.array(chosen),
                "about": bulk.texts([",".join(sorted(set(about))) for about in chosen.values()]),
            },
        )
    return len(chosen)


def _named(table: str, columns: str, numbers: Collection[str]) -> list[tuple[Any, ...]]:
    """The rows that bear these numbers of the shop, each after its number; one array, however many."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT external_id, {columns} FROM {table} WHERE external_id = ANY(%s::text[])",  # noqa: S608 - names only
            [bulk.texts(list(numbers))],
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def leave_out(batch: Batch, *, at: datetime, ids: Collection[int] | None = None) -> set[int]:
    """Leave out who was erased or has something live for the same already; gives those items.

    `ids` narrows it to some items. To rely on the answer, hold their members.
    """
    most = batch.template.member_limit if batch.template else None
    values: dict[str, Any] = {
        "batch": batch.pk,
        "live": [str(one) for one in LIVE],
        "problem": problem_of(batch),
        "reason_code": batch.reason_code if batch.same_reason_days else "",
        "since": at - timedelta(days=batch.same_reason_days),
        "limited": batch.template_id if most is not None else None,
        "most": 1 if most is None else most,
        "beside": [str(one) for one in MONEY] if batch.refunds else [],
        "only_refunds": batch.gives_only_refunds,
        "ids": None if ids is None else bulk.array(ids),
        **{str(one): str(one) for one in LeftOut},
    }
    with connection.cursor() as cursor:
        cursor.execute(LEAVE_OUT, values)
        return {row[0] for row in cursor.fetchall()}


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who waits to be given something: the digest of them and their orders' sums, how many, how much back."""

    digest: str
    members: int
    refund_fen: int


def chosen(batch: Batch) -> Chosen:
    """The members who wait, with what of their orders goes back."""
    with connection.cursor() as cursor:
        cursor.execute(HASH, {"batch": batch.pk, "refunds": batch.refunds})
        digest, members, fen = cursor.fetchone()
    return Chosen(str(digest), int(members), int(fen))


def clear(batch: Batch) -> None:
    """Forget whom a batch was for."""
    _forget_refunds(batch)
    with connection.cursor() as cursor:  # Django would read all of them to find out that theirs are gone
        cursor.execute("DELETE FROM compensation_batchitem WHERE batch_id = %s", [batch.pk])


def _forget_refunds(batch: Batch) -> None:
    with connection.cursor() as cursor:
        cursor.execute(CLEAR, [batch.pk])


def _check_number(found: int) -> None:
    if found > MOST:
        raise Invalid(_("A batch holds up to %(most)s members: narrow them down.") % {"most": MOST})
