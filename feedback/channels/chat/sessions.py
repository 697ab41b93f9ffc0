"""What every command on a chat stands on: its row under the lock of its case, and what the house says."""

from datetime import datetime

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compensation.models import Member
from config.common import live
from config.common.errors import NotFound, WrongState
from config.common.events import record
from feedback.cases.locking import lock, lock_own, save
from feedback.cases.rules import first_words
from feedback.channels.chat.queries import promised_by
from feedback.clocks import commands as clocks
from feedback.models import Author, Case, CaseStatus, ChatSession, Message, Milestone
from feedback.routing import commands as routing

LINE = "chats"
"""The topic of the line: who waits for an agent has changed."""


class ChatOver(WrongState):
    """The chat has ended; its case says how it goes on."""

    code = "chat_over"
    default = _("This chat has ended.")


def topic(case_id: int) -> str:
    """Give the topic of what is in no event, such as who types."""
    return f"chat:{case_id}"


def read_topic(case_id: int) -> str:
    """Give the topic of how far somebody has read: it may come a little later than what is said."""
    return f"read:{case_id}"


def lock_chat(case_id: int, *, member: Member | None = None) -> tuple[Case, ChatSession]:
    """Take the lock of a chat's case; with `member`, only of their own.

    Raises:
        NotFound: there is no such chat, or it is somebody else's.
    """
    case = lock(case_id) if member is None else lock_own(case_id, member)
    chat = ChatSession.objects.select_related("answer").filter(case=case).first()
    if chat is None:
        raise NotFound
    chat.case = case
    return case, chat


def lock_open(case_id: int, *, member: Member | None = None) -> tuple[Case, ChatSession]:
    """Take the lock of a chat that goes on.

    Raises:
        NotFound: there is no such chat, or it is somebody else's.
        ChatOver: it has ended.
    """
    case, chat = lock_chat(case_id, member=member)
    if chat.ended_at is not None:
        raise ChatOver(case=case_id)
    return case, chat


def announce(
    case: Case, body: str | Promise, *, at: datetime, shown: bool = False, **names: object
) -> Message:
    """Write what the house says by itself, in the member's language; `names` fill a text of ours.

    `shown`: it stands in lists as the last word.
    """
    with translation.override(case.member.language):
        text = str(body) % {name: str(value) for name, value in names.items()} if names else str(body)
    message = Message.objects.create(case=case, author=Author.SYSTEM, body=text, at=at)
    if shown:
        case.last_message_at, case.last_author = at, Author.SYSTEM
        case.last_message = first_words(message.body)
    save(case, "last_message_at", "last_message", "last_author")
    record("chat.said", case, actor=None, at=at, message=message.pk)
    return message


def call_person(case: Case, chat: ChatSession, *, at: datetime) -> None:
    """Put a chat into the line, with a clock for a person's answer; somebody who is free gets it at once."""
    chat.is_automatic, chat.person_since = False, at
    chat.save(update_fields=["is_automatic", "person_since"])
    if case.status == CaseStatus.WAITING_MEMBER:
        case.status = CaseStatus.OPEN
        clocks.resume(case, actor=None, at=at)
    case.queued_at = at
    save(case, "queued_at")
    await_reply(case, Milestone.FIRST_REPLY, at=at)
    live.publish(LINE, topic(case.pk))
    routing.route_case(case_id=case.pk, at=at)


def await_reply(case: Case, milestone: Milestone, *, at: datetime) -> None:
    """Have a clock run for our next word, unless one does."""
    if promised_by(case.pk) is None:
        clocks.start(case, milestone, actor=None, at=at)
