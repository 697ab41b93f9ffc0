"""What became of remedies that take their time, written to their cases; and the promise to refund, kept.

Read from the event log: whoever confirms a refund holds the member, and may not reach for a case then.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction

from compensation.models import Grant, RefundOrder
from config.common.errors import DomainError
from config.common.events import record
from config.common.following import follow
from config.common.models import Event
from feedback.cases import waiting
from feedback.cases.locking import lock, save
from feedback.models import Case, Clock, Milestone, Remedy
from feedback.remedies import telling

READER = "remedies"
ENDS = {"grant.confirmed": "remedy.confirmed", "grant.failed": "remedy.failed"}
PAID = "refund.confirmed"
logger = logging.getLogger(__name__)


def catch_up(*, at: datetime) -> int:
    """Take up what ended since the last time. Gives how many events were read."""
    return follow(READER, lambda events: _take_up(events, at))


def _take_up(events: Sequence[Event], at: datetime) -> None:
    ended = {event.subject_id: event for event in events if event.kind in ENDS}
    rows = Remedy.objects.filter(grant__in=ended, case__isnull=False).values_list("case", "grant")
    acts: list[tuple[int, Callable[[], None]]] = [
        (case_id, partial(_note, case_id, ended[grant_id], at)) for case_id, grant_id in rows
    ]
    paid = [event.subject_id for event in events if event.kind == PAID]
    acts += [(case_id, partial(_keep, case_id, at)) for case_id in _promised(paid)]
    for case_id, act in sorted(acts, key=lambda one: one[0]):  # cases are locked in this order
        try:
            with transaction.atomic():
                act()
        except DomainError:
            logger.exception("what became of a remedy could not be written to case %s", case_id)


def _promised(refund_ids: Sequence[int]) -> list[int]:
    """The cases that still promise a refund of the orders that were refunded."""
    orders = RefundOrder.objects.filter(pk__in=refund_ids).values("order")
    running = Clock.objects.filter(
        milestone=Milestone.REFUND,
        case__order__in=orders,
        handoff=None,
        met_at=None,
        stopped_at=None,
    )
    return list(running.values_list("case", flat=True).distinct())


def _note(case_id: int, event: Event, at: datetime) -> None:
    case = lock(case_id)
    grant = Grant.objects.select_related("requested_by").get(pk=event.subject_id)
    save(case, news=False)
    kind = ENDS[event.kind]
    record(kind, case, actor=None, at=at, grant=grant.pk, what=grant.kind, cost_fen=grant.cost_fen)
    if kind == "remedy.failed":
        telling.tell_failed(grant, case, at=at)


def _keep(case_id: int, at: datetime) -> None:
    """The refund was paid: that promise of the case is kept. The member was told already."""
    case: Case = lock(case_id)
    if waiting.runs(case, Milestone.REFUND):
        waiting.refunded(case_id=case.pk, actor=None, at=at, tell=False)
