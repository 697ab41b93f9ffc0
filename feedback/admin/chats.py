"""The agent's chats: who waits, one's own side by side, the conversation, and what is new at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from config.common import live
from config.common.asked import id_in
from config.common.errors import DomainError, Invalid, NotFound, NotPermitted
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.cases.queries import NOT_OURS, visible_to
from feedback.channels.chat import commands, queries, rules
from feedback.channels.chat.sessions import LINE, read_topic, topic
from feedback.clocks.queries import Chip, running_chips
from feedback.models import (
    Agent,
    Case,
    ChatSession,
    ChatState,
    Department,
    Message,
    Resolution,
)
from feedback.org.queries import agent_of, colleagues, department_ids
from feedback.shifts import commands as shifts

WORK = "feedback.work_case"
SIDE_BY_SIDE = 3
"""How many conversations stand beside each other."""
RESOLUTIONS = (
    Resolution.SOLVED,
    Resolution.ANSWERED,
    Resolution.COMPENSATED,
    Resolution.NOT_JUSTIFIED,
    Resolution.WITHDRAWN,
)


@dataclass(frozen=True, slots=True)
class Listing:
    """The left side: one's own chats, the line, and the clock of each."""

    desk: queries.Desk
    chips: dict[int, Chip]

    @staticmethod
    def of(request: StaffRequest, agent: Agent | None, at: datetime) -> "Listing":
        """What stands there at a moment."""
        desk = queries.desk(request.user, agent)
        return Listing(desk, running_chips([chat.case for chat in (*desk.mine, *desk.waiting)], now=at))

    @property
    def mine(self) -> list[tuple[ChatSession, Chip | None]]:
        """One's own, each with its clock."""
        return [(chat, self.chips.get(chat.case_id)) for chat in self.desk.mine]

    @property
    def waiting(self) -> list[tuple[ChatSession, Chip | None]]:
        """The line, each with its clock."""
        return [(chat, self.chips.get(chat.case_id)) for chat in self.desk.waiting]

    @property
    def mark(self) -> str:
        """A word that changes with what is seen."""
        parts = [
            f"{chat.case_id}.{chat.case.version}.{getattr(chat, 'unread', '')}"
            f".{chip.clock.pk if chip else ''}"
            for chat, chip in (*self.mine, *self.waiting)
        ]
        return "~".join(parts)


@dataclass(frozen=True, slots=True)
class Talk:
    """The right side: one conversation."""

    chat: ChatSession
    is_typing: bool
    is_there: bool
    is_mine: bool

    @staticmethod
    def of(chat: ChatSession, agent: Agent | None, at: datetime) -> "Talk":
        """The conversation as it is at a moment."""
        return Talk(
            chat=chat,
            is_typing=rules.is_typing(chat.member_typed_at, at),
            is_there=rules.is_there(chat.member_seen_at, at),
            is_mine=agent is not None and chat.case.agent_id == agent.pk,
        )

    @property
    def may_write(self) -> bool:
        """Whether the person answers here: it goes on, and is theirs or nobody's."""
        return self.chat.state != ChatState.ENDED and (self.is_mine or self.chat.case.agent_id is None)

    @property
    def mark(self) -> str:
        """A word that changes with what is seen."""
        return (
            f"{self.chat.state}.{self.chat.case.agent_id}.{self.chat.case.status}.{self.chat.member_read}"
            f".{int(self.is_typing)}{int(self.is_there)}"
        )


@require_GET
@needs(WORK)
def chats(request: StaffRequest) -> HttpResponse:
    """The page: the chats that were chosen beside each other, else the first of one's own."""
    at = timezone.now()
    agent = agent_of(request.user)
    listing = Listing.of(request, agent, at)
    chosen = _chosen(request, _ids(request)) or listing.desk.mine[:1]
    opened = [chat.case_id for chat in chosen]
    active = id_in(request.GET.get("on"))
    context = {
        "listing": listing,
        "agent": agent,
        "opened": opened,
        "active": active if active in opened else (opened or [0])[-1],
        "columns": [_conversation(Talk.of(chat, agent, at), opened) for chat in chosen],
        "may_open_more": len(opened) < SIDE_BY_SIDE,
    }
    return page(request, "feedback/chats/page.html", context, at=at)


def _ids(request: StaffRequest) -> list[int]:
    """The chats that an address names, each once, no more than stand beside each other."""
    named = [pk for text in request.GET.getlist("chat") if (pk := id_in(text)) is not None]
    return list(dict.fromkeys(named))[:SIDE_BY_SIDE]


