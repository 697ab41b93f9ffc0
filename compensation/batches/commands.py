"""What can happen to a batch: made, changed, counted, asked for, decided, paused, resumed, cancelled.

Everything until the decision may be changed; a change makes it a draft again, and what was asked is void.
What is approved is run by workers: see `running`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.authority.queries import batch_backing, batch_limit_fen
from compensation.batches import capping, choosing, contents, refunding
from compensation.batches.choosing import Chosen
from compensation.batches.sources import LIST
from compensation.budgets import commands as budgets
from compensation.grants.commands import AlreadyDecided, AuthorityTooSmall, OwnRequest
from compensation.grants.giving import text
from compensation.models import Batch, BatchItem, BatchStatus, CouponTemplate, ItemStatus
from compensation.models.batch import OPEN_TO_CHANGE
from config.common.errors import Invalid, NotPermitted, Stale, WrongState
from config.common.events import record
from config.common.models import User
from config.common.money import display

ASK = "compensation.add_batch"
APPROVE = "compensation.approve_batch"
NAME_LENGTH, CODE_LENGTH, PROBLEM_LENGTH, MESSAGE_LENGTH = 120, 40, 120, 1000
MOST_DAYS = 3650
MOVES = {
    BatchStatus.PAUSED: "batch.paused",
    BatchStatus.RUNNING: "batch.resumed",
    BatchStatus.CANCELLED: "batch.cancelled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is given and why, as people fill it in."""

    name: str
    refunds: bool = False
    template: CouponTemplate | None = None
    points: int | None = None
    reason: str
    reason_code: str = ""
    department: str = ""
    problem: str = ""
    same_reason_days: int = 30
    message: str = ""


@transaction.atomic
def create(*, terms: Terms, actor: User, at: datetime) -> Batch:
    """Begin a batch.

    Raises:
        NotPermitted: the actor may not ask for batches.
        Invalid: the content is not what its kind needs, or a name or reason is missing.
    """
    _check_may(actor, ASK)
    batch = Batch(created_by=actor, created_at=at)
    _fill(batch, terms)
    batch.save()
    record("batch.created", batch, actor=actor, at=at)
    return batch


@transaction.atomic
def change(*, batch_id: int, terms: Terms, actor: User, at: datetime) -> Batch:
    """Change what is given or why. It is a draft again.

    Raises:
        NotPermitted, Invalid: see `create`.
        WrongState: it was approved.
    """
    batch = _lock_open(batch_id, actor)
    _fill(batch, terms)
    _to_draft(batch)
    batch.changed_by = actor
    batch.save()
    record("batch.changed", batch, actor=actor, at=at)
    return batch


@transaction.atomic
def choose(
    *, batch_id: int, source: str, criteria: Mapping[str, Any] | None = None, listed: str = "",
    actor: User, at: datetime,
) -> Batch:  # fmt: skip
    """Say whom it is for: by a source's criteria, or by a list of numbers. It is a draft again.

    Raises:
        NotPermitted, WrongState: see `change`.
        Invalid: the criteria are too wide, or a line of the list names nobody.
    """
    batch = _lock_open(batch_id, actor)
    batch.source, batch.criteria = source, dict(criteria or {})
    if source == LIST:
        batch.criteria = {"members": choosing.fill(batch, listed)}
    else:
        choosing.choose(batch)
    _to_draft(batch)
    batch.changed_by = actor
    batch.save()
    record("batch.chosen", batch, actor=actor, at=at, source=source)
    return batch


@transaction.atomic
def count(*, batch_id: int, actor: User, at: datetime) -> Batch:
    """The dry run: choose anew, leave out who has something already, price it, count who is beyond a cap.

    Nothing is given.

    Raises:
        NotPermitted, WrongState: see `change`.
        Invalid: no members were chosen yet, or there are too many, also for the kind of coupon.
        NotGiven: the kind of coupon is switched off.
    """
    batch = _lock_open(batch_id, actor)
    choosing.choose(batch)
    if batch.refunds:
        refunding.price(batch)
    choosing.leave_out(batch, at=at)
    choosing.check_total(batch)
    batch.each_fen = contents.price(batch)
    _to_draft(batch)
    batch.status, batch.counted_at = BatchStatus.COUNTED, at
    chosen = choosing.chosen(batch)
    batch.list_hash, batch.members, batch.refund_fen = chosen.digest, chosen.members, chosen.refund_fen
    batch.at_caps = capping.members_beyond(batch, at=at)
    batch.content_hash = contents.digest(batch)
    batch.save()
    record("batch.counted", batch, actor=actor, at=at, members=batch.members, cost_fen=batch.total_fen)
    return batch


