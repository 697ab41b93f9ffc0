"""Answers from the knowledge base, and what the member says to them."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import Member
from config.common import live
from config.common.errors import WrongState
from config.common.events import record
from feedback.cases.locking import move, save
from feedback.channels.chat import queries
from feedback.channels.chat.sessions import announce, call_person, lock_open, topic
from feedback.clocks import commands as clocks
from feedback.knowledge import answering
from feedback.models import AnswerOutcome, AutomaticReply, Case, CaseStatus, Channel, ChatSession

HELPED = _("Glad to hear it. Write again if there is anything else.")
COMING = _("We are calling an agent for you.")


def answer(case: Case, chat: ChatSession, text: str, *, at: datetime) -> bool:
    """Answer a question from the knowledge base; False where we are not sure, and a person has to.

    As the setup says, such an answer counts as a reply from now on: until the member asks for a person,
    whose answer then has a clock of its own. Where it does not count, a person is called all the same.
    """
    given = queries.setup()
    if not (given.answers and text):
        return False
    found = answering.give(
        text=text, language=case.member.language, channel=Channel.CHAT, member=case.member, case=case, at=at
    )
    if found is None:
        return False
    announce(case, f"{found.version.title}\n\n{found.version.body}", at=at, shown=True)
    chat.answer = found
    chat.save(update_fields=["answer"])
    if given.counts == AutomaticReply.NOTHING:
        return False
    clocks.replied(case, actor=None, at=at)
    if case.status != CaseStatus.WAITING_MEMBER:
        ends = move(case, CaseStatus.WAITING_MEMBER)
        save(case)
        record("chat.answered", case, actor=None, at=at, answer=found.pk, **ends)
        clocks.wait_for_member(case, actor=None, at=at)
    chat.is_automatic, chat.person_since = True, None
    chat.save(update_fields=["is_automatic", "person_since"])
    return True


@transaction.atomic
def helped(*, case_id: int, member: Member, at: datetime) -> ChatSession:
    """The automatic answer helped. Again changes nothing.

    Raises:
        NotFound: not the member's own chat.
        ChatOver: it has ended.
        WrongState: there is no such answer, or a person was asked for.
    """
    case, chat = lock_open(case_id, member=member)
    if chat.answer is None or not chat.is_automatic:
        raise WrongState
    if chat.answer.outcome == AnswerOutcome.HELPED:
        return chat
    answering.settle(answer_id=chat.answer.pk, outcome=AnswerOutcome.HELPED, actor=member, at=at)
    case.first_replied_at = case.first_replied_at or chat.answer.given_at
    save(case, "first_replied_at")
    record("chat.helped", case, actor=member, at=at)
    announce(case, HELPED, at=at)
    return chat


@transaction.atomic
def ask_person(*, case_id: int, member: Member, at: datetime) -> ChatSession:
    """The member wants a person: the chat goes into the line. Again changes nothing.

    Raises:
        NotFound: not the member's own chat.
        ChatOver: it has ended.
    """
    case, chat = lock_open(case_id, member=member)
    if not chat.is_automatic:
        return chat
    if chat.answer is not None and not chat.answer.outcome:
        answering.settle(answer_id=chat.answer.pk, outcome=AnswerOutcome.PERSON, actor=member, at=at)
    record("chat.person_wanted", case, actor=member, at=at)
    announce(case, COMING, at=at)
    call_person(case, chat, at=at)
    live.publish(topic(case_id))
    return chat
