"""What can happen to a grant: requested (and given at once within authority), approved, refused, reversed."""

from datetime import datetime
from typing import NoReturn

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from compensation.coupons import commands as coupons
from compensation.grants.queries import authority_fen
from compensation.ledger import commands as ledger
from compensation.ledger.rules import given
from compensation.models import (
    Authority,
    CouponTemplate,
    Grant,
    GrantKind,
    GrantStatus,
    Member,
    Transaction,
    Unit,
)
from compensation.points import queries as points_queries
from config.common.errors import Invalid, NotPermitted, WrongState
from config.common.events import record
from config.common.idempotency import once
from config.common.models import User
from config.common.money import display

ONE_LIVE = "grant_one_live_a_cause"
APPROVE = "compensation.approve_grant"
MOST_POINTS = 10_000_000
TEXT_LENGTH = 500


class AlreadyGranted(WrongState):
    """Something was given, or is waiting to be approved, for the same cause."""

    code = "already_granted"


class AlreadyDecided(WrongState):
    """Somebody else decided first."""

    code = "already_decided"


class OwnRequest(NotPermitted):
    """Nobody decides on what they asked for themselves."""

    code = "own_request"
    default = _("You asked for this yourself: somebody else has to decide.")


class AuthorityTooSmall(NotPermitted):
    """The amount is more than the approver may give."""

    code = "authority_too_small"


@transaction.atomic
def request(
    *,
    key: str,
    cause: str,
    member: Member,
    kind: str,
    template: CouponTemplate | None = None,
    points: int | None = None,
    reason: str,
    actor: User | None,
    at: datetime,
    already_fen: int = 0,
) -> Grant:
    """Ask for a grant, once for one key.

    A rule's (no actor) and what is within the actor's authority is given at once, the rest waits.

    `already_fen` is what the actor gave or asked for before about the same problem; it counts against the
    authority too. The caller adds it up under the lock of that problem.

    Raises:
        Invalid: the content is not what `kind` needs, or there is no reason.
        WrongState: the member's data was erased.
        NotGiven: the kind of coupon is switched off.
        AlreadyGranted: the cause has a live grant.
        KeyReused: the key came before with other content.
    """
    cost_fen = _cost(kind, template, points)
    reason = _text(reason, _("Say why this is given."))

    def perform() -> Grant:
        if member.erased_at is not None:
            raise WrongState(_("The data of this member was erased."))
        if template is not None and not template.is_active:
            raise coupons.NotGiven
        try:
            with transaction.atomic():
                grant = Grant.objects.create(
                    key=key,
                    cause=cause,
                    member=member,
                    kind=kind,
                    template=template,
                    points=points,
                    cost_fen=cost_fen,
                    reason=reason,
                    requested_by=actor,
                    requested_at=at,
                )
        except IntegrityError as error:
            if ONE_LIVE not in str(error):
                raise
            _refuse_second(cause)
        record("grant.requested", grant, actor=actor, at=at, cause=cause, what=kind, cost_fen=grant.cost_fen)
        if actor is None or cost_fen + already_fen <= authority_fen(actor):
            _execute(grant, actor=actor, at=at)
        return grant

    content = {
        "cause": cause,
        "member": member.pk,
        "kind": kind,
        "template": template.pk if template else None,
        "points": points,
    }
    return once(scope="grant.request", key=key, content=content, model=Grant, perform=perform)[0]


@transaction.atomic
def approve(*, grant_id: int, actor: User, note: str = "", at: datetime, already_fen: int = 0) -> Grant:
    """Approve a waiting grant and give it. `already_fen`: what its requester had before for this problem.

    Raises:
        NotPermitted: the actor may not approve grants.
        OwnRequest: the actor asked for it.
        AuthorityTooSmall: it is more than the actor may give.
        AlreadyDecided: it no longer waits.
        NotGiven: the kind of coupon was switched off.
    """
    grant = _waiting(grant_id, actor)
    limit = authority_fen(actor)
    if grant.cost_fen + already_fen > limit:
        raise AuthorityTooSmall(
            _("This comes to %(amount)s for one problem; you may approve up to %(limit)s.")
            % {"amount": display(grant.cost_fen + already_fen), "limit": display(limit)}
        )
    grant.decided_by, grant.decision_note = actor, note.strip()[:TEXT_LENGTH]
    _execute(grant, actor=actor, at=at)
    return grant


@transaction.atomic
def refuse(*, grant_id: int, actor: User, note: str, at: datetime) -> Grant:
    """Refuse a waiting grant, saying why.

    Raises:
        NotPermitted: the actor may not decide on grants.
        OwnRequest: the actor asked for it.
        AlreadyDecided: it no longer waits.
        Invalid: there is no reason.
    """
    note = _text(note, _("Say why this is refused."))
    grant = _waiting(grant_id, actor)
    grant.status, grant.decided_by, grant.decided_at = GrantStatus.REFUSED, actor, at
    grant.decision_note = note
    grant.save(update_fields=["status", "decided_by", "decided_at", "decision_note"])
    record("grant.refused", grant, actor=actor, at=at)
    return grant


