"""The refund of goods that come back: its clock starts when they arrive, whenever we learn of it."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from compensation.models import OrderStatus
from feedback.clocks import commands as clocks
from feedback.models import Case, CaseKind, Clock, Milestone

BACK = (OrderStatus.RETURNED, OrderStatus.CANCELLED)
BATCH = 200


@transaction.atomic
def start_refunds(*, at: datetime, after: int = 0, limit: int = BATCH) -> int:
    """Start the refund's clock of cases whose goods have come back or whose order was cancelled.

    It begins when that happened, but not before the case was opened. Gives the last case that was looked at,
    to go on `after`; 0 when there is none. Reads the index case_refund. Cases that somebody has locked wait.
    """
    timed = Clock.objects.filter(case=OuterRef("pk"), milestone=Milestone.REFUND)
    cases = (
        Case.objects.filter(
            ~Exists(timed), kind=CaseKind.REFUND, resolved_at=None, order__status__in=BACK, pk__gt=after
        )
        .select_related("order")
        .order_by("pk")
        .select_for_update(no_key=True, skip_locked=True, of=("self",))[:limit]
    )
    last = 0
    for case in cases:
        order = case.order
        moment = (order.returned_at or order.cancelled_at or at) if order else at
        clocks.start(case, Milestone.REFUND, actor=None, at=min(max(moment, case.opened_at), at))
        last = case.pk
    return last
