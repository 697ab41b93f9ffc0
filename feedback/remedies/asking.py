"""Asking back: what an approver wants to know of whoever asked, before deciding. The case's clocks go on."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import Grant, GrantStatus
from config.common.errors import Invalid, NotFound, NotPermitted, WrongState
from config.common.events import record
from config.common.models import User
from feedback.cases.locking import lock, save
from feedback.models import ApprovalQuestion, Case, Remedy
from feedback.org.alerts import alert

MOST = 500
ASKED = _("%(approver)s asks about your request in case %(number)s: %(question)s")
ANSWERED = _("%(agent)s answered about the request in case %(number)s: %(answer)s")


@transaction.atomic
def ask_back(*, grant_id: int, question: str, actor: User, at: datetime) -> ApprovalQuestion:
    """Ask whoever requested a grant; they are told, and the grant goes on waiting.

    Raises:
        NotFound: there is no such grant, or none of a case.
        WrongState: it is decided, a rule asked for it, or a question is open already.
        NotPermitted: the person may not decide on it, or asked for it.
        Invalid: no question, or too long a one.
    """
    question = _text(question)
    case, grant = _lock(grant_id)
    if not actor.has_perm("compensation.approve_grant") or grant.requested_by_id == actor.pk:
        raise NotPermitted
    if grant.status != GrantStatus.REQUESTED:
        raise WrongState(_("It is decided already."))
    if grant.requested_by is None:
        raise WrongState(_("A rule asked for this: there is nobody to ask."))
    if grant.questions.filter(answered_at=None).exists():
        raise WrongState(_("A question is open already."))
    asked = ApprovalQuestion.objects.create(grant=grant, question=question, asked_by=actor, asked_at=at)
    save(case, news=False)
    record("remedy.asked_back", case, actor=actor, at=at, grant=grant.pk, question=asked.pk)
    alert(
        users=[grant.requested_by],
        case=case,
        kind="remedy.asked_back",
        key=f"question:{asked.pk}",
        title=ASKED,
        data={"approver": str(actor), "question": question},
        at=at,
    )
    return asked


@transaction.atomic
def answer_back(*, grant_id: int, answer: str, actor: User, at: datetime) -> ApprovalQuestion:
    """Answer the open question about a grant of one's own; whoever asked is told.

    Raises:
        NotFound: there is no such grant.
        NotPermitted: somebody else asked for it.
        WrongState: no question is open.
        Invalid: no answer, or too long a one.
    """
    answer = _text(answer)
    case, grant = _lock(grant_id)
    if grant.requested_by_id != actor.pk:
        raise NotPermitted
    asked = grant.questions.filter(answered_at=None).select_related("asked_by").first()
    if asked is None:
        raise WrongState(_("No question is open."))
    asked.answer, asked.answered_by, asked.answered_at = answer, actor, at
    asked.save(update_fields=["answer", "answered_by", "answered_at"])
    save(case, news=False)
    record("remedy.answered_back", case, actor=actor, at=at, grant=grant.pk, question=asked.pk)
    alert(
        users=[asked.asked_by],
        case=case,
        kind="remedy.answered_back",
        key=f"question:{asked.pk}:answered",
        title=ANSWERED,
        data={"agent": str(actor), "answer": answer},
        at=at,
    )
    return asked


def _lock(grant_id: int) -> tuple[Case, Grant]:
    """Lock the case, then the grant, as everywhere."""
    case_id = Remedy.objects.filter(grant=grant_id, case__isnull=False).values_list("case", flat=True).first()
    if case_id is None:
        raise NotFound
    case = lock(case_id)
    return case, Grant.objects.select_for_update(no_key=True).get(pk=grant_id)


def _text(text: str) -> str:
    text = text.replace("\0", "").strip()
    if not text:
        raise Invalid(_("Write something."))
    if len(text) > MOST:
        raise Invalid(_("The text is too long: %(limit)s characters at most.") % {"limit": MOST})
    return text
