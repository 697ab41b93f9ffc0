"""Asking another department about a case, and what comes of it.

While a handoff is open its case waits for the department; when the last one ends the case is open again.
Each command locks the case, which is the lock of its handoffs too.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import record
from config.common.models import User
from feedback.cases import rules, telling
from feedback.cases.locking import lock, move, save
from feedback.clocks import commands as clocks
from feedback.models import Case, CaseStatus, Department, Handoff, HandoffStatus
from feedback.org.alerts import alert
from feedback.org.queries import colleagues, leads_of

ASKED = _("%(department)s is asked about case %(number)s")
ENDED = _("%(department)s has answered about case %(number)s")
REJECTED = _("%(department)s has rejected the question about case %(number)s")
RECALLED = _("The question to %(department)s about case %(number)s was taken back")


@transaction.atomic
def hand_over(
    *, case_id: int, department_id: int, question: str, actor: User | None, at: datetime
) -> Handoff:
    """Ask another department; several may be asked at once, each once at a time.

    Raises:
        NotFound: there is no such case or department.
        Invalid: no question, the case's own department, or one that takes no cases.
        WrongState: the department has yet to answer an earlier question.
        MoveNotAllowed: the case is resolved or closed.
    """
    question = rules.required_text(question)
    case = lock(case_id)
    rules.check_worked(case.status)
    department = Department.objects.filter(pk=department_id).first()
    if department is None:
        raise NotFound
    if department == case.department:
        raise Invalid(_("%(department)s has this case already.") % {"department": department})
    if not department.is_active:
        raise Invalid(_("%(department)s takes no cases.") % {"department": department})
    if _open(case).filter(department=department).exists():
        raise WrongState(
            _("%(department)s has yet to answer an earlier question.") % {"department": department}
        )
    was_waiting = case.status == CaseStatus.WAITING_MEMBER or bool(case.waiting_for)
    ends = move(case, CaseStatus.WAITING_DEPARTMENT) if case.status != CaseStatus.WAITING_DEPARTMENT else {}
    handoff = Handoff.objects.create(
        case=case,
        from_department=case.department,
        department=department,
        question=question,
        asked_by=actor,
        asked_at=at,
        started_at=at,
    )
    save(case)
    record("handoff.asked", handoff, actor=actor, at=at, case=case.pk, department=department.pk, **ends)
    if was_waiting:
        clocks.resume(case, actor=actor, at=at)
    clocks.start_handoff(handoff, actor=actor, at=at)
    telling.tell(case, "handed_over", telling.ASKED, department=department, at=at)
    leads = (lead.user for lead in leads_of(department))
    alert(
        users=leads,
        case=case,
        kind="handoff.asked",
        key=f"handoff:{handoff.pk}:asked",
        title=ASKED,
        data={"department": str(department), "handoff": handoff.pk},
        at=at,
    )
    return handoff


@transaction.atomic
def answer(*, handoff_id: int, answer: str, actor: User, at: datetime) -> Handoff:
    """Answer what was asked.

    Raises:
        NotFound: there is no such handoff.
        Invalid: no answer.
        WrongState: it has ended already.
    """
    return _end(handoff_id, HandoffStatus.ANSWERED, rules.required_text(answer), actor, at)


@transaction.atomic
def reject(*, handoff_id: int, reason: str, actor: User, at: datetime) -> Handoff:
    """Give a question back unanswered, with the reason.

    Raises:
        NotFound: there is no such handoff.
        Invalid: no reason.
        WrongState: it has ended already.
    """
    return _end(handoff_id, HandoffStatus.REJECTED, rules.required_text(reason), actor, at)


@transaction.atomic
def recall(*, handoff_id: int, actor: User | None, at: datetime) -> Handoff:
    """Take a question back.

    Raises:
        NotFound: there is no such handoff.
        WrongState: it has ended already.
    """
    return _end(handoff_id, HandoffStatus.RECALLED, "", actor, at)


TITLES = {
    HandoffStatus.ANSWERED: ENDED,
    HandoffStatus.REJECTED: REJECTED,
    HandoffStatus.RECALLED: RECALLED,
}


def _end(handoff_id: int, status: HandoffStatus, text: str, actor: User | None, at: datetime) -> Handoff:
    case_id = Handoff.objects.filter(pk=handoff_id).values_list("case_id", flat=True).first()
    if case_id is None:
        raise NotFound
    case = lock(case_id)
    handoff = Handoff.objects.get(pk=handoff_id)
    handoff.case = case
    if handoff.status != HandoffStatus.OPEN:
        raise WrongState(
            _("This question has ended already: %(status)s.")
            % {"status": HandoffStatus(handoff.status).label}
        )
    handoff.status, handoff.answer, handoff.ended_at = status, text, at
    handoff.answered_by = actor
    handoff.save(update_fields=["status", "answer", "answered_by", "ended_at"])
    ends = move(case, CaseStatus.OPEN) if not _open(case).exists() else {}
    save(case)
    record(
        f"handoff.{status}",
        handoff,
        actor=actor,
        at=at,
        case=case.pk,
        department=handoff.department_id,
        **ends,
    )
    clocks.handoff_ended(handoff, met=status != HandoffStatus.RECALLED, actor=actor, at=at)
    people = leads_of(handoff.department) if status == HandoffStatus.RECALLED else None
    alert(
        users=(lead.user for lead in people) if people is not None else _askers(case, handoff),
        case=case,
        kind=f"handoff.{status}",
        key=f"handoff:{handoff.pk}:{status}",
        title=TITLES[status],
        data={"department": str(handoff.department), "handoff": handoff.pk},
        at=at,
    )
    return handoff


def _open(case: Case) -> QuerySet[Handoff]:
    return case.handoffs.filter(status=HandoffStatus.OPEN)


def _askers(case: Case, handoff: Handoff) -> Iterator[User]:
    """Who waits for the answer: who asked, and who works on the case; failing both, the department."""
    waiting = [handoff.asked_by, case.agent.user if case.agent else None]
    found = [user for user in waiting if user is not None and user.is_active]
    yield from found or (agent.user for agent in colleagues(case.department))
