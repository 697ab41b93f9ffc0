"""What staff do with a case of their departments, from claiming it to closing it."""

from datetime import datetime
from typing import Any

from rest_framework.response import Response

from config.common.api import idempotency_key
from config.common.errors import NotFound
from feedback.api.staff_move import Move, described
from feedback.api.staff_serializers import (
    AssignSerializer,
    CloseSerializer,
    CorrectSerializer,
    PrioritySerializer,
    ReasonSerializer,
    RecogniseSerializer,
    ReplySerializer,
    ResolveSerializer,
    TextSerializer,
    TransferSerializer,
)
from feedback.cases import commands
from feedback.models import Case


class Claim(Move):
    """Take the case."""

    path, action = "claim", "claim"

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:  # noqa: ARG002 - nothing asked
        """Take it."""
        commands.claim(case_id=case.pk, actor=self.user, at=at)


class Assign(Move):
    """Give the case to somebody."""

    path, action, serializer = "assign", "assign", AssignSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Give it to an agent, or to nobody."""
        commands.assign(case_id=case.pk, agent_id=content["agent"], actor=self.user, at=at)


class Reply(Move):
    """Answer the member."""

    path, action, serializer = "reply", "reply", ReplySerializer

    def action_for(self, content: dict[str, Any]) -> str:
        """Waiting and resolving are allowed on their own."""
        then = str(content["then"])
        return "reply" if then == "open" else then

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Say it."""
        key = idempotency_key(self.request)
        commands.reply(case_id=case.pk, **content, key=key, actor=self.user, at=at)


class Note(Move):
    """Write a note."""

    path, action, serializer = "note", "note", TextSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """For colleagues only."""
        commands.note(case_id=case.pk, body=content["body"], actor=self.user, at=at)


class Transfer(Move):
    """Give the case to another department."""

    path, action, serializer = "transfer", "transfer", TransferSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Give it away; it may be out of sight afterwards."""
        commands.transfer(
            case_id=case.pk,
            department_id=content["department"],
            note=content["note"],
            version=content["version"],
            actor=self.user,
            at=at,
        )

    def answer(self, case_id: int) -> Response:
        """The case, or nothing when it is not this person's departments' any more."""
        try:
            return super().answer(case_id)
        except NotFound:
            return Response(status=204)


class ChangePriority(Move):
    """Change the priority."""

    path, action, serializer = "priority", "change_priority", PrioritySerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Change it; the clocks follow."""
        commands.change_priority(case_id=case.pk, priority=content["priority"], actor=self.user, at=at)


class Correct(Move):
    """Set right what the case is about."""

    path, action, serializer = "correct", "correct", CorrectSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Say it anew; the clocks follow."""
        commands.correct(
            case_id=case.pk,
            subject=content["subject"],
            kind=content["kind"],
            order_id=content["order"],
            version=content["version"],
            actor=self.user,
            at=at,
        )


class Recognise(Move):
    """Say which member a stranger turned out to be."""

    path, action, serializer = "recognise", "correct", RecogniseSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Give the case to that member; the clocks follow their tier."""
        commands.recognise(
            case_id=case.pk,
            member_id=content["member"],
            version=content["version"],
            actor=self.user,
            at=at,
        )


class Resolve(Move):
    """Resolve the case."""

    path, action, serializer = "resolve", "resolve", ResolveSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Say that it is solved, and how."""
        commands.resolve(case_id=case.pk, **content, actor=self.user, at=at)


class Reopen(Move):
    """Reopen the case."""

    path, action, serializer = "reopen", "reopen", ReasonSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Take it up again."""
        commands.reopen(case_id=case.pk, reason=content["reason"], actor=self.user, at=at)


class Close(Move):
    """Close the case."""

    path, action, serializer = "close", "close_case", CloseSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Close a resolved case."""
        commands.close_case(case_id=case.pk, note=content["note"], actor=self.user, at=at)


ALL = (Claim, Assign, Reply, Note, Transfer, ChangePriority, Correct, Recognise, Resolve, Reopen, Close)
MOVES: list[type[Move]] = [described(move) for move in ALL]
