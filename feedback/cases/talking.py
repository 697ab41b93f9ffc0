"""What is said in a case: replies, notes, and what the member writes."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import Member
from config.common import idempotency
from config.common.errors import MoveNotAllowed
from config.common.events import record
from config.common.models import User
from feedback.attachments.commands import inspect_all, kept_with_the_transaction
from feedback.cases import outgoing, rules, telling
from feedback.cases.ending import finish, revive
from feedback.cases.locking import lock, lock_own, save
from feedback.cases.mentions import mention
from feedback.cases.speech import after_reply, hear, say
from feedback.knowledge.queries import nearest
from feedback.knowledge.tone import refuse_blocked
from feedback.models import Author, CaseStatus, Message, Resolution


@kept_with_the_transaction()
@transaction.atomic
def reply(
    *,
    case_id: int,
    body: str,
    attachments: Sequence["File[bytes]"] = (),
    then: rules.Then = "open",
    resolution: Resolution = Resolution.ANSWERED,
    to: int | None = None,
    call: rules.Call = "",
    version: int | None = None,
    key: str | None = None,
    actor: User,
    at: datetime,
) -> Message:
    """Answer the member; then the case stays with us, waits for the member, or is resolved.

    A case that nobody has becomes the replier's own. A reply to a resolved case leaves it resolved. `to` is
    the letter whose writer is answered; without it the member is, at the address that we know of them.

    Raises:
        Invalid: nothing said, or too much; or `to` is no letter of somebody who wrote in this case; or
            resolved without a word about a call that was promised.
        BadTone: it says what a rule of tone blocks.
        BadFile: an attachment that is not taken.
        MoveNotAllowed: the case is closed, or may not go where `then` says.
        Stale: since `version` something has happened that matters to the answer.
        KeyReused: the key came before with other content.
    """
    files = inspect_all(attachments)
    body = rules.clean_text(body) if files else rules.required_text(body)
    lock(case_id)

    def perform() -> Message:
        case = lock(case_id, version=version, reader=actor)
        if case.status == CaseStatus.CLOSED:
            rules.check_worked(case.status)
        refuse_blocked(body, language=nearest(case.language or case.member.language), kind=case.kind)
        outgoing.check_recipient(case, to)
        is_last = then == "resolve"
        message = say(
            case, body, files, to=after_reply(case, then), is_last=is_last, letter=to, actor=actor, at=at
        )
        if is_last:
            finish(case, resolution, body=body, call=call, actor=actor, at=at)
        elif then == "wait":
            telling.tell(case, "waiting", telling.WAITING, body=body, to_others=to is not None, at=at)
        else:
            telling.tell(case, "replied", telling.REPLIED, body=body, to_others=to is not None, at=at)
        return message

    content = {
        "body": body,
        "then": then,
        "resolution": resolution,
        "files": [clean.sha256 for clean in files],
        **({"to": to} if to is not None else {}),
        **({"call": call} if call else {}),
    }
    return _once(f"reply:{case_id}:{actor.pk}", key, content, perform)


@transaction.atomic
def note(*, case_id: int, body: str, key: str | None = None, actor: User, at: datetime) -> Message:
    """Write something that only colleagues see, in whatever state the case is.

    Raises:
        Invalid: nothing said, or too much.
        KeyReused: the key came before with other content.
    """
    body = rules.required_text(body)
    case = lock(case_id)

    def perform() -> Message:
        message = Message.objects.create(
            case=case, author=Author.AGENT, user=actor, is_public=False, body=body, at=at
        )
        save(case, news=False)
        record("case.noted", case, actor=actor, at=at, message=message.pk)
        mention(case, message, actor=actor, at=at)
        return message

    return _once(f"note:{case_id}:{actor.pk}", key, {"body": body}, perform)


@kept_with_the_transaction()
@transaction.atomic
def member_message(
    *,
    case_id: int,
    body: str,
    attachments: Sequence["File[bytes]"] = (),
    key: str | None = None,
    actor: Member,
    at: datetime,
) -> Message:
    """The member says something: a case that waited for it is open again, a resolved one is reopened.

    Raises:
        NotFound: not the member's own case.
        Invalid: nothing said, or too much.
        BadFile: an attachment that is not taken.
        MoveNotAllowed: the case is closed.
        KeyReused: the key came before with other content.
    """
    files = inspect_all(attachments)
    body = rules.clean_text(body) if files else rules.required_text(body)
    lock_own(case_id, actor)

    def perform() -> Message:
        case = lock_own(case_id, actor)
        if case.status == CaseStatus.CLOSED:
            raise MoveNotAllowed(_("This case is closed. Reopen it, or open a new one."))
        if case.status == CaseStatus.RESOLVED:
            revive(case, actor=actor, at=at)
        return hear(case, body, files, actor=actor, at=at)

    content = {"body": body, "files": [clean.sha256 for clean in files]}
    return _once(f"member_message:{case_id}:{actor.pk}", key, content, perform)


def _once(scope: str, key: str | None, content: Any, perform: Callable[[], Message]) -> Message:
    if key is None:
        return perform()
    return idempotency.once(scope=scope, key=key, content=content, model=Message, perform=perform)[0]
