"""Asking other departments about a case, and what comes of it.

Until a handoff ends its case waits for the department; when the last one ends the case is open again.
Several departments may be asked at once, or one after the other: a handoff that comes `after` another one is
planned, and starts when that one is answered. Where that one is rejected or taken back, those after it are
taken back too. Each command locks the case, which is the lock of its handoffs too.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, MoveNotAllowed, NotFound, NotPermitted, WrongState
from config.common.events import record
from config.common.models import User
from feedback.cases import rules, telling
from feedback.cases.locking import lock, move, save
from feedback.clocks import commands as clocks
from feedback.handoffs.bounces import is_up_to_a_lead
from feedback.models import UNENDED, Case, CaseStatus, Department, Handoff, HandoffStatus
from feedback.org.alerts import alert
from feedback.org.queries import colleagues, leads, leads_of

ASKED = _("%(department)s is asked about case %(number)s")
ACCEPTED = _("%(department)s works on the question about case %(number)s")
ENDED = _("%(department)s has answered about case %(number)s")
REJECTED = _("%(department)s has rejected the question about case %(number)s")
RECALLED = _("The question to %(department)s about case %(number)s was taken back")
BOUNCED = _("Case %(number)s was rejected too often: decide who answers")


class LeadDecides(NotPermitted):
    """The case was rejected so often that only a lead may ask on."""

    code = "lead_decides"
    default = _("This case was rejected too often: a lead decides who is asked now.")


@transaction.atomic
def hand_over(
    *,
    case_id: int,
    department_id: int,
    question: str,
    after_id: int | None = None,
    actor: User | None,
    at: datetime,
) -> Handoff:
    """Ask another department, at once or `after` another handoff of the case is answered.

    Where the case was rejected too often, only a lead may ask, and the department cannot reject it again.

    Raises:
        NotFound: there is no such case, department or handoff to come after.
        Invalid: no question, the case's own department, or one that takes no cases.
        WrongState: the department has yet to answer an earlier question, or what it should come after will
            never be answered.
        LeadDecides: it is up to a lead, and this person leads nothing here.
        MoveNotAllowed: the case is resolved or closed.
    """
    question = rules.required_text(question)
    case = lock(case_id)
    rules.check_worked(case.status)
    department = _department(department_id, case)
    is_binding = is_up_to_a_lead(case)
    if is_binding and actor is not None and not leads(actor, case.department_id):
        raise LeadDecides
    before = _before(case, after_id)
    handoff = Handoff(
        case=case,
        from_department=case.department,
        department=department,
        question=question,
        asked_by=actor,
        asked_at=at,
        after=before,
        is_binding=is_binding and actor is not None,
    )
    if before is not None and before.status in UNENDED:
        _plan(handoff, actor=actor, at=at)
    else:
        _start(handoff, actor=actor, at=at)
    return handoff


def _department(department_id: int, case: Case) -> Department:
    """Give the department, if it can be asked about the case."""
    department = Department.objects.filter(pk=department_id).first()
    if department is None:
        raise NotFound
    if department == case.department:
        raise Invalid(_("%(department)s has this case already.") % {"department": department})
    if not department.is_active:
        raise Invalid(_("%(department)s takes no cases.") % {"department": department})
    if _unended(case).filter(department=department).exists():
        raise WrongState(
            _("%(department)s has yet to answer an earlier question.") % {"department": department}
        )
    return department


def _before(case: Case, after_id: int | None) -> Handoff | None:
    """Give the handoff that a new one is to come after."""
    if after_id is None:
        return None
    before = case.handoffs.filter(pk=after_id).first()
    if before is None:
        raise NotFound
    if before.status not in {*UNENDED, HandoffStatus.ANSWERED}:
        raise WrongState(_ended_already(before))
    return before


def _plan(handoff: Handoff, *, actor: User | None, at: datetime) -> None:
    """Keep a handoff for later. Its department sees the case already."""
    handoff.status = HandoffStatus.PLANNED
    handoff.save()
    save(handoff.case, news=False)
    record(
        "handoff.planned",
        handoff,
        actor=actor,
        at=at,
        case=handoff.case_id,
        department=handoff.department_id,
        after=handoff.after_id,
    )


def _start(handoff: Handoff, *, actor: User | None, at: datetime) -> None:
    """Ask the department now: its clock starts, its leads and the member are told."""
    case, department = handoff.case, handoff.department
    was_waiting = case.status == CaseStatus.WAITING_MEMBER or bool(case.waiting_for)
    ends = move(case, CaseStatus.WAITING_DEPARTMENT) if case.status != CaseStatus.WAITING_DEPARTMENT else {}
    handoff.status, handoff.started_at = HandoffStatus.OPEN, at
    handoff.save()
    save(case)
    record("handoff.asked", handoff, actor=actor, at=at, case=case.pk, department=department.pk, **ends)
    if was_waiting:
        clocks.resume(case, actor=actor, at=at)
    clocks.start_handoff(handoff, actor=actor, at=at)
    telling.tell(case, "handed_over", telling.ASKED, department=department, at=at)
    _alert(
        handoff,
        "asked",
        ASKED,
        users=(lead.user for lead in leads_of(department)),
        department=department,
        at=at,
    )


@transaction.atomic
def accept(*, handoff_id: int, actor: User, at: datetime) -> Handoff:
    """Take a question on: the asker knows that somebody works on it. To accept it again changes nothing.

    Raises:
        NotFound: there is no such handoff.
        WrongState: it has ended, or its turn has not come.
    """
    case, handoff = _locked(handoff_id)
    if handoff.status != HandoffStatus.OPEN:
        raise WrongState(_ended_already(handoff))
    if handoff.accepted_at is not None:
        return handoff
    handoff.accepted_at, handoff.accepted_by = at, actor
    handoff.save(update_fields=["accepted_at", "accepted_by"])
    save(case, news=False)
    record("handoff.accepted", handoff, actor=actor, at=at, case=case.pk, department=handoff.department_id)
    clocks.accepted(handoff, actor=actor, at=at)
    _alert(handoff, "accepted", ACCEPTED, users=_askers(handoff), at=at)
    return handoff


@transaction.atomic
def answer(*, handoff_id: int, answer: str, actor: User, at: datetime) -> Handoff:
    """Answer what was asked; whoever comes after in the chain is asked now.

    Raises:
        NotFound: there is no such handoff.
        Invalid: no answer.
        WrongState: it has ended already, or its turn has not come.
    """
    text = rules.required_text(answer)
    case, handoff = _locked(handoff_id)
    if handoff.accepted_at is None:
        handoff.accepted_at, handoff.accepted_by = at, actor
    _end(handoff, HandoffStatus.ANSWERED, text, actor=actor, at=at)
    _alert(handoff, "answered", ENDED, users=_askers(handoff), at=at)
    for following in case.handoffs.filter(after=handoff, status=HandoffStatus.PLANNED).order_by("pk"):
        following.case = case
        _start(following, actor=actor, at=at)
    return handoff


@transaction.atomic
def reject(*, handoff_id: int, reason: str, actor: User, at: datetime) -> Handoff:
    """Give a question back unanswered, with the reason. After too many of these a lead decides.

    Raises:
        NotFound: there is no such handoff.
        Invalid: no reason.
        WrongState: it has ended already, or its turn has not come.
        MoveNotAllowed: a lead decided that this department answers.
    """
    text = rules.required_text(reason)
    case, handoff = _locked(handoff_id)
    if handoff.is_binding:
        raise MoveNotAllowed(
            _("A lead decided that %(department)s answers this.") % {"department": handoff.department}
        )
    _end(handoff, HandoffStatus.REJECTED, text, actor=actor, at=at)
    _alert(handoff, "rejected", REJECTED, users=_askers(handoff), at=at)
    _recall_following(handoff, actor=actor, at=at)
    if is_up_to_a_lead(case):
        record("handoff.bounced", case, actor=None, at=at, handoff=handoff.pk)
        _alert(handoff, "bounced", BOUNCED, users=(lead.user for lead in leads_of(case.department)), at=at)
    return handoff


@transaction.atomic
def recall(*, handoff_id: int, actor: User | None, at: datetime) -> Handoff:
    """Take a question back, whether its turn has come or not, and those that come after it.

    Raises:
        NotFound: there is no such handoff.
        WrongState: it has ended already.
    """
    _case, handoff = _locked(handoff_id)
    _recall(handoff, actor=actor, at=at)
    return handoff


def _recall(handoff: Handoff, *, actor: User | None, at: datetime) -> None:
    was_open = handoff.status == HandoffStatus.OPEN
    _end(handoff, HandoffStatus.RECALLED, "", actor=actor, at=at)
    if was_open:
        _alert(
            handoff, "recalled", RECALLED, users=(lead.user for lead in leads_of(handoff.department)), at=at
        )
    _recall_following(handoff, actor=actor, at=at)


def _recall_following(handoff: Handoff, *, actor: User | None, at: datetime) -> None:
    """Take back what was to come after a handoff that nobody answers."""
    for following in handoff.case.handoffs.filter(after=handoff, status=HandoffStatus.PLANNED).order_by("pk"):
        following.case = handoff.case
        _recall(following, actor=actor, at=at)


def _locked(handoff_id: int) -> tuple[Case, Handoff]:
    case_id = Handoff.objects.filter(pk=handoff_id).values_list("case_id", flat=True).first()
    if case_id is None:
        raise NotFound
    case = lock(case_id)
    handoff = Handoff.objects.get(pk=handoff_id)
    handoff.case = case
    return case, handoff


def _end(handoff: Handoff, status: HandoffStatus, text: str, *, actor: User | None, at: datetime) -> None:
    """End a handoff of a locked case; with the last one the case is open again."""
    case, was = handoff.case, handoff.status
    if was not in UNENDED or (was == HandoffStatus.PLANNED and status != HandoffStatus.RECALLED):
        raise WrongState(_ended_already(handoff))
    handoff.status, handoff.answer, handoff.ended_at, handoff.answered_by = status, text, at, actor
    handoff.save()
    goes_on = (
        status == HandoffStatus.ANSWERED and handoff.followed_by.filter(status=HandoffStatus.PLANNED).exists()
    )
    is_over = case.status == CaseStatus.WAITING_DEPARTMENT and not (goes_on or _still_asked(case, handoff))
    ends = move(case, CaseStatus.OPEN) if is_over else {}
    save(case)
    asked = {"case": case.pk, "department": handoff.department_id}
    record(f"handoff.{status}", handoff, actor=actor, at=at, **asked, **ends)
    clocks.handoff_ended(handoff, met=status != HandoffStatus.RECALLED, actor=actor, at=at)


def _still_asked(case: Case, ended: Handoff) -> bool:
    """Tell whether a department has yet to answer; what was planned after the one that ended is none."""
    return _unended(case).filter(status=HandoffStatus.OPEN).exclude(pk=ended.pk).exists()


def _unended(case: Case) -> QuerySet[Handoff]:
    return case.handoffs.filter(status__in=UNENDED)


def _ended_already(handoff: Handoff) -> Promise | str:
    if handoff.status == HandoffStatus.PLANNED:
        return _("Another department has yet to answer first.")
    return _("This question has ended already: %(status)s.") % {"status": HandoffStatus(handoff.status).label}


def _alert(
    handoff: Handoff,
    what: str,
    title: Promise,
    *,
    users: Iterator[User],
    department: Department | None = None,
    at: datetime,
) -> None:
    alert(
        users=users,
        case=handoff.case,
        kind=f"handoff.{what}",
        key=f"handoff:{handoff.pk}:{what}",
        title=title,
        data={"department": str(handoff.department), "handoff": handoff.pk},
        department=department,
        at=at,
    )


def _askers(handoff: Handoff) -> Iterator[User]:
    """Who waits for the answer: who asked, and who works on the case; failing both, the department."""
    case = handoff.case
    waiting = [handoff.asked_by, case.agent.user if case.agent else None]
    found = [user for user in waiting if user is not None and user.is_active]
    yield from found or (agent.user for agent in colleagues(case.department))