def _chosen(request: StaffRequest, case_ids: Sequence[int]) -> list[ChatSession]:
    """The chats of those cases that this person may see, in the order asked for."""
    if not case_ids:
        return []
    seen = visible_to(request.user).filter(pk__in=case_ids).values_list("pk", flat=True)
    found = queries.chats_of(seen)
    return [found[pk] for pk in case_ids if pk in found]


def _conversation(talk: Talk, opened: Sequence[int]) -> dict[str, Any]:
    """One column."""
    lines = queries.said(talk.chat.case_id, notes=True)
    others = [pk for pk in opened if pk != talk.chat.case_id]
    return {
        "talk": talk,
        "chat": talk.chat,
        "case": talk.chat.case,
        "lines": lines,
        "last": lines[-1].pk if lines else 0,
        "departments": Department.objects.filter(is_active=True).exclude(pk=talk.chat.case.department_id),
        "colleagues": colleagues(talk.chat.case.department).exclude(pk=talk.chat.case.agent_id or 0),
        "resolutions": [(one.value, one.label) for one in RESOLUTIONS],
        "close": urlencode({"chat": others}, doseq=True) if others else "",
    }


@dataclass(frozen=True, slots=True)
class _Known:
    """What a column shows already: its last line and its mark, and whether somebody looks at it."""

    case_id: int
    after: int
    mark: str
    is_seen: bool

    @staticmethod
    def of(request: StaffRequest) -> "list[_Known]":
        """The columns of a page, as its question names them."""
        get = request.GET
        after, marks, hidden = get.getlist("after"), get.getlist("mark"), set(get.getlist("hidden"))
        return [
            _Known(
                pk,
                (id_in(after[n]) if n < len(after) else None) or 0,
                marks[n] if n < len(marks) else "",
                not hidden & {"", str(pk)},
            )
            for n, pk in enumerate(_ids(request))
        ]


@dataclass(frozen=True, slots=True)
class _Column:
    """What has changed in a column; no talk where nothing has."""

    talk: Talk | None
    lines: list[Message]
    case: Case


@dataclass(frozen=True, slots=True)
class _News:
    """What has changed; None for what has not. Those `gone` are out of this person's sight."""

    listing: Listing | None
    columns: list[_Column]
    gone: list[int]


@require_GET
@needs(WORK)
def wait(request: StaffRequest) -> HttpResponse:
    """What is new in the list and in the conversations: at once, or when there is something."""
    at, agent = timezone.now(), agent_of(request.user)
    known, list_mark = _Known.of(request), request.GET.get("list", "")
    if known and not _chosen(request, [one.case_id for one in known]):
        raise Http404
    if agent is not None:
        shifts.seen(agent_id=agent.pk, at=at)

    def look() -> _News | None:
        now = timezone.now()
        listing = Listing.of(request, agent, now)
        listed = [listing.desk.find(one.case_id) for one in known]
        seen = {chat.case_id: chat for chat in listed if chat is not None}
        others = [one.case_id for one in known if one.case_id not in seen]  # they may have gone elsewhere
        seen |= {chat.case_id: chat for chat in _chosen(request, others)}
        columns = [
            column
            for one in known
            if one.case_id in seen and (column := _look(seen[one.case_id], one, agent, now))
        ]
        gone = [one.case_id for one in known if one.case_id not in seen]
        found = _News(listing if listing.mark != list_mark else None, columns, gone)
        return found if found.listing or found.columns or found.gone else None

    cases = {*queries.case_ids_of(agent), *(one.case_id for one in known)}
    answer = live.wait(
        [f"user:{request.user.pk}", *(f"case:{pk}" for pk in cases), *(topic(pk) for pk in cases)],
        look,
        timeout=0 if "now" in request.GET else settings.LIVE_SECONDS,
        owner=f"user:{request.user.pk}",
        slow=[LINE, *(read_topic(one.case_id) for one in known)],
    )
    return JsonResponse({"again": answer.again_after, **_told(request, answer.found, agent)})


def _look(chat: ChatSession, known: _Known, agent: Agent | None, now: datetime) -> _Column | None:
    talk = Talk.of(chat, agent, now)
    if talk.is_mine and known.is_seen:
        commands.seen(chat=chat, side="agent", read=known.after, at=now)
    lines = queries.said(chat.case_id, after=known.after, notes=True)
    if talk.mark == known.mark and not lines:
        return None
    return _Column(talk if talk.mark != known.mark else None, lines, chat.case)


