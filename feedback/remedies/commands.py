"""Making good: grants for a case, and the decisions on them, written to the case's timeline."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.grants import commands as grants
from compensation.grants.commands import AlreadyGranted, Content
from compensation.models import Grant, GrantKind, GrantStatus
from config.common.errors import NotFound, WrongState
from config.common.events import Actor, record
from config.common.idempotency import once
from config.common.models import User
from feedback.cases.locking import lock, save
from feedback.models import Case, CaseStatus, Gap, Remedy
from feedback.remedies import telling
from feedback.remedies.contents import Chosen, Wanted, cause_of, content_of, pictures_of
from feedback.remedies.giving import given_already
from feedback.remedies.queries import problem_of

__all__ = [
    "Chosen",
    "Wanted",
    "amend",
    "approve",
    "grant_for_case",
    "refuse",
    "reverse",
    "withdraw",
]


@transaction.atomic
def grant_for_case(
    *,
    case_id: int,
    kind: str,
    template_id: int | None = None,
    points: int | None = None,
    gift: str = "",
    amount_fen: int | None = None,
    lines: Sequence[Chosen] = (),
    reason: str,
    key: str,
    gap_id: int | None = None,
    cause: str = "",
    actor: User,
    at: datetime,
) -> Remedy:
    """Give something to the member of a case, or ask for it when it is beyond the actor's authority.

    What was given or asked for before in the same case, for the same order or to the same member in a day
    counts too, whoever did. Once for one `key` in a case, whatever became of the case since; the same coupon,
    or the same lines of the order, once a case, by a rule too. The member's pictures prove what is beyond the
    limit for that. With `gap_id` it makes good that gap of the case: once, whoever does, whatever it is; with
    `cause` a part of what the gap is worth.

    Raises:
        NotFound: there is no such case or coupon, no such line, or the gap is none of the case's.
        WrongState: the case is closed.
        AlreadyGranted: the case has a live grant of this kind.
        Invalid, NotGiven, EvidenceMissing, TooMuch, KeyReused: see grants.commands.request.
    """
    wanted = Wanted(
        kind=kind, template_id=template_id, points=points, gift=gift, amount_fen=amount_fen, lines=lines
    )

    def perform() -> Remedy:
        case = lock(case_id)
        if case.status == CaseStatus.CLOSED:
            raise WrongState(_("The case is closed: reopen it first."))
        content = content_of(wanted, case)
        gap = _gap_of(case, gap_id) if gap_id is not None else None
        its_cause = cause or (f"gap:{gap.pk}" if gap else cause_of(case, content))
        _check_not_given(case, content, its_cause)
        grant = grants.request(
            key=f"case:{case.pk}:{key}",
            cause=its_cause,
            problem=problem_of(case),
            member=case.member,
            content=content,
            reason=reason,
            reason_code=case.kind,
            department=case.department.code,
            order=case.order,
            evidence=pictures_of(case),
            actor=actor,
            at=at,
        )
        remedy, is_new = Remedy.objects.get_or_create(grant=grant, defaults={"case": case, "gap": gap})
        if is_new:
            _tell_stand(case, grant, actor=actor, at=at)
        return remedy

    asked = {"wanted": asdict(wanted), "gap": gap_id}
    return once(scope="case.remedy", key=f"{case_id}:{key}", content=asked, model=Remedy, perform=perform)[0]


@transaction.atomic
def amend(*, grant_id: int, wanted: Wanted, reason: str, actor: User, at: datetime) -> Grant:
    """Change what one asked for in a case, or why; those who may approve it are asked anew.

    Raises:
        NotFound: there is no such grant, or none of a case; no such coupon or line.
        NotPermitted, AlreadyDecided, Invalid, EvidenceMissing, TooMuch, AlreadyGranted: see
            grants.commands.amend.
    """
    case = _lock_case(grant_id)
    if case is None:
        raise NotFound
    content = content_of(wanted, case)
    cause = None if _is_for_gap(grant_id) else cause_of(case, content)
    _check_not_given(case, content, cause, but=grant_id)
    grant = grants.amend(
        grant_id=grant_id,
        content=content,
        reason=reason,
        cause=cause,
        evidence=pictures_of(case),
        actor=actor,
        at=at,
    )
    _note(case, "remedy.amended", grant, actor=actor, at=at)
    _tell_stand(case, grant, actor=actor, at=at)
    return grant


@transaction.atomic
def withdraw(*, grant_id: int, actor: User, at: datetime) -> Grant:
    """Take one's own request in a case back before it is decided.

    Raises:
        NotFound: there is no such grant, or none of a case.
        NotPermitted, AlreadyDecided: see grants.commands.withdraw.
    """
    case = _lock_case(grant_id)
    if case is None:
        raise NotFound
    grant = grants.withdraw(grant_id=grant_id, actor=actor, at=at)
    _note(case, "remedy.withdrawn", grant, actor=actor, at=at)
    return grant


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


def _tell_stand(case: Case, grant: Grant, *, actor: User, at: datetime) -> None:
    """Write down whether it is given or asked for, and tell whom that concerns."""
    if grant.status == GrantStatus.REQUESTED:
        _note(case, "remedy.requested", grant, actor=actor, at=at)
        telling.ask_approvers(grant, case, asked_by=actor, at=at)
    else:
        _note(case, "remedy.granted", grant, actor=actor, at=at)
        telling.tell_given(grant, at=at)


def _check_not_given(case: Case, content: Content, cause: str | None, *, but: int | None = None) -> None:
    """Refuse the same coupon, or points, that a rule has given for the case or its gaps."""
    if content.kind not in {GrantKind.COUPON, GrantKind.POINTS}:
        return
    known = given_already(case, str(content.kind), content.template, but=but)
    if known is not None and known.cause != cause:
        said = _("%(what)s was already given for this.") % {"what": known.what}
        raise AlreadyGranted(said, grant=known.pk)


def _is_for_gap(grant_id: int) -> bool:
    """Whether a grant makes a gap good, which its cause goes on saying whatever it gives."""
    return Grant.objects.filter(pk=grant_id, cause__startswith="gap:").exists()


def _gap_of(case: Case, gap_id: int) -> Gap:
    """A gap of the case that stands, held."""
    gap = Gap.objects.select_for_update(no_key=True).filter(pk=gap_id, case=case, withdrawn_at=None).first()
    if gap is None:
        raise NotFound
    return gap


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
