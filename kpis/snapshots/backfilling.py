"""Taking the figures of a long time anew, a month at a time, with a row that tells how far it is."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, MoveNotAllowed
from config.common.events import record
from config.common.models import User
from kpis.models import Backfill, BackfillState
from kpis.snapshots.commands import take

DAYS_AT_ONCE = 31
LONGEST = 3_700
OPEN = (BackfillState.WAITING, BackfillState.RUNNING)


@transaction.atomic
def ask(*, first: date, last: date, actor: User | None, at: datetime, today: date) -> Backfill:
    """Ask for the figures of some days anew; asked twice while it waits, it is one.

    Raises:
        Invalid: it ends before it begins, lies in the future or is longer than ten years.
    """
    if not first <= last <= today or (last - first).days > LONGEST:
        raise Invalid(_("Choose days from the past, at most ten years."), field="last")
    backfill, is_new = Backfill.objects.get_or_create(
        first=first, last=last, state=BackfillState.WAITING, defaults={"asked_by": actor, "asked_at": at}
    )
    if is_new:
        record("figures.backfill_asked", backfill, actor=actor, at=at, first=f"{first}", last=f"{last}")
    return backfill


@transaction.atomic
def go_on(*, at: datetime) -> bool:
    """Take the next days of the oldest backfill that is open; give whether there was any to do.

    While somebody else is at it there is nothing to do: the others wait for it to end.
    """
    oldest = Backfill.objects.filter(state__in=OPEN).order_by("id").values_list("pk", flat=True).first()
    held = Backfill.objects.select_for_update(skip_locked=True).filter(pk=oldest or 0, state__in=OPEN)
    backfill = held.first()
    if not backfill:
        return False
    first = backfill.done_until + timedelta(1) if backfill.done_until else backfill.first
    last = min(first + timedelta(DAYS_AT_ONCE - 1), backfill.last)
    take(first=first, last=last, at=at)
    backfill.done_until, backfill.state = last, BackfillState.RUNNING
    if last == backfill.last:
        backfill.state, backfill.ended_at = BackfillState.DONE, at
        record("figures.backfill_done", backfill, actor=None, at=at)
    backfill.save(update_fields=["done_until", "state", "ended_at"])
    return True


@transaction.atomic
def stop(*, backfill_id: int, actor: User | None, at: datetime) -> Backfill:
    """Stop a backfill; what it took stays.

    Raises:
        MoveNotAllowed: it has ended.
    """
    backfill = Backfill.objects.select_for_update().get(pk=backfill_id)
    if backfill.state not in OPEN:
        raise MoveNotAllowed(_("It has ended."))
    backfill.state, backfill.ended_at = BackfillState.STOPPED, at
    backfill.save(update_fields=["state", "ended_at"])
    record("figures.backfill_stopped", backfill, actor=actor, at=at)
    return backfill
