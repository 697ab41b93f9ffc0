"""How a chat begins: greeting, an answer from the knowledge base, or the line for a person."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from compensation.models import Member, Order
from config.common.errors import Invalid, WrongState
from config.common.events import record
from feedback.attachments.commands import kept_with_the_transaction
from feedback.cases import commands as cases
from feedback.cases import waiting
from feedback.cases.locking import save
from feedback.cases.rules import clean_text, first_words, required_text
from feedback.channels.chat import queries, talking
from feedback.channels.chat.answering import answer
from feedback.channels.chat.sessions import announce, call_person
from feedback.clocks import commands as clocks
from feedback.models import (
    Author,
    AutomaticReply,
    Case,
    CaseKind,
    Channel,
    ChatSession,
    Message,
)

ONE_OPEN = "chat_one_open_a_member"

Way = Literal["call", "email", "portal"]
WAYS: tuple[Way, ...] = ("call", "email", "portal")
"""How somebody who left a message wants to be answered."""


class ChatClosed(WrongState):
    """Nobody is there to chat now; `opens_at` says when."""

    code = "chat_closed"
    default = _("Our chat is closed at the moment. Leave us a message, and we will get back to you.")


@kept_with_the_transaction()
@transaction.atomic
def start(
    *,
    member: Member,
    body: str,
    attachments: Sequence["File[bytes]"] = (),
    order: Order | None = None,
    key: str | None = None,
    at: datetime,
) -> ChatSession:
    """Begin a chat with the member's first words: a case opens, its first reply is due by the chat policy.

    Somebody who is in a chat already has said it there. The same `key` again gives the same chat.

    Raises:
        ChatClosed: outside the hours of the chat.
        Invalid: nothing said, too much, or an order of somebody else.
        BadFile: an attachment that is not taken.
        KeyReused: the key came before with other content.
    """
    opens_at = queries.opens_at(queries.setup(), at)
    if opens_at > at:
        raise ChatClosed(opens_at=opens_at.isoformat())
    try:
        with transaction.atomic():
            return _begin(member, body, attachments, order=order, key=key, at=at)
    except IntegrityError as error:
        if ONE_OPEN not in str(error):
            raise
    going = queries.own(member).get(ended_at=None)  # in another page
    talking.write(case_id=going.case_id, body=body, attachments=attachments, key=key, member=member, at=at)
    return going


def _begin(
    member: Member,
    body: str,
    attachments: Sequence["File[bytes]"],
    *,
    order: Order | None,
    key: str | None,
    at: datetime,
) -> ChatSession:
    text = clean_text(body) if attachments else required_text(body)
    case = cases.open_case(
        member=member,
        kind=CaseKind.ENQUIRY,
        channel=Channel.CHAT,
        subject=first_words(text, 60) or str(_("Chat")),
        body=text,
        order=order,
        attachments=attachments,
        idempotency_key=key,
        tells=False,
        actor=member,
        at=at,
    )
    known = queries.own(member).filter(case=case).first()
    if known is not None:
        return known
    chat = ChatSession.objects.create(
        case=case, member=member, started_at=at, person_since=at, member_seen_at=at
    )
    record("chat.started", case, actor=member, at=at)
    given = queries.setup()
    with translation.override(member.language):
        greeting = given.text("greeting")
    if greeting:
        announce(case, greeting, at=at)
        if given.counts == AutomaticReply.GREETING:
            clocks.replied(case, actor=None, at=at)
    if not answer(case, chat, text, at=at):
        call_person(case, chat, at=at)
    return chat


@kept_with_the_transaction()
@transaction.atomic
def leave_message(
    *,
    member: Member,
    body: str,
    way: Way,
    attachments: Sequence["File[bytes]"] = (),
    key: str | None = None,
    at: datetime,
) -> Case:
    """Take down what a member wants while the chat is closed, and how they want to be answered.

    It is a case like any other; a call that is wished for is promised, with its clock.

    Raises:
        Invalid: nothing said, too much, no such way, or no number or address to answer to.
        BadFile: an attachment that is not taken.
        KeyReused: the key came before with other content.
    """
    text = required_text(body)
    if way not in WAYS or (way == "call" and not member.phone) or (way == "email" and not member.email):
        raise Invalid(_("We cannot answer you on this way. Please choose another one."))
    case = cases.open_case(
        member=member,
        kind=CaseKind.ENQUIRY,
        channel=Channel.PORTAL,
        subject=first_words(text, 60),
        body=text,
        attachments=attachments,
        idempotency_key=key,
        actor=member,
        at=at,
    )
    if Message.objects.filter(case=case, is_public=False).exists():
        return case  # the same key again
    note = {
        "call": _("Left while the chat was closed; wants to be called."),
        "email": _("Left while the chat was closed; wants an answer by e-mail."),
        "portal": _("Left while the chat was closed; reads the answer in the portal."),
    }[way]
    Message.objects.create(case=case, author=Author.SYSTEM, is_public=False, body=str(note), at=at)
    save(case)
    record("chat.message_left", case, actor=member, at=at, way=way)
    if way == "call":
        waiting.promise_call_back(case_id=case.pk, actor=None, at=at)
    return case