@transaction.atomic
def ask(*, batch_id: int, content_hash: str, actor: User, at: datetime) -> Batch:
    """Ask for the approval of what the dry run showed.

    Raises:
        NotPermitted: the actor may not ask for batches.
        WrongState: there was no dry run since the last change.
        Stale: it was changed since the actor looked.
        Invalid: nobody would be given anything.
    """
    batch = _lock_open(batch_id, actor)
    if batch.status != BatchStatus.COUNTED:
        raise WrongState(_("Do a dry run first."))
    if content_hash != batch.content_hash:
        raise Stale
    if not batch.members:
        raise Invalid(_("Nobody would be given anything."))
    batch.status, batch.asked_by, batch.asked_at = BatchStatus.ASKED, actor, at
    batch.save(update_fields=["status", "asked_by", "asked_at"])
    record(
        "batch.asked", batch, actor=actor, at=at, members=batch.members, cost_fen=batch.total_fen,
        content=batch.content_hash,
    )  # fmt: skip
    return batch


@transaction.atomic
def approve(*, batch_id: int, content_hash: str, actor: User, note: str = "", at: datetime) -> Batch:
    """Approve exactly what the approver saw, to exactly those members; workers take it up.

    Raises:
        NotPermitted: the actor may not approve batches.
        OwnRequest: the actor asked for it, made it or changed it last.
        AlreadyDecided: it no longer waits.
        Stale: its content or its list was changed since the approver looked.
        AuthorityTooSmall: it comes to more than the actor may approve.
        NotGiven: the kind of coupon was switched off.
        BudgetEmpty: the budget of its department and reason has not so much left.
    """
    batch = _lock_asked(batch_id, actor)
    if content_hash != batch.content_hash:
        raise Stale
    if choosing.chosen(batch) != Chosen(batch.list_hash, batch.members, batch.refund_fen):
        raise Stale
    if contents.price(batch) != batch.each_fen or contents.digest(batch) != content_hash:
        raise Stale
    holder = batch_backing(actor, batch.total_fen, requester_id=batch.asked_by_id, at=at)
    if holder is None:
        raise AuthorityTooSmall(
            _("This comes to %(amount)s; you may approve batches up to %(limit)s.")
            % {"amount": display(batch.total_fen), "limit": display(batch_limit_fen(actor))}
        )
    budgets.hold(
        holder=choosing.holder_of(batch),
        department=batch.department,
        reason_code=batch.reason_code,
        fen=batch.total_fen,
        at=at,
    )
    batch.on_behalf_of = holder if holder.pk != actor.pk else None
    _decide(batch, BatchStatus.RUNNING, note, actor, at)
    record(
        "batch.approved", batch, actor=actor, at=at, members=batch.members, cost_fen=batch.total_fen,
        content=batch.content_hash,
    )  # fmt: skip
    return batch


@transaction.atomic
def refuse(*, batch_id: int, actor: User, note: str, at: datetime) -> Batch:
    """Refuse what was asked for, saying why. It may be changed and asked for anew.

    Raises:
        NotPermitted, OwnRequest, AlreadyDecided: see `approve`.
        Invalid: there is no reason.
    """
    note = text(note, _("Say why this is refused."))
    batch = _lock_asked(batch_id, actor)
    _decide(batch, BatchStatus.REFUSED, note, actor, at)
    record("batch.refused", batch, actor=actor, at=at)
    return batch


@transaction.atomic
def pause(*, batch_id: int, actor: User, at: datetime) -> Batch:
    """Stop workers from beginning anything more. What they hold at this moment is finished.

    Raises:
        NotPermitted: the actor may neither ask for nor approve batches.
        WrongState: it does not run.
    """
    return _move(batch_id, (BatchStatus.RUNNING,), BatchStatus.PAUSED, actor=actor, at=at)


@transaction.atomic
def resume(*, batch_id: int, actor: User, at: datetime) -> Batch:
    """Let workers go on where they stopped.

    Raises:
        NotPermitted: the actor may neither ask for nor approve batches.
        WrongState: it is not paused, or can no longer be given as it was approved.
    """
    batch = _move(batch_id, (BatchStatus.PAUSED,), BatchStatus.RUNNING, actor=actor, at=at)
    if not contents.stands(batch, at=at):
        raise WrongState(
            _("It can no longer be given as it was approved: put that right, or cancel the rest.")
        )
    return batch


