"""What staff do with questions to another department."""

from datetime import datetime
from typing import Any

from config.common.errors import NotFound
from feedback.api.staff_move import Move, described
from feedback.api.staff_serializers import (
    HandoffAnswerSerializer,
    HandOverSerializer,
    RecallSerializer,
    RejectSerializer,
)
from feedback.handoffs import commands as handoffs
from feedback.models import Case, Handoff
from feedback.org.queries import departments_of


class HandOver(Move):
    """Ask another department."""

    path, action, serializer = "hand-over", "hand_over", HandOverSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Ask."""
        handoffs.hand_over(
            case_id=case.pk,
            department_id=content["department"],
            question=content["question"],
            after_id=content["after"],
            actor=self.user,
            at=at,
        )


class OfHandoff(Move):
    """Something done to a question of this case."""

    def handoff(self, case: Case, handoff_id: int) -> int:
        """The question's number, if it is one of this case's.

        Raises:
            NotFound: it is not.
        """
        if not Handoff.objects.filter(pk=handoff_id, case=case).exists():
            raise NotFound
        return handoff_id

    def ours(self, case: Case, handoff_id: int) -> int:
        """The same, if it was put to one of this person's departments."""
        if not Handoff.objects.filter(
            pk=handoff_id, case=case, department__in=departments_of(self.user)
        ).exists():
            raise NotFound
        return handoff_id


class Answer(OfHandoff):
    """Answer a question."""

    path, action, serializer = "answer", "answer", HandoffAnswerSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Answer."""
        handoff = self.ours(case, content["handoff"])
        handoffs.answer(handoff_id=handoff, answer=content["answer"], actor=self.user, at=at)


class Accept(OfHandoff):
    """Take a question on."""

    path, action, serializer = "accept", "answer", RecallSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Take it on."""
        handoffs.accept(handoff_id=self.ours(case, content["handoff"]), actor=self.user, at=at)


class Reject(OfHandoff):
    """Give a question back."""

    path, action, serializer = "reject", "answer", RejectSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Give it back."""
        handoff = self.ours(case, content["handoff"])
        handoffs.reject(handoff_id=handoff, reason=content["reason"], actor=self.user, at=at)


class Recall(OfHandoff):
    """Take a question back."""

    path, action, serializer = "recall", "recall", RecallSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Take it back."""
        handoffs.recall(handoff_id=self.handoff(case, content["handoff"]), actor=self.user, at=at)


MOVES: list[type[Move]] = [described(move) for move in (HandOver, Answer, Accept, Reject, Recall)]
