"""Grants whose money goes through a refund follow what becomes of it."""

from datetime import datetime

from compensation.grants import giving
from compensation.models import RefundOrder
from compensation.refunds.following import Turn
from config.common.events import Actor


def follow(refund: RefundOrder, turn: Turn, actor: Actor, at: datetime) -> None:
    """Let a grant follow its refund."""
    grant_id = refund.grant_id
    if grant_id is None:
        return
    if turn == Turn.SENT:
        giving.execute(grant_id=grant_id, reference=refund.number, actor=actor, at=at)
    elif turn == Turn.CONFIRMED:
        giving.confirm(grant_id=grant_id, reference=refund.reference or refund.number, actor=actor, at=at)
    elif turn == Turn.FAILED:
        giving.fail(grant_id=grant_id, reason=refund.failure, actor=actor, at=at)
    elif turn == Turn.AGAIN:
        giving.resume(grant_id=grant_id, actor=actor, at=at)