@transaction.atomic
def cancel(*, batch_id: int, actor: User, at: datetime) -> Batch:
    """Give nothing to those who have not been given anything yet. What was given stays given.

    Raises:
        NotPermitted: the actor may neither ask for nor approve batches.
        WrongState: it was not approved, or is finished.
    """
    before = (BatchStatus.RUNNING, BatchStatus.PAUSED)
    batch = _move(batch_id, before, BatchStatus.CANCELLED, actor=actor, at=at)
    # waits for those that a worker holds, and leaves alone what it has given
    waiting = BatchItem.objects.filter(batch=batch, status=ItemStatus.WAITING)
    waiting.update(status=ItemStatus.CANCELLED, done_at=at)
    budgets.let_go(holder=choosing.holder_of(batch), at=at)
    return batch


def may_steer(user: User) -> bool:
    """Whether somebody may pause, resume and cancel."""
    return user.has_perm(ASK) or user.has_perm(APPROVE)


def _fill(batch: Batch, terms: Terms) -> None:
    batch.name = text(terms.name, _("Give it a name."))[:NAME_LENGTH]
    batch.refunds = terms.refunds
    batch.template, batch.points = terms.template, terms.points
    batch.reason = text(terms.reason, _("Say why this is given."))
    batch.reason_code = _plain(terms.reason_code, CODE_LENGTH)
    batch.department = _plain(terms.department, CODE_LENGTH)
    batch.problem = _plain(terms.problem, PROBLEM_LENGTH)
    batch.message = _plain(terms.message, MESSAGE_LENGTH)
    if not 0 <= terms.same_reason_days <= MOST_DAYS:
        raise Invalid(_("Choose a number of days from 0 to %(most)s.") % {"most": MOST_DAYS})
    batch.same_reason_days = terms.same_reason_days
    batch.each_fen = contents.price(batch)


def _plain(said: str, length: int) -> str:
    said = said.replace("\0", "").strip()
    if len(said) > length:
        raise Invalid(_("At most %(length)s characters: %(text)s…") % {"length": length, "text": said[:20]})
    return said


def _to_draft(batch: Batch) -> None:
    batch.status, batch.counted_at = BatchStatus.DRAFT, None
    batch.content_hash = batch.list_hash = ""
    batch.members = batch.refund_fen = batch.at_caps = 0
    batch.asked_by = batch.asked_at = None
    batch.decided_by = batch.decided_at = batch.on_behalf_of = None
    batch.note = ""


def _decide(batch: Batch, status: BatchStatus, note: str, actor: User, at: datetime) -> None:
    batch.status, batch.decided_by, batch.decided_at, batch.note = status, actor, at, note.strip()[:500]
    batch.save(update_fields=["status", "decided_by", "decided_at", "note", "on_behalf_of"])


def _lock(batch_id: int) -> Batch:
    return (
        Batch.objects.select_for_update(no_key=True, of=("self",)).select_related("template").get(pk=batch_id)
    )


def _lock_open(batch_id: int, actor: User) -> Batch:
    _check_may(actor, ASK)
    batch = _lock(batch_id)
    if batch.status not in OPEN_TO_CHANGE:
        raise WrongState(_("It was approved: it can be paused or cancelled, not changed."))
    return batch


def _lock_asked(batch_id: int, actor: User) -> Batch:
    _check_may(actor, APPROVE)
    batch = _lock(batch_id)
    if batch.status != BatchStatus.ASKED:
        raise AlreadyDecided(_("It stands at: %(status)s.") % {"status": batch.get_status_display()})
    if batch.asked_by_id == actor.pk:
        raise OwnRequest
    if actor.pk in {batch.created_by_id, batch.changed_by_id}:
        raise OwnRequest(_("You have made or changed this yourself: somebody else has to decide."))
    return batch


def _move(
    batch_id: int, before: tuple[BatchStatus, ...], after: BatchStatus, *, actor: User, at: datetime
) -> Batch:
    _check_may(actor, ASK, APPROVE)
    batch = _lock(batch_id)
    if batch.status not in before:
        raise WrongState(_("It stands at: %(status)s.") % {"status": batch.get_status_display()})
    batch.status, batch.stopped = after, ""
    batch.finished_at = at if after == BatchStatus.CANCELLED else None
    batch.save(update_fields=["status", "stopped", "finished_at"])
    record(MOVES[after], batch, actor=actor, at=at)
    return batch


def _check_may(actor: User, *permissions: str) -> None:
    if not any(actor.has_perm(name) for name in permissions):
        raise NotPermitted
