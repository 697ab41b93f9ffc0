"""Running a batch: any number of workers, each a chunk at a time, each chunk in one transaction.

A worker takes items that nobody holds. When it dies, or its connection is cut, the chunk is as if it had
never begun, and somebody takes it up again. A member who cannot be given it is found by halving the chunk,
and stops nobody else.
"""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from compensation.batches import choosing, contents, refunding, rules
from compensation.batches.giving import Recipient, fail, give
from compensation.batches.queries import progress
from compensation.batches.refunding import Due
from compensation.budgets import commands as budgets
from compensation.budgets.stops import Exhausted
from compensation.coupons.refusals import AllGiven
from compensation.models import Batch, BatchItem, BatchStatus, ItemStatus, LeftOut, Member
from compensation.models.batch import Stopped
from config.common.errors import DomainError
from config.common.events import record
from config.common.mail import tell_staff

log = logging.getLogger(__name__)

CHUNK = 1_000
AGAIN = 5  # how often in a row a worker tries after its connection was cut
PAUSE_SECONDS = 0.2
CUT = (OperationalError, InterfaceError)


def run_all(*, now: Callable[[], datetime], seconds: float = 50) -> int:
    """Work on every batch that runs, the oldest first, for so long; gives how many members were settled."""
    until = time.monotonic() + seconds
    done = 0
    for batch_id in (
        Batch.objects.filter(status=BatchStatus.RUNNING).order_by("pk").values_list("pk", flat=True)
    ):
        done += run(batch_id=batch_id, now=now, until=until)
    return done


def run(*, batch_id: int, now: Callable[[], datetime], until: float | None = None, size: int = CHUNK) -> int:
    """Work on a batch until nobody waits whom no other worker holds; gives how many members were settled.

    Raises:
        OperationalError: the database cannot be reached.
    """
    done = cut = 0
    while until is None or time.monotonic() < until:
        try:
            settled = run_chunk(batch_id=batch_id, at=now(), size=size)
            if not settled:
                finish(batch_id=batch_id, at=now())
                return done
            done, cut = done + settled, 0
        except CUT:
            cut += 1
            if connection.in_atomic_block or cut > AGAIN:
                raise
            log.warning("batch %s: the connection was cut, trying again", batch_id)
            connection.close()
            time.sleep(PAUSE_SECONDS * cut)
    return done


class _Stop(Exception):
    """Nobody can be given it now, whoever they are: nothing of the chunk is."""

    def __init__(self, because: Stopped) -> None:
        super().__init__(because)
        self.because = because


def run_chunk(*, batch_id: int, at: datetime, size: int = CHUNK) -> int:
    """Settle the next members whom no other worker holds; gives how many, 0 where there are none.

    Who was erased or got something for the same in the meantime is left out. What can no longer be given
    as it was approved pauses the batch, and so does a budget or a kind of coupon that is used up.
    """
    try:
        return _settle_chunk(batch_id, at, size)
    except _Stop as stop:
        _pause(batch_id, stop.because, at=at)
        return 0


@transaction.atomic
def _settle_chunk(batch_id: int, at: datetime, size: int) -> int:
    batch = Batch.objects.select_related("template", "decided_by").get(pk=batch_id)
    if batch.status != BatchStatus.RUNNING:
        return 0
    if not contents.stands(batch, at=at):
        raise _Stop(Stopped.CHANGED)
    waiting = BatchItem.objects.filter(batch=batch, status=ItemStatus.WAITING)
    items = dict(
        waiting.select_for_update(skip_locked=True).order_by("pk").values_list("member_id", "pk")[:size]
    )
    # As `grants.commands.request` does: nobody else gives them anything until this is decided.
    members = list(
        Member.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=items).order_by("pk")
    )
    left_out = choosing.leave_out(batch, at=at, ids=items.values())
    recipients = _recipients(
        batch, [(items[one.pk], one) for one in members if items[one.pk] not in left_out]
    )
    if batch.gives_only_refunds:
        empty = [one for one in recipients if not one.rests]
        refunding.settle([order for one in empty for order in one.orders], {})
        BatchItem.objects.filter(pk__in=[one.item for one in empty]).update(
            status=ItemStatus.LEFT_OUT, why=LeftOut.NOTHING
        )
        left_out |= {one.item for one in empty}
        recipients = [one for one in recipients if one.rests]
    BatchItem.objects.filter(pk__in=left_out).update(done_at=at)
    _settle(batch, recipients, at=at)
    return len(items)


