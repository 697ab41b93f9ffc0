"""What can happen to a grant until it is decided: asked for, changed, withdrawn, approved, refused.

What becomes of it then is in `giving`; who decides, in `approval`.
"""

from datetime import datetime
from typing import NoReturn

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from compensation.authority import queries as authority
from compensation.authority import rules as limits
from compensation.authority.queries import APPROVE
from compensation.budgets import commands as budgets
from compensation.budgets.stops import BudgetEmpty, CapReached, Exhausted, Unusual
from compensation.coupons import terms
from compensation.grants import approval, parcels, rules
from compensation.grants.approval import AuthorityTooSmall, lock_member, raise_due
from compensation.grants.giving import TEXT_LENGTH, confirm, execute, fail, give, reverse, text
from compensation.grants.handlers import KindNotGiven, handler_of
from compensation.grants.rules import AlreadyGranted, Content, Line
from compensation.models import (
    LIVE,
    Decision,
    Grant,
    GrantKind,
    GrantLine,
    GrantStatus,
    Member,
    Order,
    OrderLine,
    RuleVersion,
)
from config.common.errors import Invalid, NotPermitted, Stale, WrongState
from config.common.events import Actor, record
from config.common.idempotency import once
from config.common.models import User

__all__ = [
    "APPROVE",
    "AlreadyDecided",
    "AlreadyGranted",
    "AuthorityTooSmall",
    "BudgetEmpty",
    "CapReached",
    "Content",
    "EvidenceMissing",
    "Exhausted",
    "KindNotGiven",
    "Line",
    "OwnRequest",
    "Unusual",
    "amend",
    "approve",
    "confirm",
    "execute",
    "fail",
    "join_problems",
    "raise_due",
    "refuse",
    "request",
    "reverse",
    "withdraw",
]

ONE_LIVE = "grant_one_live_a_cause"
PRICED_BY_LINES = (GrantKind.REFUND, GrantKind.PRICE_DIFFERENCE, GrantKind.RESHIPMENT)


class AlreadyDecided(WrongState):
    """Somebody else decided first."""

    code = "already_decided"


class OwnRequest(NotPermitted):
    """Nobody decides on what they asked for themselves."""

    code = "own_request"
    default = _("You asked for this yourself: somebody else has to decide.")


class EvidenceMissing(Invalid):
    """So much money back for one order needs pictures."""

    code = "evidence_missing"
    default = _("A refund of this size needs a picture as proof.")


@transaction.atomic
def request(
    *,
    key: str,
    cause: str,
    problem: str = "",
    member: Member,
    content: Content,
    reason: str,
    reason_code: str = "",
    department: str = "",
    order: Order | None = None,
    evidence: int = 0,
    rule: RuleVersion | None = None,
    doubt: Unusual | None = None,
    actor: User | None,
    at: datetime,
) -> Grant:
    """Ask for a grant, once for one key.

    A rule's (no actor) and what is within the actor's authority is given at once, as far as caps and the
    budget go; for the rest a round of approval begins, which says why. Sums over all that is live for the
    `problem` (else the cause), the order and the member count, whoever asked for it. With `doubt` nothing is
    given without a person's approval.

    Raises:
        Invalid: the content is not what its kind needs, or there is no reason.
        KindNotGiven: nothing here can carry this kind out.
        SentBefore: the goods are sent again already.
        EvidenceMissing: money back for the order above the limit, without a picture.
        WrongState: the member's data was erased.
        NotGiven: the kind of coupon is switched off.
        AlreadyGranted: the cause has a live grant.
        KeyReused: the key came before with other content.
    """
    known = lock_member(member.pk)
    grant = Grant(
        key=key,
        cause=cause,
        problem=problem or cause,
        member=known,
        reason_code=reason_code,
        department=department,
        evidence=evidence,
        rule=rule,
        requested_by=actor,
        requested_at=at,
    )

    def perform() -> Grant:
        if known.erased_at is not None:
            raise WrongState(_("The data of this member was erased."))
        lines = _fill(grant, content, reason, order)
        handler_of(grant.kind).check(grant)
        _keep(grant, lines)
        record(
            "grant.requested",
            grant,
            actor=actor,
            at=at,
            cause=cause,
            what=grant.kind,
            cost_fen=grant.cost_fen,
            rule=rule and rule.pk,
        )
        _give_or_ask(grant, actor=actor, at=at, doubt=doubt)
        return grant

    # As it was asked, not as it was priced: what is left of an order is less the second time.
    asked = {
        "cause": cause,
        "member": member.pk,
        "kind": content.kind,
        "template": content.template and content.template.pk,
        "points": content.points,
        "amount_fen": content.amount_fen,
        "gift": content.gift,
        "order": order and order.pk,
        "lines": [(line.order_line.pk, line.quantity, line.amount_fen) for line in content.lines],
    }
    return once(scope="grant.request", key=key, content=asked, model=Grant, perform=perform)[0]


