"""How a chat ends: solved, kept as a case that goes on in the portal, or left by its member."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from compensation.models import Member
from config.common import live
from config.common.events import record
from config.common.models import User
from feedback.cases import commands as cases
from feedback.cases import rules
from feedback.cases.ending import finish, is_call_promised
from feedback.cases.locking import save
from feedback.channels.chat import queries
from feedback.channels.chat.rules import Patience, has_left, is_there
from feedback.channels.chat.sessions import LINE, announce, lock_chat, topic
from feedback.channels.chat.talking import check_own, last_was_ours
from feedback.clocks import commands as clocks
from feedback.models import (
    AnswerOutcome,
    Author,
    Case,
    CaseStatus,
    Channel,
    ChatEnding,
    ChatSession,
    Message,
    Resolution,
)

log = logging.getLogger(__name__)

KEPT = _("The chat has ended. We go on with your case %(number)s and answer you in the portal.")
LEFT_NOTE = _("The member left the chat.")


@transaction.atomic
def end_by_member(*, case_id: int, solved: bool, member: Member, at: datetime) -> ChatSession:
    """The member ends the chat: solved, which closes the case, or to go on as a case. Again changes nothing.

    Where another department has yet to answer, the case goes on whatever the member says.

    Raises:
        NotFound: not the member's own chat.
    """
    case, chat = lock_chat(case_id, member=member)
    if chat.ended_at is not None:
        return chat
    if solved and case.status == CaseStatus.RESOLVED:
        cases.confirm(case_id=case_id, actor=member, at=at)
    elif solved and rules.allowed(case.status, CaseStatus.RESOLVED):
        _solved_for_member(case, chat, member, at)
    elif case.resolved_at is None:
        return _keep(case, chat, actor=member, at=at)
    return _end(chat, ChatEnding.MEMBER, actor=member, at=at)


def _solved_for_member(case: Case, chat: ChatSession, member: Member, at: datetime) -> None:
    """Resolve and close; where nobody had answered, no clock is met by that."""
    if case.first_replied_at is None and chat.answer is not None and chat.is_automatic:
        case.first_replied_at = chat.answer.given_at
        save(case, "first_replied_at")
    answered = case.first_replied_at is not None
    if not answered:
        clocks.stop_all(case, actor=member, at=at)
    how = Resolution.ANSWERED if answered else Resolution.WITHDRAWN
    finish(case, how, body="", call="unwanted", actor=member, at=at)
    cases.confirm(case_id=case.pk, actor=member, at=at)


@transaction.atomic
def end_by_agent(*, case_id: int, resolution: Resolution | None, actor: User, at: datetime) -> ChatSession:
    """The agent ends the chat: resolved in this way, or to go on as a case with None. Again changes nothing.

    Raises:
        NotFound: there is no such chat.
        NotPermitted: it is a colleague's chat, and the person does not assign cases.
        Invalid: the member was never answered, or no such resolution.
        MoveNotAllowed: another department has yet to answer.
    """
    case, chat = lock_chat(case_id)
    if chat.ended_at is not None:
        return chat
    check_own(case, actor)
    if resolution is None and case.resolved_at is None:
        return _keep(case, chat, actor=actor, at=at)
    if is_there(chat.member_seen_at, at):  # sees it happen: nothing else need be told
        _resolve(case, resolution, actor, at)
        return _end(chat, ChatEnding.AGENT, actor=actor, at=at)
    _end(chat, ChatEnding.AGENT, actor=actor, at=at)
    _resolve(case, resolution, actor, at)
    return chat


def _resolve(case: Case, resolution: Resolution | None, actor: User, at: datetime) -> None:
    if case.resolved_at is None:
        cases.resolve(case_id=case.pk, resolution=resolution or Resolution.ANSWERED, actor=actor, at=at)


def _keep(case: Case, chat: ChatSession, *, actor: Member | User | None, at: datetime) -> ChatSession:
    """Go on as a case: what is promised from now on is what we promise in the portal."""
    announce(case, KEPT, number=case.number, at=at)
    _end(chat, ChatEnding.KEPT, actor=actor, at=at)
    case.channel = Channel.PORTAL
    if case.status == CaseStatus.WAITING_MEMBER:
        case.status = CaseStatus.OPEN
        clocks.resume(case, actor=actor, at=at)
    save(case, "channel")
    clocks.retarget(case, actor=actor, at=at)
    if not last_was_ours(case) and queries.promised_by(case.pk) is None:
        clocks.member_spoke(case, at=at)
    return chat


def _end(chat: ChatSession, ending: ChatEnding, *, actor: Member | User | None, at: datetime) -> ChatSession:
    chat.ended_at, chat.ending = at, ending
    chat.member_typed_at = chat.agent_typed_at = None
    chat.save(update_fields=["ended_at", "ending", "member_typed_at", "agent_typed_at"])
    record("chat.ended", chat.case, actor=actor, at=at, how=str(ending))
    live.publish(LINE, topic(chat.case_id))
    return chat


def end_left(*, at: datetime, limit: int = 100) -> int:
    """End the chats whose members have left; gives how many.

    What we had answered is resolved, and the member is told and may reopen it. What waits for us goes on as
    a case: nobody's question is dropped because they put the phone away.
    """
    given = queries.setup()
    patience = Patience(given.left_after, given.silent_after)
    ended = 0
    rows = ChatSession.objects.filter(
        ended_at=None, started_at__lte=at - min(given.left_after, given.silent_after)
    )
    for case_id in list(rows.order_by("member_seen_at").values_list("case_id", flat=True)[: limit * 10]):
        try:
            ended += _end_if_left(case_id, patience, at)
        except Exception:  # whatever it stumbles over, the next must be ended
            log.exception("the chat of case %s cannot be ended", case_id)
        if ended >= limit:
            break
    return ended


@transaction.atomic
def _end_if_left(case_id: int, patience: Patience, at: datetime) -> bool:
    if not Case.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=case_id).exists():
        return False  # somebody works on it just now
    case, chat = lock_chat(case_id)
    answered = last_was_ours(case)
    spoke_at = case.last_message_at or chat.started_at
    if chat.ended_at is not None or not has_left(
        patience, seen_at=chat.member_seen_at, spoke_at=spoke_at, answered=answered, at=at
    ):
        return False
    Message.objects.create(case=case, author=Author.SYSTEM, is_public=False, body=str(LEFT_NOTE), at=at)
    helped = chat.answer is not None and chat.answer.outcome == AnswerOutcome.HELPED
    if case.resolved_at is None:
        if not answered or not rules.allowed(case.status, CaseStatus.RESOLVED) or is_call_promised(case):
            _keep(case, chat, actor=None, at=at)
            return True
        if case.first_replied_at is None and chat.answer is not None:
            case.first_replied_at = chat.answer.given_at
            save(case, "first_replied_at")
    _end(chat, ChatEnding.LEFT, actor=None, at=at)
    if case.resolved_at is None:
        how = Resolution.ANSWERED if helped else Resolution.SILENT
        finish(case, how, body=case.last_message, actor=None, at=at)
    return True