def _recipients(batch: Batch, chosen: Sequence[tuple[int, Member]]) -> list[Recipient]:
    """Those of a chunk with what is left of their orders; their members are held."""
    orders: dict[int, list[Due]] = {}
    for one in refunding.due(batch, [item for item, _member in chosen]):
        orders.setdefault(one.member_id, []).append(one)
    return [Recipient(item, member, tuple(orders.get(member.pk, ()))) for item, member in chosen]


def _settle(batch: Batch, recipients: Sequence[Recipient], *, at: datetime) -> None:
    """Give to all of them; where that fails, to each half, until who cannot be given it stands alone."""
    if not recipients:
        return
    try:
        with transaction.atomic():
            give(batch, recipients, at=at)
            connection.check_constraints()  # now, while it is known whose they are, not at the commit
    except CUT:
        raise
    except Exhausted as error:
        raise _Stop(Stopped.BUDGET) from error
    except AllGiven as error:
        raise _Stop(Stopped.LIMIT) from error
    except Exception as error:  # whatever it is, the others must get theirs
        if len(recipients) > 1:
            for half in rules.halves(recipients):
                _settle(batch, half, at=at)
            return
        log.exception("batch %s: item %s failed", batch.pk, recipients[0].item)
        with translation.override(settings.LANGUAGE_CODE):
            why = str(error) if isinstance(error, DomainError) else type(error).__name__
        fail(recipients[0].item, why, at=at)
        record("batch.failed_for", batch, actor=None, at=at, item=recipients[0].item, why=why)


@transaction.atomic
def finish(*, batch_id: int, at: datetime) -> bool:
    """End a running batch when nobody waits any more, and tell whoever asked for it."""
    batch = (
        Batch.objects.select_for_update(no_key=True, of=("self",)).select_related("asked_by").get(pk=batch_id)
    )
    waits = BatchItem.objects.filter(batch=batch, status=ItemStatus.WAITING).exists()
    if batch.status != BatchStatus.RUNNING or waits:
        return False
    batch.status, batch.finished_at = BatchStatus.DONE, at
    batch.save(update_fields=["status", "finished_at"])
    budgets.let_go(holder=choosing.holder_of(batch), at=at)  # of who was left out or failed
    found = progress(batch)
    record(
        "batch.done", batch, actor=None, at=at,
        given=found.given, left_out=found.left_out, failed=found.failed,
    )  # fmt: skip
    if batch.asked_by is not None:
        with translation.override(settings.LANGUAGE_CODE):
            tell_staff(
                user=batch.asked_by,
                key=f"batch:{batch.pk}:done",
                subject=_("The batch “%(name)s” is done") % {"name": batch.name},
                body=_("Given: %(given)s. Left out: %(left_out)s. Failed: %(failed)s.")
                % {"given": found.given, "left_out": found.left_out, "failed": found.failed},
                at=at,
            )
    return True


@transaction.atomic
def _pause(batch_id: int, because: Stopped, *, at: datetime) -> None:
    """Pause a batch that cannot go on, and tell whoever asked for it why."""
    batch = (
        Batch.objects.select_for_update(no_key=True, of=("self",)).select_related("asked_by").get(pk=batch_id)
    )
    if batch.status != BatchStatus.RUNNING:
        return
    batch.status, batch.stopped = BatchStatus.PAUSED, because
    batch.save(update_fields=["status", "stopped"])
    record("batch.paused", batch, actor=None, at=at, why=because)
    if batch.asked_by is not None:
        with translation.override(settings.LANGUAGE_CODE):
            tell_staff(
                user=batch.asked_by,
                key=f"batch:{batch.pk}:stopped:{at:%Y%m%d%H%M%S}",
                subject=_("The batch “%(name)s” has stopped") % {"name": batch.name},
                body=str(because.label),
                at=at,
            )