@transaction.atomic
def amend(
    *,
    grant_id: int,
    content: Content,
    reason: str,
    cause: str | None = None,
    evidence: int | None = None,
    actor: User,
    at: datetime,
) -> Grant:
    """Change what one asked for, or why. The open round is void, and a new one begins unless it is given now.

    Raises:
        NotPermitted: somebody else asked for it.
        AlreadyDecided: it no longer waits.
        Invalid, KindNotGiven, EvidenceMissing, NotGiven, AlreadyGranted: see `request`.
    """
    grant = _lock_own(grant_id, actor)
    if str(content.kind) != grant.kind:
        raise Invalid(_("What is asked for stays of the same kind."))
    grant.cause = cause or grant.cause
    grant.evidence = grant.evidence if evidence is None else evidence
    lines = _fill(grant, content, reason, grant.order)
    handler_of(grant.kind).check(grant)
    _keep(grant, lines)
    approval.end(grant, Decision.VOID, actor=actor, at=at)
    record("grant.amended", grant, actor=actor, at=at, cause=grant.cause, cost_fen=grant.cost_fen)
    _give_or_ask(grant, actor=actor, at=at)
    return grant


@transaction.atomic
def join_problems(*, problem: str, into: str, member_id: int, actor: Actor, at: datetime) -> int:
    """Two problems turned out to be one: the sums over it are taken over the grants of both from now on.

    What was asked for stays as it was, and so does what approvers have seen of it; the sums are taken anew
    when they decide. Gives how many grants moved.
    """
    lock_member(member_id)
    grants = list(Grant.objects.filter(problem=problem).order_by("pk").select_for_update(no_key=True))
    Grant.objects.filter(pk__in=[grant.pk for grant in grants]).update(problem=into)
    for grant in grants:
        record("grant.problem_joined", grant, actor=actor, at=at, problem=problem, into=into)
    return len(grants)


@transaction.atomic
def withdraw(*, grant_id: int, actor: User, at: datetime) -> Grant:
    """Take one's own request back before it is decided. Its cause may be granted for anew.

    Raises:
        NotPermitted: somebody else asked for it.
        AlreadyDecided: it no longer waits.
    """
    grant = _lock_own(grant_id, actor)
    grant.status, grant.ended_at = GrantStatus.WITHDRAWN, at
    grant.save(update_fields=["status", "ended_at"])
    approval.end(grant, Decision.WITHDRAWN, actor=actor, at=at)
    record("grant.withdrawn", grant, actor=actor, at=at)
    return grant


@transaction.atomic
def approve(*, grant_id: int, content_hash: str, actor: User, note: str = "", at: datetime) -> Grant:
    """Approve exactly the content that the approver saw, and give it.

    Raises:
        NotPermitted: the actor may not approve grants.
        OwnRequest: the actor asked for it.
        AlreadyDecided: it no longer waits.
        Stale: it was changed since the approver looked.
        AuthorityTooSmall: what it comes to is more than the actor may give.
        BudgetEmpty: the budget has not so much left. Caps, an approver may pass.
        NotGiven: the kind of coupon was switched off.
    """
    grant = _lock_waiting(grant_id, actor)
    waiting = grant.rounds.get(decision="")
    if not content_hash == grant.content_hash == waiting.content_hash:
        raise Stale
    holder = approval.backing_for(grant, actor, at=at)
    note = note.strip()[:TEXT_LENGTH]
    behalf = holder if holder.pk != actor.pk else None
    approval.end(grant, Decision.APPROVED, actor=actor, at=at, note=note, on_behalf_of=behalf)
    grant.decided_by, grant.decision_note = actor, note
    give(grant, actor=actor, at=at, may_pass=True)
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
    note = text(note, _("Say why this is refused."))
    grant = _lock_waiting(grant_id, actor)
    grant.status, grant.decided_by, grant.decided_at = GrantStatus.REFUSED, actor, at
    grant.decision_note = note
    grant.save(update_fields=["status", "decided_by", "decided_at", "decision_note"])
    approval.end(grant, Decision.REFUSED, actor=actor, at=at, note=note)
    record("grant.refused", grant, actor=actor, at=at)
    return grant


