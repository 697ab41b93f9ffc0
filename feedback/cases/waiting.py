"""What a case waits for, and what was promised meanwhile: supplier, courier, bank, a call, a refund.

What is asked and answered is kept as a note, so that it can be read in the conversation.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, MoveNotAllowed, WrongState
from config.common.events import record
from config.common.models import User
from feedback.cases import rules, telling
from feedback.cases.locking import lock, move, save
from feedback.clocks import commands as clocks
from feedback.models import OUTSIDE, Author, Case, CaseStatus, Clock, Message, Milestone, PauseReason
from feedback.org.alerts import alert

ENOUGH = {
    PauseReason.WAITING_MEMBER: _(
        "%(number)s has waited for its member as long as it may: the clock runs again"
    ),
    PauseReason.WAITING_SUPPLIER: _(
        "%(number)s has waited for the supplier as long as it may: the clock runs again"
    ),
    PauseReason.WAITING_COURIER: _(
        "%(number)s has waited for the courier as long as it may: the clock runs again"
    ),
    PauseReason.WAITING_BANK: _("%(number)s has waited for the bank as long as it may: the clock runs again"),
}
"""What its agent is told when the cap of a pause has come."""

BECOMES_OPEN = frozenset({CaseStatus.NEW, CaseStatus.WAITING_MEMBER, CaseStatus.REOPENED})


@transaction.atomic
def wait_for(*, case_id: int, reason: PauseReason, note: str = "", actor: User | None, at: datetime) -> Case:
    """Wait for a supplier, courier or bank: what the rule for it names stands still, up to its cap.

    The member is waited for by a reply, departments by a handoff. To wait again for the same changes nothing.

    Raises:
        Invalid: the reason is none of the three; too long a note.
        MoveNotAllowed: the case is resolved or closed, or another department has yet to answer.
    """
    if reason not in OUTSIDE:
        raise Invalid(_("Choose whom the case waits for."))
    note = rules.clean_text(note)
    case = lock(case_id)
    rules.check_worked(case.status)
    if case.status == CaseStatus.WAITING_DEPARTMENT:
        raise MoveNotAllowed(_("Another department has yet to answer."))
    if case.waiting_for == reason:
        return case
    ends = move(case, CaseStatus.OPEN) if case.status in BECOMES_OPEN else {}
    case.waiting_for = PauseReason(reason)
    save(case)
    record("case.waits", case, actor=actor, at=at, reason=str(reason), **ends)
    _note(case, note, actor, at)
    clocks.hold(case, PauseReason(reason), actor=actor, at=at)
    return case


@transaction.atomic
def go_on(*, case_id: int, note: str = "", actor: User | None, at: datetime) -> Case:
    """Wait no longer: what stood still runs again.

    Raises:
        WrongState: the case waits for nobody outside.
        Invalid: too long a note.
    """
    note = rules.clean_text(note)
    case = lock(case_id)
    if not case.waiting_for:
        raise WrongState(_("This case waits for nobody outside."))
    _go_on(case, actor=actor, at=at)
    _note(case, note, actor, at)
    return case


def _go_on(case: Case, *, actor: User | None, at: datetime) -> None:
    reason, case.waiting_for = str(case.waiting_for), ""
    save(case)
    record("case.goes_on", case, actor=actor, at=at, reason=reason)
    clocks.resume(case, actor=actor, at=at)


def waited_enough(case: Case, *, ended_at: datetime, at: datetime) -> bool:
    """A pause of a locked case has lasted as long as it may: its agent is told.

    Once nothing stands still any more, it is our turn again: the case is open, for its agent or to be given
    to one. No clock changes by that, so that it does not matter when somebody looks. Tells whether it is.
    """
    waits = case.status == CaseStatus.WAITING_MEMBER
    reason = PauseReason.WAITING_MEMBER if waits else case.waiting_for
    if not reason:
        return False
    goes_on = not Clock.objects.filter(case=case, paused_at__isnull=False).exists()
    if goes_on:
        ends = move(case, CaseStatus.OPEN) if waits else {}
        case.waiting_for = ""
        save(case)
        record("case.goes_on", case, actor=None, at=ended_at, reason=str(reason), capped=True, **ends)
    if case.agent is not None:
        alert(
            users=[case.agent.user],
            case=case,
            kind="case.waited_enough",
            key=f"case:{case.pk}:{ended_at.isoformat()}:waited",
            title=ENOUGH[PauseReason(reason)],
            at=at,
        )
    return goes_on


@transaction.atomic
def ask_courier(*, case_id: int, question: str, actor: User | None, at: datetime) -> Case:
    """Pass a question on to the courier, whose answer has a clock of its own.

    Raises:
        Invalid: no question, or too long a one.
        WrongState: the courier has yet to answer an earlier question.
        MoveNotAllowed: the case is resolved or closed.
    """
    question = rules.required_text(question)
    case = lock(case_id)
    rules.check_worked(case.status)
    if runs(case, Milestone.COURIER_ANSWER):
        raise WrongState(_("The courier has yet to answer an earlier question."))
    return _promise(case, Milestone.COURIER_ANSWER, "case.courier_asked", question, actor=actor, at=at)


@transaction.atomic
def courier_answered(*, case_id: int, answer: str, actor: User | None, at: datetime) -> Case:
    """Take down what the courier says, asked or not; a case that waited for the courier goes on.

    Raises:
        Invalid: no answer, or too long a one.
        MoveNotAllowed: the case is resolved or closed.
    """
    answer = rules.required_text(answer)
    case = lock(case_id)
    rules.check_worked(case.status)
    if case.waiting_for == PauseReason.WAITING_COURIER:
        _go_on(case, actor=actor, at=at)
    return _keep(case, Milestone.COURIER_ANSWER, "case.courier_answered", answer, actor=actor, at=at)


@transaction.atomic
def promise_call_back(*, case_id: int, note: str = "", actor: User | None, at: datetime) -> Case:
    """Promise the member a call, by a time that a clock holds us to. The member is told.

    Raises:
        Invalid: too long a note.
        WrongState: a call is promised already.
        MoveNotAllowed: the case is resolved or closed.
    """
    note = rules.clean_text(note)
    case = lock(case_id)
    rules.check_worked(case.status)
    if runs(case, Milestone.CALL_BACK):
        raise WrongState(_("A call is promised already."))
    _promise(case, Milestone.CALL_BACK, "case.call_promised", note, actor=actor, at=at)
    telling.tell(case, "call_promised", telling.CALL_PROMISED, at=at)
    return case


@transaction.atomic
def called_back(*, case_id: int, note: str = "", reached: bool, actor: User | None, at: datetime) -> Case:
    """Take down a call to the member, promised or not. One that nobody answered leaves the promise open.

    Raises:
        Invalid: too long a note.
        MoveNotAllowed: the case is resolved or closed.
    """
    note = rules.clean_text(note)
    case = lock(case_id)
    rules.check_worked(case.status)
    if reached:
        _keep(case, Milestone.CALL_BACK, "case.called_back", note, actor=actor, at=at, reached=True)
        clocks.told(case, actor=actor, at=at)
        return case
    save(case, news=False)
    record("case.called_back", case, actor=actor, at=at, reached=False)
    _note(case, note, actor, at)
    return case


@transaction.atomic
def refunded(*, case_id: int, note: str = "", actor: User | None, at: datetime, tell: bool = True) -> Case:
    """Take down that the refund was made. The member is told, unless they know.

    Raises:
        Invalid: too long a note.
        WrongState: no refund is due.
    """
    note = rules.clean_text(note)
    case = lock(case_id)
    if not runs(case, Milestone.REFUND):
        raise WrongState(_("No refund is due."))
    _keep(case, Milestone.REFUND, "case.refunded", note, actor=actor, at=at)
    clocks.told(case, actor=actor, at=at)
    if tell:
        telling.tell(case, "refunded", telling.REFUNDED, at=at)
    return case


@transaction.atomic
def review_answered(*, case_id: int, note: str = "", actor: User | None, at: datetime) -> Case:
    """Take down that the member's review has a public answer, wherever it stands.

    Raises:
        Invalid: too long a note.
        WrongState: no answer is due.
    """
    note = rules.clean_text(note)
    case = lock(case_id)
    if not runs(case, Milestone.REVIEW_REPLY):
        raise WrongState(_("No answer to a review is due."))
    return _keep(case, Milestone.REVIEW_REPLY, "case.review_answered", note, actor=actor, at=at)


def _promise(
    case: Case, milestone: Milestone, kind: str, text: str, *, actor: User | None, at: datetime
) -> Case:
    """Start a promise of a locked case, with its event and its note. A call is promised to the member."""
    save(case, news=milestone == Milestone.CALL_BACK)
    record(kind, case, actor=actor, at=at)
    _note(case, text, actor, at)
    clocks.start(case, milestone, actor=actor, at=at)
    return case


def _keep(
    case: Case,
    milestone: Milestone,
    kind: str,
    text: str,
    *,
    actor: User | None,
    at: datetime,
    **data: bool,
) -> Case:
    """Meet a promise of a locked case, with its event and its note."""
    save(case)
    record(kind, case, actor=actor, at=at, **data)
    _note(case, text, actor, at)
    clocks.met(case, milestone, actor=actor, at=at)
    return case


def runs(case: Case, milestone: Milestone) -> bool:
    """Whether that promise of a case is still to be kept."""
    return Clock.objects.filter(
        case=case, milestone=milestone, handoff=None, met_at=None, stopped_at=None
    ).exists()


def _note(case: Case, text: str, actor: User | None, at: datetime) -> None:
    if text:
        author = Author.AGENT if actor is not None else Author.SYSTEM
        Message.objects.create(case=case, author=author, user=actor, is_public=False, body=text, at=at)
