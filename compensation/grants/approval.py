"""Approval rounds: who is asked, by when, and by whose authority it was decided. Each binds one content."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.authority import queries as authority
from compensation.authority import rules
from compensation.authority.rules import Sums
from compensation.budgets.stops import Exhausted
from compensation.models import ApprovalRound, Decision, Grant, Member
from config.common.errors import NotPermitted
from config.common.events import Actor, record
from config.common.models import User
from config.common.money import display

BEYOND = {
    "grant": _("This comes to %(amount)s; you may approve up to %(limit)s."),
    "problem": _("This comes to %(amount)s for one problem; you may approve up to %(limit)s."),
    "order": _("This comes to %(amount)s for one order; you may approve up to %(limit)s."),
    "member_day": _("This comes to %(amount)s for one member in a day; you may approve up to %(limit)s."),
}


class AuthorityTooSmall(NotPermitted):
    """What it comes to is more than the approver may give."""

    code = "authority_too_small"


def lock_member(member_id: int) -> Member:
    """Hold a member while sums over their grants are taken: whoever else asks for the same member waits."""
    return Member.objects.select_for_update(no_key=True, of=("self",)).get(pk=member_id)


def need_of(grant: Grant, *, at: datetime) -> Sums:
    """What a grant comes to beside all that is live for its problem, order and member. Hold the member."""
    before = authority.live_beside(
        member_id=grant.member_id,
        problem=grant.problem,
        order_id=grant.order_id,
        at=at,
        but=grant.pk,
    )
    return rules.with_grant(before, grant.cost_fen, has_order=grant.order_id is not None)


def ask(grant: Grant, need: Sums, *, at: datetime, stop: Exhausted | None = None) -> ApprovalRound:
    """Begin a round for the content as it stands, and keep what `stop` says of why it was not given."""
    return ApprovalRound.objects.create(
        grant=grant,
        content_hash=grant.content_hash,
        requested_by_id=grant.requested_by_id,
        grant_fen=need.grant,
        problem_fen=need.problem,
        order_fen=need.order,
        member_day_fen=need.member_day,
        role=authority.role_for(need),
        because=stop.because if stop else "",
        details=stop.details if stop else {},
        asked_at=at,
        due_at=at + timedelta(hours=authority.terms().decide_within_hours),
    )


def end(
    grant: Grant,
    decision: Decision,
    *,
    actor: Actor,
    at: datetime,
    note: str = "",
    on_behalf_of: User | None = None,
) -> None:
    """End the open round of a grant."""
    ApprovalRound.objects.filter(grant=grant, decision="").update(
        decision=decision,
        decided_by=actor if isinstance(actor, User) else None,
        on_behalf_of=on_behalf_of,
        note=note,
        decided_at=at,
    )


def backing_for(grant: Grant, actor: User, *, at: datetime) -> User:
    """By whose authority a person approves a grant; its sums are taken anew. Hold the member.

    Raises:
        AuthorityTooSmall: neither the person's own authority nor one delegated to them reaches so far.
    """
    need = need_of(grant, at=at)
    holder = authority.backing(actor, need, requester_id=grant.requested_by_id, at=at)
    if holder is not None:
        return holder
    limits = authority.limits_of(actor)
    which = rules.exceeded(limits, need) or "grant"
    raise AuthorityTooSmall(
        BEYOND[which] % {"amount": display(getattr(need, which)), "limit": display(getattr(limits, which))},
        limit=which,
    )


@transaction.atomic
def raise_due(*, at: datetime, limit: int = 100) -> list[ApprovalRound]:
    """Send what nobody decided in time a level up, with new time; gives those rounds, for others to be told.

    Where there is no level above, the round stays with its own and is told of anew. Two passes at once share
    the work.
    """
    due = list(
        ApprovalRound.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(decision="", due_at__lte=at)
        .select_related("grant", "role")
        .order_by("due_at")[:limit]
    )
    hours = timedelta(hours=authority.terms().decide_within_hours)
    for one in due:
        need = Sums(one.grant_fen, one.problem_fen, one.order_fen, one.member_day_fen)
        one.role = authority.role_above(one.role, need) or one.role
        one.raised, one.due_at = one.raised + 1, at + hours
        one.save(update_fields=["role", "raised", "due_at"])
        record("grant.raised", one.grant, actor=None, at=at, role=one.role_id, times=one.raised)
    return due