@transaction.atomic
def reverse(*, grant_id: int, actor: User, note: str, at: datetime) -> Grant:
    """Take back what was given, as long as the member has not used it. Its cause may be granted for anew.

    Raises:
        NotPermitted: the actor may not decide on grants.
        WrongState: it is not given.
        CouponNotUsable: the coupon was used or has expired.
        InsufficientBalance: the points were spent.
        Invalid: there is no reason.
    """
    note = _text(note, _("Say why this is taken back."))
    _check_permission(actor)
    grant = Grant.objects.select_for_update(no_key=True).get(pk=grant_id)
    if grant.status != GrantStatus.EXECUTED:
        raise WrongState(_("Only what was given can be taken back."))
    grant.status, grant.reversed_at = GrantStatus.REVERSED, at
    grant.save(update_fields=["status", "reversed_at"])
    if grant.kind == GrantKind.COUPON:
        coupons.revoke(coupon_id=grant.coupon.pk, actor=actor, at=at)
    else:
        posted = Transaction.objects.get(key=_points_key(grant))
        ledger.reverse(posted=posted, key=f"grant:{grant.pk}:reversed", actor=actor, at=at)
    record("grant.reversed", grant, actor=actor, at=at, note=note)
    return grant


@transaction.atomic
def save_authority(*, authority: Authority, actor: User, at: datetime) -> Authority:
    """Keep how much a role may give."""
    authority.save()
    record(
        "authority.saved",
        authority,
        actor=actor,
        at=at,
        role=str(authority.group),
        limit_fen=authority.limit_fen,
    )
    return authority


def _cost(kind: str, template: CouponTemplate | None, points: int | None) -> int:
    if kind == GrantKind.COUPON and template is not None and points is None:
        return template.value_fen
    if kind == GrantKind.POINTS and template is None and points is not None and 0 < points <= MOST_POINTS:
        return points_queries.worth_fen(points)
    raise Invalid(_("Choose either a kind of coupon or a number of points."))


def _text(text: str, missing: object) -> str:
    text = text.strip()
    if not text:
        raise Invalid(str(missing))
    if len(text) > TEXT_LENGTH:
        raise Invalid(_("The text is too long: 500 characters at most."))
    return text


def _refuse_second(cause: str) -> NoReturn:
    """Name the grant that stands in the way."""
    live = Grant.objects.filter(cause=cause, status__in=[GrantStatus.REQUESTED, GrantStatus.EXECUTED])
    known = live.select_related("template").first()
    if known is None:  # it was refused or reversed in this very moment
        raise AlreadyGranted(_("Somebody else is deciding on this right now. Try again.")) from None
    what = str(known.template) if known.template else _("%(points)s points") % {"points": known.points}
    text = (
        _("%(what)s was already given for this.")
        if known.status == GrantStatus.EXECUTED
        else _("%(what)s is already waiting for approval for this.")
    )
    raise AlreadyGranted(text % {"what": what}, grant=known.pk) from None


def _check_permission(actor: User) -> None:
    if not actor.has_perm(APPROVE):
        raise NotPermitted(_("You are not permitted to decide on grants."))


def _waiting(grant_id: int, actor: User) -> Grant:
    """Lock a grant that waits for a decision which this person may take."""
    _check_permission(actor)
    grant = (
        Grant.objects.select_for_update(no_key=True, of=("self",)).select_related("template").get(pk=grant_id)
    )
    if grant.requested_by_id == actor.pk:
        raise OwnRequest
    if grant.status != GrantStatus.REQUESTED:
        raise AlreadyDecided(
            _("This was already decided: %(status)s.") % {"status": grant.get_status_display()}
        )
    return grant


def _points_key(grant: Grant) -> str:
    return f"grant:{grant.pk}:given"


def _execute(grant: Grant, *, actor: User | None, at: datetime) -> None:
    """Give what was decided, in the transaction of the decision."""
    grant.status, grant.decided_at, grant.executed_at = GrantStatus.EXECUTED, at, at
    grant.save(update_fields=["status", "decided_by", "decided_at", "decision_note", "executed_at"])
    if grant.kind == GrantKind.COUPON:
        coupons.issue(grant=grant, actor=actor, at=at)
    else:
        moves = given(Unit.POINTS, grant.points or 0, member_id=grant.member_id)
        ledger.post(key=_points_key(grant), kind="points.granted", moves=moves, actor=actor, at=at)
    record("grant.executed", grant, actor=actor, at=at, cause=grant.cause, cost_fen=grant.cost_fen)