def _told(request: StaffRequest, found: _News | None, agent: Agent | None) -> dict[str, Any]:
    if found is None:
        return {}
    told: dict[str, Any] = {"gone": found.gone, "talks": {}}
    context: dict[str, Any] = {"now": timezone.now(), "agent": agent}
    if found.listing:
        opened = _ids(request)
        more = {"opened": opened, "may_open_more": 0 < len(opened) < SIDE_BY_SIDE}
        rows = {**context, **more, "listing": found.listing}
        told["list"] = found.listing.mark
        told["rows"] = render_to_string("feedback/chats/list.html", rows, request)
        told["unread"] = sum(getattr(chat, "unread", 0) for chat in found.listing.desk.mine)
        told["waiting"] = len(found.listing.desk.waiting)
    for column in found.columns:
        told["talks"][column.case.pk] = _column(request, column, {**context, "case": column.case})
    return told


def _column(request: StaffRequest, column: _Column, context: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if talk := column.talk:
        told["mark"] = talk.mark
        state = {**context, "talk": talk, "chat": talk.chat}
        told["state"] = render_to_string("feedback/chats/state.html", state, request)
        told["read"] = talk.chat.member_read
        told["writes"] = talk.may_write
    if column.lines:
        lines = {**context, "lines": column.lines}
        told["lines"] = render_to_string("feedback/chats/lines.html", lines, request)
        told["last"] = column.lines[-1].pk
    return told


@require_POST
@needs(WORK)
def act(request: StaffRequest, case_id: int, name: str) -> HttpResponse:
    """Do what a button says; a script reads JSON, a page without one comes back."""
    chosen = _chosen(request, [case_id])
    if not chosen or name not in ACTS:
        raise Http404
    chat = chosen[0]
    try:
        told = ACTS[name](request, chat, timezone.now())
    except DomainError as error:
        if isinstance(error, NotFound):
            raise Http404 from error
        if _wants_json(request):
            return JsonResponse({"error": str(error), "code": error.code}, status=error.status)
        return page(
            request,
            "feedback/chats/refused.html",
            {"error": str(error), "case": chat.case},
            status=error.status,
        )
    if _wants_json(request):
        return JsonResponse(told)
    return redirect(f"{reverse('admin:chats')}?chat={case_id}")


def _take(request: StaffRequest, chat: ChatSession, at: datetime) -> dict[str, Any]:
    commands.take(case_id=chat.case_id, actor=request.user, at=at)
    return {}


def _say(request: StaffRequest, chat: ChatSession, at: datetime) -> dict[str, Any]:
    message = commands.say(
        case_id=chat.case_id,
        body=request.POST.get("body", ""),
        attachments=request.FILES.getlist("files"),
        key=request.POST.get("key", "")[:100] or None,
        actor=request.user,
        at=at,
    )
    return {"id": message.pk}


def _typing(request: StaffRequest, chat: ChatSession, at: datetime) -> dict[str, Any]:
    agent = agent_of(request.user)
    if agent is not None and chat.case.agent_id == agent.pk:
        commands.typed(chat=chat, side="agent", at=at)
    return {}


def _check_ours(request: StaffRequest, chat: ChatSession) -> None:
    """Refuse to end or give away what is another department's: who was asked about it sees it only.

    Raises:
        NotPermitted: with the reason.
    """
    if chat.case.department_id not in department_ids(request.user):
        raise NotPermitted(NOT_OURS)


def _end(request: StaffRequest, chat: ChatSession, at: datetime) -> dict[str, Any]:
    _check_ours(request, chat)
    chosen = request.POST.get("resolution", "")
    if chosen not in {"keep", *(one.value for one in RESOLUTIONS)}:
        raise Invalid(_("Choose how the case was resolved."))
    resolution = None if chosen == "keep" else Resolution(chosen)
    commands.end_by_agent(case_id=chat.case_id, resolution=resolution, actor=request.user, at=at)
    return {}


def _hand_over(request: StaffRequest, chat: ChatSession, at: datetime) -> dict[str, Any]:
    _check_ours(request, chat)
    kind, _sign, pk = request.POST.get("to", "").partition(":")
    if kind not in {"agent", "department"} or id_in(pk) is None:
        raise Invalid(_("Choose a colleague or a department."))
    commands.hand_over(
        case_id=chat.case_id,
        agent_id=id_in(pk) if kind == "agent" else None,
        department_id=id_in(pk) if kind == "department" else None,
        note=request.POST.get("note", ""),
        actor=request.user,
        at=at,
    )
    return {}


ACTS = {"take": _take, "say": _say, "typing": _typing, "end": _end, "hand-over": _hand_over}


def _wants_json(request: StaffRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


CHAT_PAGES = [
    Page("chats/", chats, "chats"),
    Page("chats/wait/", wait, "chats_wait"),
    Page("chats/<int:case_id>/<slug:name>/", act, "chats_act"),
]
CHAT_MENU = [MenuItem(_("Chats"), "chats", "chat", (WORK,), rank=80)]