def _fill(grant: Grant, content: Content, reason: str, order: Order | None) -> list[tuple[int, int, int]]:
    """Put a content into a grant, priced and with its digest; gives its lines."""
    handler = handler_of(content.kind)
    if order is not None:  # as it is now that the member is held
        order = Order.objects.get(pk=order.pk)
        content = rules.priced(
            content, OrderLine.objects.in_bulk([one.order_line.pk for one in content.lines])
        )
        if order.member_id != grant.member_id:
            raise Invalid(_("This is an order of somebody else."))
    grant.kind, grant.order = GrantKind(content.kind), order
    grant.cost_fen = handler.price(content, order)
    if grant.kind == GrantKind.RESHIPMENT and order is not None:
        parcels.check_left(content, order, but=grant.pk)
    grant.template, grant.points, grant.gift = content.template, content.points, content.gift.strip()
    grant.terms_digest = terms.digest(content.template) if content.template else ""
    grant.amount_fen = content.amount_fen
    if grant.kind in PRICED_BY_LINES:
        grant.amount_fen = grant.cost_fen
    grant.reason = text(reason, _("Say why this is given."))
    if (
        order is not None
        and not grant.evidence
        and limits.needs_evidence(
            grant.kind,
            grant.cost_fen,
            unproved=authority.unproved_fen(order.pk, but=grant.pk),
            above=authority.terms().evidence_above_fen,
        )
    ):
        raise EvidenceMissing
    lines = rules.lines_of(content)
    grant.content_hash = rules.digest(grant, lines)
    return lines


def _keep(grant: Grant, lines: list[tuple[int, int, int]]) -> None:
    """Write a grant with its lines.

    Raises:
        AlreadyGranted: its cause has another live grant.
    """
    try:
        with transaction.atomic():
            grant.save()
    except IntegrityError as error:
        if ONE_LIVE not in str(error):
            raise
        _refuse_second(grant.cause)
    if grant.kind in PRICED_BY_LINES:
        grant.lines.all().delete()
        GrantLine.objects.bulk_create(
            GrantLine(grant=grant, order_line_id=pk, quantity=quantity, amount_fen=fen)
            for pk, quantity, fen in lines
        )


def _give_or_ask(grant: Grant, *, actor: User | None, at: datetime, doubt: Exhausted | None = None) -> None:
    """Give what is within authority, caps and budget; else ask. The member's row is held, for the sums."""
    need, stop = approval.need_of(grant, at=at), doubt
    if stop is None and (actor is None or limits.covers(authority.limits_of(actor), need)):
        try:
            give(grant, actor=actor, at=at)
        except Exhausted as refusal:
            budgets.note_stop(refusal, at=at)
            stop = refusal
        else:
            return
    approval.ask(grant, need, at=at, stop=stop)


def _refuse_second(cause: str) -> NoReturn:
    """Name the grant that stands in the way."""
    known = Grant.objects.filter(cause=cause, status__in=LIVE).select_related("template").first()
    if known is None:  # it was refused or reversed in this very moment
        raise AlreadyGranted(_("Somebody else is deciding on this right now. Try again.")) from None
    texts = (
        _("%(what)s is already waiting for approval for this.")
        if known.status == GrantStatus.REQUESTED
        else _("%(what)s was already given for this.")
    )
    raise AlreadyGranted(texts % {"what": known.what}, grant=known.pk) from None


def _lock(grant_id: int) -> Grant:
    """Lock the member of a grant, then the grant."""
    member = lock_member(Grant.objects.values_list("member", flat=True).get(pk=grant_id))
    grant = (
        Grant.objects.select_for_update(no_key=True, of=("self",))
        .select_related("template", "order")
        .get(pk=grant_id)
    )
    grant.member = member
    return grant


def _check_waits(grant: Grant) -> None:
    if grant.status != GrantStatus.REQUESTED:
        raise AlreadyDecided(
            _("This was already decided: %(status)s.") % {"status": grant.get_status_display()}
        )


def _lock_waiting(grant_id: int, actor: User) -> Grant:
    """Lock a grant that waits for a decision which this person may take."""
    if not actor.has_perm(APPROVE):
        raise NotPermitted(_("You are not permitted to decide on grants."))
    grant = _lock(grant_id)
    if grant.requested_by_id == actor.pk:
        raise OwnRequest
    _check_waits(grant)
    return grant


def _lock_own(grant_id: int, actor: User) -> Grant:
    """Lock a request of one's own that waits."""
    grant = _lock(grant_id)
    if grant.requested_by_id != actor.pk:
        raise NotPermitted(_("Somebody else asked for this."))
    _check_waits(grant)
    return grant
