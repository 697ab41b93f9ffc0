"""The member's chat: begin, talk, wait for what is new, end; outside the hours leave a message.

Every form works without a script, as a page; with it the script sends the same forms and reads JSON.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from compensation.portal.base import MemberRequest, go, page, signed_in
from config.common import limits, live
from config.common.asked import id_in
from config.common.errors import DomainError, NotFound
from feedback.channels.chat import commands, queries
from feedback.channels.chat.sessions import LINE, topic
from feedback.channels.chat.views import View
from feedback.models import Author, ChatSession, ChatState, Message
from feedback.portal.forms import LeaveForm, StartChatForm, WriteForm

A_MINUTE = 60
"""How often a member may write or tap in a minute: no person is faster."""


@require_safe
@signed_in
def chat(request: MemberRequest) -> HttpResponse:
    """The chat that I am in; else the way to begin one, or to leave a message."""
    found = queries.open_chat(request.member)
    if found is None and (ended := id_in(request.GET.get("ended"))):
        found = queries.own(request.member).filter(case=ended).first()
    return _chat(request, found) if found else _begin(request)


def _chat(request: MemberRequest, found: ChatSession, write: WriteForm | None = None) -> HttpResponse:
    at = timezone.now()
    said = queries.said(found.case_id)
    context = {
        "view": View.of(found, at),
        "chat": found,
        "lines": said,
        "last": said[-1].pk if said else 0,
        "write": write or WriteForm(),
    }
    return page(request, "portal/chat.html", context, status=400 if write else 200)


def _begin(
    request: MemberRequest, start: StartChatForm | None = None, leave: LeaveForm | None = None
) -> HttpResponse:
    at = timezone.now()
    given = queries.setup()
    opens_at = queries.opens_at(given, at)
    context = {
        "setup": given.text("greeting" if opens_at == at else "closed"),
        "opens_at": opens_at if opens_at > at else None,
        "start": start or StartChatForm(),
        "leave": leave or LeaveForm(member=request.member),
    }
    return page(request, "portal/chat_begin.html", context, status=400 if start or leave else 200)


@require_POST
@signed_in
def start(request: MemberRequest) -> HttpResponse:
    """Begin with the first words."""
    form = StartChatForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            _count(request)
            commands.start(
                member=request.member,
                body=form.cleaned_data["body"],
                attachments=form.cleaned_data["photos"],
                key=str(form.cleaned_data["key"]),
                at=timezone.now(),
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return go("chat")
    return _begin(request, start=form)


@require_POST
@signed_in
def leave(request: MemberRequest) -> HttpResponse:
    """Leave a message while nobody is there."""
    form = LeaveForm(request.POST, request.FILES, member=request.member)
    if form.is_valid():
        try:
            _count(request)
            case = commands.leave_message(
                member=request.member,
                body=form.cleaned_data["body"],
                way=form.cleaned_data["way"],
                attachments=form.cleaned_data["photos"],
                key=str(form.cleaned_data["key"]),
                at=timezone.now(),
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return go("case", case.pk, said="opened")
    return _begin(request, leave=form)


@require_POST
@signed_in
def write(request: MemberRequest, pk: int) -> HttpResponse:
    """Say something."""
    form = WriteForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            _count(request)
            message = commands.write(
                case_id=pk,
                body=form.cleaned_data["body"],
                attachments=form.cleaned_data["photos"],
                key=str(form.cleaned_data["key"]),
                member=request.member,
                at=timezone.now(),
            )
        except DomainError as error:
            if _wants_json(request) or isinstance(error, NotFound):
                return _refused(request, error)
            form.add_error(None, str(error))
        else:
            return JsonResponse({"id": message.pk}) if _wants_json(request) else go("chat")
    if _wants_json(request):
        told = [str(error) for errors in form.errors.values() for error in errors]
        return JsonResponse({"error": " ".join(told)}, status=400)
    found = queries.own(request.member).filter(case=pk).first()
    if found is None:
        raise Http404
    return _chat(request, found, form)


@require_safe
@signed_in
def wait(request: MemberRequest, pk: int) -> HttpResponse:
    """What is new after a message: at once, or when there is something. See config.common.live."""
    after, mark = id_in(request.GET.get("after")) or 0, request.GET.get("mark", "")
    try:
        known = queries.own_chat(request.member, pk)
    except NotFound as error:
        raise Http404 from error
    at = timezone.now()
    if "hidden" not in request.GET:
        commands.seen(chat=known, side="member", read=after, at=at)

    def look() -> tuple[View, list[Message]] | None:
        view = View.of(queries.own_chat(request.member, pk), timezone.now())
        lines = queries.said(pk, after=after)
        others = any(line.author != Author.MEMBER for line in lines)  # one's own are on the page already
        return (view, lines) if others or view.mark != mark else None

    answer = live.wait(
        [f"case:{pk}", topic(pk)],
        look,
        timeout=0 if "now" in request.GET else settings.LIVE_SECONDS,
        owner=f"member:{request.member.pk}",
        slow=[LINE] if known.state == ChatState.WAITING else [],
    )
    return JsonResponse({"again": answer.again_after, **_news(request, answer.found)})


def _news(request: MemberRequest, found: tuple[View, list[Message]] | None) -> dict[str, Any]:
    if found is None:
        return {}
    view, lines = found
    context = {"view": view, "chat": view.chat, "lines": lines, "at": timezone.now()}
    return {
        "mark": view.mark,
        "ended": view.chat.state == ChatState.ENDED,
        "state": render_to_string("portal/chat_state.html", context, request),
        "lines": render_to_string("portal/chat_lines.html", context, request) if lines else "",
        "last": lines[-1].pk if lines else 0,
    }


@require_POST
@signed_in
def typing(request: MemberRequest, pk: int) -> HttpResponse:
    """I am typing."""
    try:
        commands.typed(chat=queries.own_chat(request.member, pk), side="member", at=timezone.now())
    except NotFound as error:
        raise Http404 from error
    return HttpResponse(status=204)


@require_POST
@signed_in
def act(request: MemberRequest, pk: int, name: str) -> HttpResponse:
    """Say that the answer helped, ask for a person, or end the chat."""
    known: dict[str, Any] = {"case_id": pk, "member": request.member, "at": timezone.now()}
    try:
        _count(request)
        if name == "helped":
            commands.helped(**known)
        elif name == "person":
            commands.ask_person(**known)
        elif name == "end":
            commands.end_by_member(solved=request.POST.get("solved") == "yes", **known)
            if not _wants_json(request):
                return HttpResponseRedirect(f"{reverse('portal:chat')}?ended={pk}")
        else:
            raise Http404
    except DomainError as error:
        return _refused(request, error)
    return JsonResponse({}) if _wants_json(request) else go("chat")


def _refused(request: MemberRequest, error: DomainError) -> HttpResponse:
    if isinstance(error, NotFound):
        raise Http404 from error
    if _wants_json(request):
        return JsonResponse({"error": str(error), "code": error.code}, status=error.status)
    return go("chat")


def _wants_json(request: MemberRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _count(request: MemberRequest) -> None:
    """Refuse a flood.

    Raises:
        TooMany: more than A_MINUTE.
    """
    limits.take(f"chat:{request.member.pk}", limit=A_MINUTE, per=timedelta(minutes=1), at=timezone.now())
