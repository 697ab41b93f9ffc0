"""Writing a public message into a locked case, with what follows from it for status and clocks."""

from collections.abc import Sequence
from datetime import datetime

from compensation.models import Member
from config.common.events import record
from config.common.models import User
from feedback.attachments.commands import attach
from feedback.attachments.rules import Clean
from feedback.cases import outgoing, rules
from feedback.cases.locking import hold_agent, move, save
from feedback.cases.watching import MEMBER_WROTE, tell_watchers
from feedback.clocks import commands as clocks
from feedback.models import Author, Case, CaseStatus, Message
from feedback.org.queries import agent_of, may_work_in

BECOMES_OPEN = frozenset({CaseStatus.NEW, CaseStatus.WAITING_MEMBER, CaseStatus.REOPENED})


def say(
    case: Case,
    body: str,
    files: Sequence[Clean],
    *,
    to: CaseStatus | None,
    is_last: bool = False,
    letter: int | None = None,
    actor: User,
    at: datetime,
) -> Message:
    """Write our reply and move the case to `to`, if it has to move. Meets the reply clocks.

    `is_last`: the case is resolved with it. `letter`: whose writer it goes to, instead of the member.

    Raises:
        MoveNotAllowed: the table does not hold the move.
    """
    was_waiting = case.status == CaseStatus.WAITING_MEMBER
    ends = move(case, to) if to is not None and to != case.status else {}
    message = _write(case, body, files, author=Author.AGENT, user=actor, at=at)
    case.first_replied_at = case.first_replied_at or at
    taken = _take_if_free(case, actor)
    save(case, "last_message_at", "last_message", "last_author", "first_replied_at", "agent")
    record("case.replied", case, actor=actor, at=at, message=message.pk, **ends, **taken)
    clocks.replied(case, is_last=is_last, actor=actor, at=at)
    if taken:
        hold_agent(case)
    outgoing.send(case, message, letter=letter, at=at)
    if case.status == CaseStatus.WAITING_MEMBER and not was_waiting:
        clocks.wait_for_member(case, actor=actor, at=at)
    elif was_waiting and ends:
        clocks.resume(case, actor=actor, at=at)
    return message


def hear(case: Case, body: str, files: Sequence[Clean], *, actor: Member, at: datetime) -> Message:
    """Write what the member says; a case that waited for it is open again. Starts the next reply's clock."""
    ends = move(case, CaseStatus.OPEN) if case.status == CaseStatus.WAITING_MEMBER else {}
    message = _write(case, body, files, author=Author.MEMBER, user=None, at=at)
    save(case, "last_message_at", "last_message", "last_author")
    record("case.member_wrote", case, actor=actor, at=at, message=message.pk, **ends)
    clocks.member_spoke(case, at=at)
    key = f"message:{message.pk}:watchers"
    tell_watchers(case, kind="case.member_wrote", key=key, title=MEMBER_WROTE, at=at)
    return message


def after_reply(case: Case, then: rules.Then) -> CaseStatus | None:
    """Where a reply leads a case; None where it stays or where resolving it will lead it."""
    if then == "wait":
        return CaseStatus.WAITING_MEMBER
    return CaseStatus.OPEN if then == "open" and case.status in BECOMES_OPEN else None


def _write(
    case: Case, body: str, files: Sequence[Clean], *, author: Author, user: User | None, at: datetime
) -> Message:
    message = Message.objects.create(case=case, author=author, user=user, body=body, at=at)
    attach(message, files)
    case.last_message_at, case.last_message, case.last_author = at, rules.first_words(body), author
    return message


def _take_if_free(case: Case, actor: User) -> dict[str, int]:
    """Who answers a case that nobody has works on it from then on."""
    if case.agent_id is not None:
        return {}
    agent = agent_of(actor)
    if agent is None or not may_work_in(agent, case.department_id):
        return {}
    case.agent = agent
    return {"agent": agent.pk}
