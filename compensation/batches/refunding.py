"""The orders that a batch refunds: priced at the dry run, given back where that is still what is left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from compensation.models import Batch, BatchRefund, Grant, GrantKind, GrantLine, GrantStatus, NotRefunded
from compensation.refunds.many import Rest, create_many, hold_rests
from compensation.refunds.rules import BOUGHT
from config.common import bulk
from config.common.events import Happening, record_all

PRICE = """
INSERT INTO compensation_batchrefund (item_id, order_id, fen, why)
SELECT item.id, bought.id, CASE WHEN is_paid THEN left_fen ELSE 0 END,
    CASE WHEN NOT is_paid THEN 'unpaid' WHEN left_fen = 0 THEN 'refunded' ELSE '' END
FROM compensation_batchitem AS item
CROSS JOIN LATERAL (
    SELECT DISTINCT substring(named FROM '^order:([0-9]+)$')::bigint AS id FROM unnest(item.about) AS named
) AS named
JOIN compensation_order AS bought ON bought.id = named.id AND bought.member_id = item.member_id
CROSS JOIN LATERAL (
    SELECT bought.paid_at IS NOT NULL OR bought.status = ANY(%(bought)s) AS is_paid
) AS paid
CROSS JOIN LATERAL (
    SELECT CASE WHEN sum(greatest(line.paid_fen - line.refunded_fen, 0)) > 0
        THEN sum(greatest(line.paid_fen - line.refunded_fen, 0))
            + greatest(bought.freight_fen - bought.refunded_freight_fen, 0)
        ELSE 0 END AS left_fen
    FROM compensation_orderline AS line WHERE line.order_id = bought.id
) AS rest
WHERE item.batch_id = %(batch)s AND item.status = 'waiting'
"""
SETTLE = """
UPDATE compensation_batchrefund AS back SET grant_id = given.grant_id, why = given.why
FROM unnest(%(orders)s::bigint[], %(grants)s::bigint[], %(whys)s::text[]) AS given (pk, grant_id, why)
WHERE back.id = given.pk
"""


@dataclass(frozen=True, slots=True)
class Due:
    """An order of a member in a chunk: what of it is left now, or why nothing of it goes back."""

    pk: int
    member_id: int
    rest: Rest | None
    why: str


def price(batch: Batch) -> None:
    """Put down what is left of every order that a member is chosen for, or why nothing of it goes back."""
    values: dict[str, Any] = {"batch": batch.pk, "bought": [str(status) for status in BOUGHT]}
    with connection.cursor() as cursor:
        cursor.execute(PRICE, values)


def due(batch: Batch, items: Sequence[int]) -> list[Due]:
    """The orders of some items that the dry run priced, held, as they are now.

    What was refunded meanwhile goes back no second time; of what more is left than was approved, nothing
    goes back. The caller holds the members.
    """
    if not batch.refunds:
        return []
    rows = list(
        BatchRefund.objects.filter(item__in=items, why="", grant=None)
        .order_by("pk")
        .values_list("pk", "item__member", "order", "fen")
    )
    rests = hold_rests([order for _pk, _member, order, _fen in rows])
    return [_due(pk, member, rests.get(order), fen) for pk, member, order, fen in rows]


def _due(pk: int, member: int, rest: Rest | None, approved_fen: int) -> Due:
    if rest is None:
        return Due(pk, member, None, NotRefunded.UNPAID.value)
    if not rest.fen or rest.member_id != member:
        return Due(pk, member, None, NotRefunded.REFUNDED.value)
    if rest.fen > approved_fen:
        return Due(pk, member, None, NotRefunded.MORE.value)
    return Due(pk, member, rest, "")


def settle(dues: Sequence[Due], grants: Mapping[int, int]) -> None:
    """Put down what became of the orders: the grant by order, or why there is none."""
    if not dues:
        return
    values: dict[str, Any] = {
        "orders": bulk.array(one.pk for one in dues),
        "grants": bulk.array(grants[one.rest.order_id] if one.rest else None for one in dues),
        "whys": bulk.texts([one.why for one in dues]),
    }
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, values)


def write_grants(
    batch: Batch, rests: Sequence[Rest], *, causes: Sequence[str], same: Mapping[str, Any], at: datetime
) -> dict[int, int]:
    """Write the grants of refunds, approved and on their way; gives their ids by order."""
    bulk.insert_columns(
        Grant,
        {
            "key": causes,
            "cause": causes,
            "member": [rest.member_id for rest in rests],
            "order": [rest.order_id for rest in rests],
            "amount_fen": [rest.fen for rest in rests],
            "cost_fen": [rest.fen for rest in rests],
        },
        {**same, "kind": str(GrantKind.REFUND), "status": str(GrantStatus.APPROVED)},
    )
    known = Grant.objects.filter(key__in=causes).values_list("order", "pk")
    made = {order: pk for order, pk in known if order is not None}
    lines = [(made[rest.order_id], *line) for rest in rests for line in rest.lines]
    columns = ("grant", "order_line", "quantity", "amount_fen")
    bulk.insert_columns(GrantLine, dict(zip(columns, map(list, zip(*lines, strict=True)), strict=True)), {})
    record_all(
        Happening(
            "grant.approved", Grant(pk=made[rest.order_id]), at, batch.decided_by,
            {"cause": cause, "cost_fen": rest.fen, "batch": batch.pk},
        )
        for rest, cause in zip(rests, causes, strict=True)
    )  # fmt: skip
    return made


def pay(batch: Batch, rests: Sequence[Rest], made: Mapping[int, int], *, at: datetime) -> None:
    """Make the refunds of those grants: owed from now on, sent by workers or paid by finance."""
    create_many(rests={made[rest.order_id]: rest for rest in rests}, actor=batch.decided_by, at=at)
