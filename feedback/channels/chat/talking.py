"""What is said in a chat, and who says it for us: take, write, hand over."""

from collections.abc import Sequence
from datetime import datetime

from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import Member
from config.common import live
from config.common.errors import NotFound, NotPermitted, WrongState
from config.common.events import record
from config.common.models import User
from feedback.attachments.commands import kept_with_the_transaction
from feedback.cases import commands as cases
from feedback.channels.chat.answering import answer
from feedback.channels.chat.sessions import LINE, announce, await_reply, call_person, lock_open, topic
from feedback.models import Agent, Author, Case, CaseStatus, ChatSession, ChatState, Message, Milestone
from feedback.org.queries import agent_of
from feedback.shifts.queries import loads

ASSIGN = "feedback.assign_case"
GOES_ON = _("%(agent)s will go on with you.")
CONNECTING = _("We are connecting you with our %(department)s.")


class ChatsFull(WrongState):
    """The agent has as many chats as they can have at once."""

    code = "chats_full"


@kept_with_the_transaction()
@transaction.atomic
def write(
    *,
    case_id: int,
    body: str,
    attachments: Sequence["File[bytes]"] = (),
    key: str | None = None,
    member: Member,
    at: datetime,
) -> Message:
    """The member says something; while nobody is called, the knowledge base is asked first.

    Raises:
        NotFound: not the member's own chat.
        ChatOver: it has ended.
        Invalid: nothing said, or too much.
        BadFile: an attachment that is not taken.
        KeyReused: the key came before with other content.
    """
    _case, chat = lock_open(case_id, member=member)
    known = _newest(case_id)
    message = cases.member_message(
        case_id=case_id, body=body, attachments=attachments, key=key, actor=member, at=at
    )
    ChatSession.objects.filter(pk=chat.pk).update(
        member_seen_at=at, member_typed_at=None, member_read=max(chat.member_read, message.pk)
    )
    if message.pk > known and chat.state == ChatState.AUTOMATIC:
        case, chat = lock_open(case_id, member=member)
        if not answer(case, chat, message.body, at=at):
            call_person(case, chat, at=at)
    return message


def _newest(case_id: int) -> int:
    """The newest message there is: one with a higher number is new, not a repeated request's."""
    newest = Message.objects.filter(case=case_id).order_by("-pk").values_list("pk", flat=True).first()
    return newest or 0


@transaction.atomic
def take(*, case_id: int, actor: User, at: datetime) -> ChatSession:
    """Take a chat that nobody has. One's own again changes nothing.

    Raises:
        NotFound: there is no such chat.
        ChatOver: it has ended.
        AlreadyTaken: a colleague was quicker.
        ChatsFull: the person has as many chats as they can have.
        NotPermitted: the person is no agent of the department.
        MoveNotAllowed: its case is resolved or closed.
    """
    case, chat = lock_open(case_id)
    agent = agent_of(actor)
    if agent is None:
        raise NotPermitted
    if case.agent_id != agent.pk:
        if case.agent_id is None:
            _make_room(agent.pk)
        chat.case = cases.claim(case_id=case_id, actor=actor, at=at)
        _began(chat, at)
    return chat


@kept_with_the_transaction()
@transaction.atomic
def say(
    *,
    case_id: int,
    body: str,
    attachments: Sequence["File[bytes]"] = (),
    key: str | None = None,
    actor: User,
    at: datetime,
) -> Message:
    """Our word in a chat of one's own, or in one that nobody has, which is taken by it.

    Raises:
        NotFound: there is no such chat.
        ChatOver: it has ended.
        AlreadyTaken: a colleague has the chat.
        ChatsFull, NotPermitted: as `take`.
        Invalid: nothing said, or too much.
        BadFile: an attachment that is not taken.
        KeyReused: the key came before with other content.
    """
    chat = take(case_id=case_id, actor=actor, at=at)
    message = cases.reply(case_id=case_id, body=body, attachments=attachments, key=key, actor=actor, at=at)
    ChatSession.objects.filter(pk=chat.pk).update(
        agent_seen_at=at, agent_typed_at=None, agent_read=max(chat.agent_read, message.pk)
    )
    return message


@transaction.atomic
def hand_over(
    *,
    case_id: int,
    agent_id: int | None = None,
    department_id: int | None = None,
    note: str = "",
    actor: User,
    at: datetime,
) -> ChatSession:
    """Give a chat to a colleague, or to another department's line; a clock runs for the next word.

    Raises:
        NotFound: there is no such chat, agent or department.
        ChatOver: it has ended.
        NotPermitted: it is a colleague's chat, and the person does not assign cases.
        ChatsFull: the colleague has as many chats as they can have.
        Invalid: the agent or department takes none, or has it already.
    """
    case, chat = lock_open(case_id)
    check_own(case, actor)
    if agent_id is not None:
        if Agent.objects.filter(pk=agent_id).exists() and agent_id != case.agent_id:
            _make_room(agent_id)
        given = cases.assign(case_id=case_id, agent_id=agent_id, actor=actor, at=at)
        if note:
            cases.note(case_id=case_id, body=note, actor=actor, at=at)
        chat.case = given
        announce(given, GOES_ON, agent=given.agent, at=at)
    elif department_id is not None:
        given = cases.transfer(case_id=case_id, department_id=department_id, note=note, actor=actor, at=at)
        chat.case = given
        announce(given, CONNECTING, department=given.department, at=at)
        call_person(given, chat, at=at)
    else:
        raise NotFound
    record("chat.handed_over", case, actor=actor, at=at)
    await_reply(chat.case, Milestone.NEXT_REPLY, at=at)
    live.publish(LINE, topic(case_id))
    return chat


def check_own(case: Case, actor: User) -> None:
    """Refuse who neither has the chat nor assigns cases.

    Raises:
        NotPermitted: with who has it.
    """
    if actor.has_perm(ASSIGN) or (case.agent is not None and case.agent.user_id == actor.pk):
        return
    if case.agent is None:
        raise NotPermitted(_("Take the chat first."))
    raise NotPermitted(_("This chat is with %(agent)s.") % {"agent": case.agent})


def _make_room(agent_id: int) -> None:
    """Count an agent's chats under the lock of the agent, as the router does.

    Raises:
        ChatsFull: there is room for none.
    """
    agent = Agent.objects.select_for_update(no_key=True).get(pk=agent_id)
    if loads([agent.pk])[agent.pk].chats >= agent.chat_capacity:
        raise ChatsFull(
            _("%(agent)s has %(count)s chats already, which is as many as allowed.")
            % {"agent": agent, "count": agent.chat_capacity}
        )


def _began(chat: ChatSession, at: datetime) -> None:
    """An agent has the chat: nothing is answered automatically any more."""
    chat.is_automatic, chat.person_since, chat.agent_seen_at = False, chat.person_since or at, at
    chat.save(update_fields=["is_automatic", "person_since", "agent_seen_at"])
    live.publish(LINE, topic(chat.case_id))


def last_was_ours(case: Case) -> bool:
    """Whether the last public word was ours, so that it is the member's turn."""
    return case.last_author in {Author.AGENT, Author.SYSTEM} or case.status == CaseStatus.WAITING_MEMBER
