"""The chat of the shop's app: begin, talk, wait for what is new, end. Only for members who are signed in."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.base import MemberView
from config.common import live
from config.common.api import IDEMPOTENCY_KEY, describe, idempotency_key
from feedback.api.chat_serializers import (
    ChatDetailSerializer,
    ChatHoursSerializer,
    ChatNewsSerializer,
    ChatSerializer,
    EndChatSerializer,
    LeaveMessageSerializer,
    StartChatSerializer,
)
from feedback.api.serializers import CaseDetailSerializer, MessageSerializer, WriteSerializer
from feedback.api.views import PARSERS, case_answer
from feedback.channels.chat import commands, queries
from feedback.channels.chat.sessions import LINE, topic
from feedback.channels.chat.views import View
from feedback.models import ChatSession, ChatState, Message

NEWS = [
    OpenApiParameter("after", OpenApiTypes.INT64, description="The last message that you have.", default=0),
    OpenApiParameter("mark", OpenApiTypes.STR, description="As the last answer gave it.", default=""),
    OpenApiParameter("seconds", OpenApiTypes.INT32, description="How long the answer may take.", default=20),
]


class _Asked(serializers.Serializer[Any]):
    """What a question for news says."""

    after = serializers.IntegerField(default=0, min_value=0, max_value=2**63 - 1)
    mark = serializers.CharField(default="", allow_blank=True, max_length=200)
    seconds = serializers.IntegerField(default=20, min_value=0, max_value=60)


def told(view: View) -> dict[str, Any]:
    """A chat as its serializer wants it."""
    chat = view.chat
    line = None
    if view.place is not None:
        line = {"number": view.place.number, "by": view.place.by, "late": view.is_late}
    return {
        "case": chat.case_id,
        "number": chat.case.number,
        "state": chat.state,
        "ending": chat.ending,
        "department": str(chat.case.department),
        "agent": str(chat.case.agent or ""),
        "line": line,
        "typing": view.is_typing,
        "read": chat.agent_read,
        "asks_whether_it_helped": view.asks_whether_it_helped,
    }


def _detail(view: MemberView[Any], case_id: int, code: int = status.HTTP_200_OK) -> Response:
    shown = View.of(queries.own_chat(view.member, case_id), timezone.now())
    content = {**told(shown), "mark": shown.mark, "messages": queries.said(case_id)}
    return Response(ChatDetailSerializer(content, context=view.get_serializer_context()).data, status=code)


class ChatsView(MemberView[ChatSession]):
    """Is somebody there? Begin."""

    queryset = ChatSession.objects.none()
    parser_classes = PARSERS

    @describe(
        "Whether the chat is open, and the chat going on", "chat", ChatHoursSerializer, 401,
        operation_id="chat_hours",
    )  # fmt: skip
    def get(self, _request: Request) -> Response:
        """The hours, the greeting, and the member's chat that goes on."""
        at, given = timezone.now(), queries.setup()
        opens_at = queries.opens_at(given, at)
        going = queries.open_chat(self.member)
        content = {
            "open": opens_at == at,
            "opens_at": opens_at if opens_at > at else None,
            "greeting": given.text("greeting" if opens_at == at else "closed"),
            "case": going.case_id if going else None,
        }
        return Response(ChatHoursSerializer(content).data)

    @describe(
        "Begin a chat", "chat", ChatDetailSerializer, 400, 401, 409, 415, 422, status=201,
        request={"multipart/form-data": StartChatSerializer, "application/json": StartChatSerializer},
        parameters=[IDEMPOTENCY_KEY], operation_id="chat_begin",
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """A chat that goes on already takes the words in. 409 `chat_closed` outside the hours."""
        asked = StartChatSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        chat = commands.start(
            member=self.member,
            body=asked.validated_data["body"],
            attachments=asked.validated_data["files"],
            key=idempotency_key(request),
            at=timezone.now(),
        )
        return _detail(self, chat.case_id, status.HTTP_201_CREATED)


class ChatLeaveView(MemberView[ChatSession]):
    """Nobody is there."""

    queryset = ChatSession.objects.none()
    parser_classes = PARSERS

    @describe(
        "Leave a message", "chat", CaseDetailSerializer, 400, 401, 409, 415, 422, status=201,
        request={"multipart/form-data": LeaveMessageSerializer, "application/json": LeaveMessageSerializer},
        parameters=[IDEMPOTENCY_KEY], operation_id="chat_leave_message",
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Opens a case that is answered by call, by e-mail or in the portal."""
        asked = LeaveMessageSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        case = commands.leave_message(
            member=self.member,
            body=asked.validated_data["body"],
            way=asked.validated_data["way"],
            attachments=asked.validated_data["files"],
            key=idempotency_key(request),
            at=timezone.now(),
        )
        return case_answer(self, case.pk, status.HTTP_201_CREATED)


class ChatView(MemberView[ChatSession]):
    """One chat."""

    queryset = ChatSession.objects.none()

    @describe("One of my chats", "chat", ChatDetailSerializer, 401, 404, operation_id="chat")
    def get(self, _request: Request, pk: int) -> Response:
        """The chat of a case with its newest messages."""
        return _detail(self, pk)


class ChatMessagesView(MemberView[ChatSession]):
    """Talk."""

    queryset = ChatSession.objects.none()
    parser_classes = PARSERS

    @describe(
        "Say something in a chat", "chat", MessageSerializer, 400, 401, 404, 409, 415, 422, status=201,
        request={"multipart/form-data": WriteSerializer, "application/json": WriteSerializer},
        parameters=[IDEMPOTENCY_KEY], operation_id="chat_write",
    )  # fmt: skip
    def post(self, request: Request, pk: int) -> Response:
        """409 `chat_over` when it has ended."""
        asked = WriteSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        message = commands.write(
            case_id=pk,
            body=asked.validated_data["body"],
            attachments=asked.validated_data["files"],
            key=idempotency_key(request),
            member=self.member,
            at=timezone.now(),
        )
        answer = MessageSerializer(message, context=self.get_serializer_context())
        return Response(answer.data, status=status.HTTP_201_CREATED)


class ChatNewsView(MemberView[ChatSession]):
    """Wait for what is new."""

    queryset = ChatSession.objects.none()

    @describe(
        "What is new in a chat", "chat", ChatNewsSerializer, 400, 401, 404, parameters=NEWS,
        operation_id="chat_news",
    )  # fmt: skip
    def get(self, request: Request, pk: int) -> Response:
        """Answers as soon as there is something, else after `seconds`; then ask again after `again_after`."""
        asked = _Asked(data=request.query_params)
        asked.is_valid(raise_exception=True)
        after, mark = asked.validated_data["after"], asked.validated_data["mark"]
        known = queries.own_chat(self.member, pk)
        commands.seen(chat=known, side="member", read=after, at=timezone.now())

        def look() -> tuple[View, list[Message]] | None:
            view = View.of(queries.own_chat(self.member, pk), timezone.now())
            lines = queries.said(pk, after=after)
            return (view, lines) if lines or view.mark != mark else None

        answer = live.wait(
            [f"case:{pk}", topic(pk)],
            look,
            timeout=min(asked.validated_data["seconds"], settings.LIVE_SECONDS),
            owner=f"member:{self.member.pk}",
            slow=[LINE] if known.state == ChatState.WAITING else [],
        )
        view, lines = answer.found or (None, [])
        content = {
            "mark": view.mark if view else "",
            "chat": told(view) if view else None,
            "messages": lines,
            "again_after": answer.again_after,
        }
        return Response(ChatNewsSerializer(content, context=self.get_serializer_context()).data)


class ChatTypingView(MemberView[ChatSession]):
    """Typing."""

    queryset = ChatSession.objects.none()

    @describe("I am typing", "chat", None, 401, 404, status=204, request=None, operation_id="chat_typing")
    def post(self, _request: Request, pk: int) -> Response:
        """Shows the agent that the member is typing, for a few seconds."""
        chat = queries.own_chat(self.member, pk)
        commands.typed(chat=chat, side="member", at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class ChatHelpedView(MemberView[ChatSession]):
    """It helped."""

    queryset = ChatSession.objects.none()

    @describe(
        "The automatic answer helped", "chat", ChatSerializer, 401, 404, 409, request=None,
        operation_id="chat_helped",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """Again changes nothing."""
        commands.helped(case_id=pk, member=self.member, at=timezone.now())
        return _shown(self, pk)


class ChatPersonView(MemberView[ChatSession]):
    """A person, please."""

    queryset = ChatSession.objects.none()

    @describe(
        "Talk to a person", "chat", ChatSerializer, 401, 404, 409, request=None, operation_id="chat_person"
    )
    def post(self, _request: Request, pk: int) -> Response:
        """Puts the chat into the line. Again changes nothing."""
        commands.ask_person(case_id=pk, member=self.member, at=timezone.now())
        return _shown(self, pk)


class ChatEndView(MemberView[ChatSession]):
    """The end."""

    queryset = ChatSession.objects.none()

    @describe(
        "End a chat", "chat", ChatSerializer, 400, 401, 404, 409, 415, request=EndChatSerializer,
        operation_id="chat_end",
    )  # fmt: skip
    def post(self, request: Request, pk: int) -> Response:
        """Solved closes its case; otherwise it goes on as a case. Again changes nothing."""
        asked = EndChatSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        commands.end_by_member(
            case_id=pk, solved=asked.validated_data["solved"], member=self.member, at=timezone.now()
        )
        return _shown(self, pk)


def _shown(view: MemberView[Any], case_id: int) -> Response:
    shown = View.of(queries.own_chat(view.member, case_id), timezone.now())
    return Response(ChatSerializer(told(shown), context=view.get_serializer_context()).data)
