"""Chats as their member and their agents see them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q, QuerySet

from compensation.models import Member
from config.common.errors import NotFound
from config.common.models import User
from feedback.channels.chat.rules import Place
from feedback.clocks.commands import REPLIES
from feedback.models import (
    Agent,
    Author,
    Calendar,
    Case,
    ChatSession,
    ChatSetup,
    Clock,
    Message,
)
from feedback.org.queries import department_ids
from feedback.sops.calendar import WorkCalendar

SHOWN = ("case__member__tier", "case__department", "case__agent__user", "answer")
NEWEST = 200
"""How many messages a page of a chat holds; the whole is on the case."""


def setup() -> ChatSetup:
    """How the house chats; the defaults of the model where nobody said."""
    return ChatSetup.objects.filter(pk=1).first() or ChatSetup(pk=1)


def opens_at(given: ChatSetup, at: datetime) -> datetime:
    """When members can chat next; `at` itself while they can."""
    if given.calendar_id is None:
        return at
    content = Calendar.objects.values_list("content", flat=True).get(pk=given.calendar_id)
    return WorkCalendar.from_json(content).next_open(at)


def is_open(case: Case) -> bool:
    """Whether the member of a case sees in a chat what happens in it."""
    return ChatSession.objects.filter(case=case, ended_at=None).exists()


def own(member: Member) -> QuerySet[ChatSession]:
    """A member's chats."""
    return ChatSession.objects.filter(member=member).select_related(*SHOWN)


def chat_of(case_id: int) -> ChatSession | None:
    """The chat of a case, for staff who may see the case."""
    return ChatSession.objects.select_related(*SHOWN).filter(case=case_id).first()


def chats_of(case_ids: Iterable[int]) -> dict[int, ChatSession]:
    """The chats of some cases, by case, for staff who may see them."""
    found = ChatSession.objects.select_related(*SHOWN).filter(case__in=case_ids)
    return {chat.case_id: chat for chat in found}


def own_chat(member: Member, case_id: int) -> ChatSession:
    """One of a member's chats.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    found = own(member).filter(case=case_id).first()
    if found is None:
        raise NotFound
    return found


def open_chat(member: Member) -> ChatSession | None:
    """The chat that a member is in, if any."""
    return own(member).filter(ended_at=None).first()


def said(case_id: int, *, after: int = 0, notes: bool = False) -> list[Message]:
    """What member and house said to each other, oldest first: the newest, or those after a message.

    With `notes` also what colleagues wrote for each other.
    """
    public = {} if notes else {"is_public": True}
    newest = (
        Message.objects.filter(case=case_id, pk__gt=after, **public)
        .select_related("user")
        .prefetch_related("attachments")
        .order_by("-pk")[:NEWEST]
    )
    return list(reversed(newest))


def place_of(chat: ChatSession) -> Place:
    """Where a chat stands in its department's line, and by when we promised to answer."""
    ahead = line([chat.case.department_id]).filter(
        Q(person_since__lt=chat.person_since) | Q(person_since=chat.person_since, pk__lt=chat.pk)
    )
    return Place(ahead.count() + 1, promised_by(chat.case_id))


def promised_by(case_id: int) -> datetime | None:
    """When a reply in a case is due that is not given yet."""
    due = Clock.objects.filter(case=case_id, milestone__in=REPLIES, met_at=None, stopped_at=None)
    return due.order_by("due_at").values_list("due_at", flat=True).first()


def line(department_ids: Collection[int]) -> QuerySet[ChatSession]:
    """The chats of some departments that wait for an agent, in no order."""
    return ChatSession.objects.filter(
        ended_at=None,
        is_automatic=False,
        case__agent=None,
        case__resolved_at=None,
        case__department__in=department_ids,
    )


@dataclass(frozen=True, slots=True)
class Desk:
    """What an agent's page of chats shows at its left."""

    mine: list[ChatSession]
    waiting: list[ChatSession]
    capacity: int

    def find(self, case_id: int | None) -> ChatSession | None:
        """The chat of a case, if it stands here."""
        return next((chat for chat in (*self.mine, *self.waiting) if chat.case_id == case_id), None)

    @property
    def is_full(self) -> bool:
        """Whether no chat more can be taken."""
        return len([chat for chat in self.mine if chat.case.resolved_at is None]) >= self.capacity


LINE_SHOWN = 50


def case_ids_of(agent: Agent | None) -> list[int]:
    """The cases of the chats that an agent has."""
    mine = ChatSession.objects.filter(ended_at=None, case__agent=agent)
    return list(mine.values_list("case_id", flat=True)) if agent else []


def desk(user: User, agent: Agent | None) -> Desk:
    """The chats of an agent, and those that wait in the departments whose cases the person sees."""
    rows = ChatSession.objects.select_related(*SHOWN)
    unread = Count(
        "case__messages",
        filter=Q(case__messages__author=Author.MEMBER, case__messages__pk__gt=F("agent_read")),
    )
    mine = (
        rows.filter(ended_at=None, case__agent=agent).annotate(unread=unread).order_by("started_at", "pk")
        if agent
        else rows.none()
    )
    waiting = rows.filter(pk__in=line(department_ids(user))).order_by("person_since", "pk")[:LINE_SHOWN]
    return Desk(list(mine), list(waiting), agent.chat_capacity if agent else 0)
