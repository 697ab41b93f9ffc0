"""What happens to authority: set for a role or a person, delegated for some time, ended early."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.authority.queries import APPROVE
from compensation.models import ApprovalTerms, Authority, Delegation
from config.common.errors import Invalid, NotPermitted, WrongState
from config.common.events import Actor, record
from config.common.models import User

OTHERS = "compensation.change_delegation"


@transaction.atomic
def save_authority(*, authority: Authority, actor: Actor, at: datetime) -> Authority:
    """Keep how much a role or a person may give."""
    authority.save()
    record(
        "authority.saved",
        authority,
        actor=actor,
        at=at,
        role=str(authority.group) if authority.group else None,
        user=authority.user_id,
        per_grant_fen=authority.per_grant_fen,
        per_problem_fen=authority.per_problem_fen,
        per_order_fen=authority.per_order_fen,
        per_member_day_fen=authority.per_member_day_fen,
        per_batch_fen=authority.per_batch_fen,
    )
    return authority


@transaction.atomic
def remove_authority(*, authority: Authority, actor: Actor, at: datetime) -> None:
    """Take a row away: a person falls back to their roles, a role to nothing."""
    record(
        "authority.removed",
        authority,
        actor=actor,
        at=at,
        role=str(authority.group) if authority.group else None,
        user=authority.user_id,
    )
    authority.delete()


@transaction.atomic
def save_terms(*, terms: ApprovalTerms, actor: Actor, at: datetime) -> ApprovalTerms:
    """Keep how long approvers have and what needs pictures. What waits keeps its time."""
    terms.save()
    record(
        "approvalterms.saved",
        terms,
        actor=actor,
        at=at,
        decide_within_hours=terms.decide_within_hours,
        evidence_above_fen=terms.evidence_above_fen,
    )
    return terms


@transaction.atomic
def delegate(
    *, giver: User, receiver: User, from_at: datetime, until: datetime, note: str, actor: User, at: datetime
) -> Delegation:
    """Let somebody decide with a person's authority for some time.

    Raises:
        NotPermitted: it is somebody else's authority, and the actor may not arrange for others.
        Invalid: to oneself, no time or one that is over, or one of them may not decide on grants.
    """
    if giver.pk != actor.pk and not actor.has_perm(OTHERS):
        raise NotPermitted
    if giver.pk == receiver.pk:
        raise Invalid(_("Choose somebody else to stand in."), field="receiver")
    if not from_at < until or until <= at:
        raise Invalid(_("The end is after the beginning, and still to come."), field="until")
    for person, field in ((giver, "giver"), (receiver, "receiver")):
        if not person.is_active or not person.has_perm(APPROVE):
            raise Invalid(_("%(person)s may not decide on grants.") % {"person": person}, field=field)
    row = Delegation.objects.create(
        giver=giver, receiver=receiver, from_at=from_at, until=until, note=note.strip()[:200]
    )
    record(
        "delegation.made",
        row,
        actor=actor,
        at=at,
        giver=giver.pk,
        receiver=receiver.pk,
        from_at=from_at.isoformat(),
        until=until.isoformat(),
    )
    return row


@transaction.atomic
def end_delegation(*, delegation_id: int, actor: User, at: datetime) -> Delegation | None:
    """End a delegation now; one that has not begun is dropped, and gives None.

    Raises:
        NotPermitted: it is neither the actor's nor may the actor arrange for others.
        WrongState: it is over.
    """
    row = Delegation.objects.select_for_update(no_key=True).get(pk=delegation_id)
    if actor.pk not in {row.giver_id, row.receiver_id} and not actor.has_perm(OTHERS):
        raise NotPermitted
    if row.until <= at:
        raise WrongState(_("It is over already."))
    record("delegation.ended", row, actor=actor, at=at)
    if row.from_at >= at:
        row.delete()
        return None
    row.until = at
    row.save(update_fields=["until"])
    return row
