"""Making good: grants for a case, and the decisions on them, written to the case's timeline."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.grants import commands as grants
from compensation.grants.commands import Content
from compensation.models import CouponTemplate, Grant, GrantKind
from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import Actor, record
from config.common.models import User
from feedback.cases.locking import lock, save
from feedback.models import Case, CaseStatus, Remedy
from feedback.remedies import telling
from feedback.remedies.gap_rules import apply_gap_rules
from feedback.remedies.queries import problem_of

__all__ = ["apply_gap_rules", "approve", "grant_for_case", "refuse", "reverse"]


@transaction.atomic
def grant_for_case(
    *,
    case_id: int,
    kind: str,
    template_id: int | None = None,
    points: int | None = None,
    reason: str,
    key: str,
    actor: User,
    at: datetime,
) -> Remedy:
    """Give something to the member of a case, or ask for it when it is beyond the actor's authority.

    What was given or asked for before in the same case, for the same order or to the same member in a day
    counts too, whoever did. Once for one `key` in a case; the same coupon is given once a case.

    Raises:
        NotFound: there is no such case or coupon.
        WrongState: the case is closed.
        AlreadyGranted: the case has a live grant of this kind.
        Invalid, NotGiven, KeyReused: see grants.commands.request.
    """
    case = lock(case_id)
    if case.status == CaseStatus.CLOSED:
        raise WrongState(_("The case is closed: reopen it first."))
    template = _template(kind, template_id)
    grant = grants.request(
        key=f"case:{case.pk}:{key}",
        cause=f"case:{case.pk}:{template.code if template else kind}",
        problem=problem_of(case),
        member=case.member,
        content=Content(kind=kind, template=template, points=points),
        reason=reason,
        reason_code=case.kind,
        department=case.department.code,
        order=case.order,
        actor=actor,
        at=at,
    )
    remedy, is_new = Remedy.objects.get_or_create(grant=grant, defaults={"case": case})
    if not is_new:
        return remedy
    if grant.is_given:
        _note(case, "remedy.granted", grant, actor=actor, at=at)
        telling.tell_given(grant, at=at)
    else:
        _note(case, "remedy.requested", grant, actor=actor, at=at)
        telling.ask_approvers(grant, case, asked_by=actor, at=at)
    return remedy


@transaction.atomic
def approve(*, grant_id: int, content_hash: str, actor: User, note: str = "", at: datetime) -> Grant:
    """Approve exactly the content that the approver saw, and give it.

    Raises:
        NotFound: there is no such grant.
        NotPermitted, OwnRequest, AuthorityTooSmall, AlreadyDecided, Stale, NotGiven: see
            grants.commands.approve.
    """
    case = _lock_case(grant_id)
    grant = grants.approve(grant_id=grant_id, content_hash=content_hash, actor=actor, note=note, at=at)
    telling.tell_given(grant, at=at)
    if case is not None:
        _note(case, "remedy.granted", grant, actor=actor, at=at)
        telling.tell_requester(grant, case, at=at)
    return grant


@transaction.atomic
def refuse(*, grant_id: int, actor: User, note: str, at: datetime) -> Grant:
    """Refuse a waiting grant, saying why; whoever asked is told.

    Raises:
        NotFound: there is no such grant.
        NotPermitted, OwnRequest, AlreadyDecided, Invalid: see grants.commands.refuse.
    """
    case = _lock_case(grant_id)
    grant = grants.refuse(grant_id=grant_id, actor=actor, note=note, at=at)
    if case is not None:
        _note(case, "remedy.refused", grant, actor=actor, at=at)
        telling.tell_requester(grant, case, at=at)
    return grant


@transaction.atomic
def reverse(*, grant_id: int, actor: User, note: str, at: datetime) -> Grant:
    """Take back what was given and not yet used.

    Raises:
        NotFound: there is no such grant.
        NotPermitted, WrongState, CouponNotUsable, InsufficientBalance, Invalid: see grants.commands.reverse.
    """
    case = _lock_case(grant_id)
    grant = grants.reverse(grant_id=grant_id, actor=actor, note=note, at=at)
    if case is not None:
        _note(case, "remedy.reversed", grant, actor=actor, at=at)
    return grant


def _template(kind: str, template_id: int | None) -> CouponTemplate | None:
    if kind not in GrantKind.values or (kind == GrantKind.COUPON) != (template_id is not None):
        raise Invalid(_("Choose either a kind of coupon or a number of points."))
    if template_id is None:
        return None
    template = CouponTemplate.objects.filter(pk=template_id).first()
    if template is None:
        raise NotFound
    return template


def _lock_case(grant_id: int) -> Case | None:
    """Lock the case that a grant belongs to: before the grant, as everywhere."""
    if not Grant.objects.filter(pk=grant_id).exists():
        raise NotFound
    case_id = Remedy.objects.filter(grant=grant_id).values_list("case", flat=True).first()
    return None if case_id is None else lock(case_id)


def _note(case: Case, kind: str, grant: Grant, *, actor: Actor, at: datetime) -> None:
    """Write to the case's timeline; the case has changed for all who look at it."""
    save(case, news=False)
    template = grant.template.code if grant.template else None
    record(
        kind,
        case,
        actor=actor,
        at=at,
        grant=grant.pk,
        what=grant.kind,
        template=template,
        points=grant.points,
        cost_fen=grant.cost_fen,
    )
