"""What becomes of a grant that was decided for: carried out, confirmed, failed, or taken back.

A budget has one place to be reserved (`give`), one to be spent (`_left_the_house`), and is released where a
grant ends otherwise (`fail`, `reverse`); what was refused or withdrawn had not reserved anything.
"""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from compensation.authority.queries import APPROVE
from compensation.budgets import commands as budgets
from compensation.grants.approval import lock_member
from compensation.grants.handlers import handler_of
from compensation.models import GIVEN, Grant, GrantStatus
from config.common.errors import Invalid, NotPermitted, WrongState
from config.common.events import Actor, record
from config.common.models import User

TEXT_LENGTH = 500
OUTCOME_LENGTH = 200


def text(said: str, missing: object) -> str:
    """What somebody wrote, which must be something.

    Raises:
        Invalid: nothing, or too much.
    """
    said = said.replace("\0", "").strip()
    if not said:
        raise Invalid(str(missing))
    if len(said) > TEXT_LENGTH:
        raise Invalid(_("The text is too long: 500 characters at most."))
    return said


def give(grant: Grant, *, actor: Actor, at: datetime, may_pass: bool = False) -> None:
    """Carry out what was decided, in the transaction of the decision; the caller holds member and grant.

    Caps and the budget come first: what they refuse has changed nothing. With `may_pass` an approver decides,
    who may go beyond a cap.

    Raises:
        WrongState: the member's data was erased.
        DomainError: it can no longer be given; see the kind's handler.
        CapReached, BudgetEmpty: see budgets.commands.reserve.
    """
    if grant.member.erased_at is not None:
        raise WrongState(_("The data of this member was erased."))
    handler = handler_of(grant.kind)
    handler.check(grant)
    budgets.reserve(grant=grant, rule_code=grant.rule_code, at=at, may_pass=may_pass)
    grant.status, grant.decided_at = GrantStatus.APPROVED, at
    if handler.is_at_once:
        grant.status, grant.executed_at, grant.confirmed_at = GrantStatus.CONFIRMED, at, at
    grant.save(
        update_fields=[
            "status", "decided_by", "decided_at", "decision_note", "executed_at", "confirmed_at",
        ]
    )  # fmt: skip
    handler.begin(grant, actor=actor, at=at)
    if handler.is_at_once:
        _left_the_house(grant, actor=actor, at=at)
    else:
        record("grant.approved", grant, actor=actor, at=at, cause=grant.cause, cost_fen=grant.cost_fen)


@transaction.atomic
def execute(*, grant_id: int, reference: str = "", actor: Actor, at: datetime) -> Grant:
    """Note that an approved grant was carried out, under the number of whoever did; again changes nothing.

    Raises:
        WrongState: it is neither approved nor carried out.
    """
    grant = _lock(grant_id)
    if grant.status in GIVEN:
        return grant
    _check(grant, GrantStatus.APPROVED)
    grant.status, grant.executed_at = GrantStatus.EXECUTED, at
    grant.outcome = reference.strip()[:OUTCOME_LENGTH]
    grant.save(update_fields=["status", "executed_at", "outcome"])
    _left_the_house(grant, actor=actor, at=at)
    return grant


@transaction.atomic
def confirm(*, grant_id: int, reference: str = "", actor: Actor, at: datetime) -> Grant:
    """Note that the member has it; again changes nothing. That it was carried out may be heard of later.

    Raises:
        WrongState: it is not on its way.
    """
    grant = _lock(grant_id)
    if grant.status == GrantStatus.CONFIRMED:
        return grant
    _check(grant, GrantStatus.APPROVED, GrantStatus.EXECUTED)
    was_out = grant.status == GrantStatus.EXECUTED
    grant.status, grant.confirmed_at = GrantStatus.CONFIRMED, at
    grant.executed_at = grant.executed_at or at
    grant.outcome = reference.strip()[:OUTCOME_LENGTH] or grant.outcome
    grant.save(update_fields=["status", "executed_at", "confirmed_at", "outcome"])
    if not was_out:
        _left_the_house(grant, actor=actor, at=at)
    record("grant.confirmed", grant, actor=actor, at=at, cause=grant.cause)
    return grant


