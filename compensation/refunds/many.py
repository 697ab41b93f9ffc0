"""Refunding what is left of thousands of orders in a few statements, as `commands.create` does for one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Collate

from compensation.ledger.many import Gift, give_many
from compensation.models import Order, OrderLine, RefundCause, RefundLine, RefundOrder, RefundStatus, Unit
from compensation.refunds import rules
from compensation.refunds.commands import SEND, within
from config.common import bulk, outbox
from config.common.events import Actor, Happening, record_all

FIRST_ASKED = timedelta(hours=1)


@dataclass(slots=True)
class Rest:
    """What is left of an order; its lines as (order line, quantity, fen)."""

    order_id: int
    member_id: int
    freight_fen: int
    lines: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def fen(self) -> int:
        """All of it; freight alone is not refunded."""
        return sum(fen for _line, _quantity, fen in self.lines) + self.freight_fen if self.lines else 0


def hold_rests(order_ids: Collection[int]) -> dict[int, Rest]:
    """Lock orders and their lines, and say what is left of each; of what was never paid, nothing.

    The caller holds the members: who else refunds anything does so too.
    """
    orders = (
        Order.objects.filter(pk__in=order_ids)
        .order_by(Collate("external_id", "C"))  # as imports lock them
        .select_for_update(no_key=True, of=("self",))
    )
    rests = {
        order.pk: Rest(order.pk, order.member_id, rules.left_freight_fen(order))
        for order in orders
        if rules.was_paid(order)
    }
    lines = (
        OrderLine.objects.filter(order__in=rests)
        .order_by(Collate("external_id", "C"))
        .select_for_update(no_key=True, of=("self",))
    )
    for line in lines:
        if left := rules.left_fen(line):
            rests[line.order_id].lines.append((line.pk, line.quantity, left))
    return rests


@transaction.atomic
def create_many(*, rests: Mapping[int, Rest], actor: Actor, at: datetime) -> None:
    """Refund what is left of each order for the grant that it stands under, and give it to the gateway.

    The caller holds the members, has made the grants in the same transaction, and holds the orders
    (`hold_rests`).
    """
    keys = {f"grant:{grant}": rest for grant, rest in rests.items()}
    is_sent = bool(settings.REFUND_GATEWAY_URL)
    bulk.insert_columns(
        RefundOrder,
        {
            "number": [rules.new_number(at) for _key in keys],
            "key": list(keys),
            "order": [rest.order_id for rest in rests.values()],
            "member": [rest.member_id for rest in rests.values()],
            "grant": list(rests),
            "amount_fen": [rest.fen for rest in rests.values()],
            "freight_fen": [rest.freight_fen for rest in rests.values()],
        },
        {
            "cause": str(RefundCause.GRANT),
            "status": str(RefundStatus.CREATED),
            "created_at": at,
            "due_at": at + within(RefundCause.GRANT),
            "handed_at": at if is_sent else None,
            "ask_at": at + FIRST_ASKED if is_sent else None,
            "tries": 0,
            "asked": 0,
            "reference": "",
            "failure": "",
        },
    )
    made = {
        refund.pk: (refund, keys[refund.key])
        for refund in RefundOrder.objects.filter(key__in=list(keys)).order_by("pk")
    }
    pieces = [(pk, *line) for pk, (_refund, rest) in made.items() for line in rest.lines]
    columns = ("refund", "order_line", "quantity", "amount_fen")
    bulk.insert_columns(RefundLine, dict(zip(columns, map(list, zip(*pieces, strict=True)), strict=True)), {})
    record_all(
        Happening(
            "refund.created", refund, at, actor, {"order": rest.order_id, "amount_fen": refund.amount_fen}
        )
        for refund, rest in made.values()
    )
    if is_sent:
        outbox.put_many(
            SEND,
            keys=[f"refund:{refund.number}" for refund, _rest in made.values()],
            recipients=["gateway"] * len(made),
            payloads=[{"refund": pk} for pk in made],
            at=at,
        )
    for gifts in _a_member_once(
        [Gift(f"refund:{pk}:owed", rest.member_id, rest.fen) for pk, (_refund, rest) in made.items()]
    ):
        give_many(unit=Unit.MONEY, kind="refund.owed", gifts=gifts, actor=actor, at=at)


def _a_member_once(gifts: Sequence[Gift]) -> list[list[Gift]]:
    """The gifts in rounds, of which each has a member at most once."""
    rounds: list[list[Gift]] = []
    had: dict[int, int] = {}
    for gift in gifts:
        place = had.get(gift.member_id, 0)
        had[gift.member_id] = place + 1
        if place == len(rounds):
            rounds.append([])
        rounds[place].append(gift)
    return rounds
