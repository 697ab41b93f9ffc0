"""A case as a conversation: what was said, and between it, in small, what happened."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from django.utils.translation import gettext as _

from feedback.cases.timeline import Entry
from feedback.models import (
    Attachment,
    Author,
    Call,
    Case,
    ChannelMessage,
    Direction,
    Handoff,
    HandoffStatus,
    Message,
)
from feedback.models.case import number_of

Side = Literal["member", "us", "note", "system"]

LIMIT = 200
TELLING = frozenset(
    {
        "case.claimed", "case.assigned", "case.routed", "case.handed_back", "case.overflowed",
        "case.transferred", "case.priority_changed", "case.resolved",
        "case.confirmed", "case.reopened", "case.closed", "handoff.recalled", "remedy.granted",
        "remedy.requested", "remedy.refused", "remedy.reversed", "remedy.confirmed", "remedy.failed",
        "remedy.withdrawn", "clock.breached", "case.waits",
        "case.goes_on", "case.call_promised", "case.call_unwanted", "case.refunded", "case.review_answered",
        "case.took_in", "case.split", "case.linked", "case.unlinked",
    }
)  # fmt: skip
"""The events that a reader of the conversation has to know of."""

ENDS = frozenset({"handoff.answered", "handoff.rejected"})


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance or happening of a conversation."""

    at: datetime
    side: Side
    who: str
    text: str
    message_id: int | None = None
    files: list[Attachment] = field(default_factory=list)
    carried: ChannelMessage | None = None
    """The letter or the marketplace's message that it stands for."""
    call: Call | None = None
    said_in: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Thread:
    """The newest lines of a conversation, oldest first."""

    lines: list[Line]
    has_more: bool
    last_message_id: int


def thread_of(
    case: Case, entries: Iterable[Entry], handoffs: Iterable[Handoff], *, limit: int = LIMIT
) -> Thread:
    """The conversation of a case with its timeline's `entries` and its `handoffs`: up to `limit` messages."""
    newest = (
        Message.objects.filter(case=case)
        .select_related("user", "carried")
        .prefetch_related("attachments")
        .order_by("-at", "-pk")[: limit + 1]
    )
    messages = list(newest)
    has_more = len(messages) > limit
    messages = messages[:limit]
    lines = [_said(message, case) for message in messages]
    since = messages[-1].at if has_more else None
    happened = [*_asked(handoffs), *_told(entries), *_called(case)]
    lines += [line for line in happened if since is None or line.at >= since]
    lines.sort(key=lambda line: (line.at, line.message_id or 0))
    return Thread(lines, has_more, max((message.pk for message in messages), default=0))


def came_since(thread: Thread, entries: Iterable[Entry], *, seen: int, told: int) -> list[Line]:
    """What a reader does not know who saw the message `seen` and the event `told` last, oldest first.

    Of a question to another department what it answered; of the rest what a reader has to know of.
    """
    new = [line for line in thread.lines if line.message_id is not None and line.message_id > seen]
    answers = {line.at: line for line in thread.lines if line.key.startswith("a")}
    for entry in entries:
        if entry.event_id <= told:
            continue
        if entry.kind in TELLING or entry.kind.startswith("handoff."):
            happened = Line(entry.at, "system", entry.who, entry.text, key=f"e{entry.event_id}")
            new.append(answers.get(entry.at, happened) if entry.kind in ENDS else happened)
    return sorted(new, key=lambda line: (line.at, line.message_id or 0))


def _said(message: Message, case: Case) -> Line:
    side: Side = "member"
    who = str(case.member)
    if message.author == Author.AGENT:
        side, who = ("us" if message.is_public else "note"), str(message.user)
    elif message.author == Author.SYSTEM:
        side, who = ("us" if message.is_public else "note"), ""
    return Line(
        message.at,
        side,
        who,
        message.body,
        message.pk,
        list(message.attachments.all()),
        getattr(message, "carried", None),
        said_in=number_of(message.said_in_id) if message.said_in_id else "",
        key=f"m{message.pk}",
    )


def _asked(handoffs: Iterable[Handoff]) -> Iterator[Line]:
    for handoff in handoffs:
        ends = f"{handoff.from_department} → {handoff.department}"
        who = f"{handoff.asked_by or ''} · {ends}".strip(" ·")
        yield Line(handoff.asked_at, "note", who, handoff.question, key=f"h{handoff.pk}")
        if handoff.ended_at is not None and handoff.status != HandoffStatus.RECALLED:
            who = f"{handoff.answered_by or ''} · {handoff.department}".strip(" ·")
            yield Line(handoff.ended_at, "note", who, handoff.answer, key=f"a{handoff.pk}")


def _called(case: Case) -> Iterator[Line]:
    for call in Call.objects.filter(case=case).select_related("agent__user").order_by("began_at", "pk"):
        who = str(call.agent or "") if call.direction == Direction.OUT else str(case.member)
        yield Line(call.began_at, "system", who, call_words(call), call=call, key=f"c{call.pk}")


def call_words(call: Call) -> str:
    """What came of a call: "called, answered after 8 s, 192 s"."""
    parts = [_("called")]
    if call.answered_at is not None:
        waited = round((call.answered_at - (call.rang_at or call.answered_at)).total_seconds())
        parts.append(_("answered after %(seconds)s s") % {"seconds": max(0, waited)})
        if call.ended_at is not None:
            talked = round((call.ended_at - call.answered_at).total_seconds())
            minutes, seconds = divmod(max(0, talked), 60)
            parts.append(_("talked %(minutes)s:%(seconds)02d") % {"minutes": minutes, "seconds": seconds})
    elif call.missed_at is not None:
        parts.append(_("nobody answered"))
    return " · ".join(parts)


def _told(entries: Iterable[Entry]) -> Iterator[Line]:
    return (
        Line(entry.at, "system", entry.who, entry.text, key=f"e{entry.event_id}")
        for entry in entries
        if entry.kind in TELLING
    )