@transaction.atomic
def fail(*, grant_id: int, reason: str, was_lost: bool = False, actor: Actor, at: datetime) -> Grant:
    """Note that a grant on its way could not be given; again changes nothing. Its cause is free again.

    With `was_lost` it was carried out, and never came to the member though it was said so.

    Raises:
        WrongState: it is not on its way, or was not carried out and cannot be lost.
        Invalid: there is no reason.
    """
    reason = text(reason, _("Say why it failed."))
    grant = _lock(grant_id)
    if grant.status == GrantStatus.FAILED:
        return grant
    _check(grant, *(GIVEN if was_lost else (GrantStatus.APPROVED, GrantStatus.EXECUTED)))
    grant.status, grant.ended_at, grant.outcome = GrantStatus.FAILED, at, reason[:OUTCOME_LENGTH]
    grant.confirmed_at = None
    grant.save(update_fields=["status", "ended_at", "outcome", "confirmed_at"])
    budgets.release(grant=grant, at=at)
    record("grant.failed", grant, actor=actor, at=at, cause=grant.cause, was_lost=was_lost)
    return grant


@transaction.atomic
def resume(*, grant_id: int, actor: Actor, at: datetime) -> Grant:
    """Set a grant that failed on its way again; what was approved is what is tried.

    Raises:
        WrongState: it has not failed, or something else was granted for the same cause meanwhile.
        BudgetEmpty: its budget has not so much left any more.
    """
    grant = _lock(grant_id)
    _check(grant, GrantStatus.FAILED)
    grant.status, grant.executed_at, grant.ended_at = GrantStatus.APPROVED, None, None
    grant.outcome = ""
    try:
        with transaction.atomic():
            grant.save(update_fields=["status", "executed_at", "ended_at", "outcome"])
    except IntegrityError as error:
        raise WrongState(_("Something else was granted for the same cause meanwhile.")) from error
    budgets.reserve_again(grant=grant, at=at)
    record("grant.resumed", grant, actor=actor, at=at, cause=grant.cause)
    return grant


@transaction.atomic
def reverse(*, grant_id: int, actor: User, note: str, at: datetime) -> Grant:
    """Take back what was given, as long as the member has not used it. Its cause may be granted for anew.

    Raises:
        NotPermitted: the actor may not decide on grants.
        WrongState: it is not given, or is of a kind that cannot be taken back.
        CouponNotUsable: the coupon was used or has expired.
        InsufficientBalance: the points were spent.
        Invalid: there is no reason.
    """
    note = text(note, _("Say why this is taken back."))
    if not actor.has_perm(APPROVE):
        raise NotPermitted(_("You are not permitted to decide on grants."))
    return take_back(grant_id=grant_id, note=note, actor=actor, at=at)


@transaction.atomic
def take_back(*, grant_id: int, note: str, actor: Actor, at: datetime) -> Grant:
    """The same for a rule of the house, such as one whose reason is gone: nobody needs to be permitted.

    Raises:
        WrongState, CouponNotUsable, InsufficientBalance: as `reverse`.
    """
    grant = _lock(grant_id)
    if grant.status not in GIVEN:
        raise WrongState(_("Only what was given can be taken back."))
    grant.status, grant.reversed_at = GrantStatus.REVERSED, at
    grant.save(update_fields=["status", "reversed_at"])
    budgets.release(grant=grant, at=at)
    handler_of(grant.kind).undo(grant, actor=actor, at=at)
    record("grant.reversed", grant, actor=actor, at=at, note=note)
    return grant


def _left_the_house(grant: Grant, *, actor: Actor, at: datetime) -> None:
    budgets.spend(grant=grant, at=at)
    record("grant.executed", grant, actor=actor, at=at, cause=grant.cause, cost_fen=grant.cost_fen)


def _lock(grant_id: int) -> Grant:
    """Lock the member of a grant, then the grant: whoever changes its refund holds both."""
    lock_member(Grant.objects.values_list("member", flat=True).get(pk=grant_id))
    return Grant.objects.select_for_update(no_key=True).get(pk=grant_id)


def _check(grant: Grant, *wanted: GrantStatus) -> None:
    if grant.status not in wanted:
        raise WrongState(_("It stands at: %(status)s.") % {"status": grant.get_status_display()})
