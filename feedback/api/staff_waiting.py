"""What a case waits for and what was promised meanwhile, for members of staff."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from feedback.api.staff_move import Move, described
from feedback.api.staff_serializers import text
from feedback.cases import waiting
from feedback.models import OUTSIDE, Case

Some = serializers.Serializer[Any]


class WaitForSerializer(Some):
    """Whom the case waits for."""

    reason = serializers.ChoiceField(choices=[(reason.value, reason.label) for reason in OUTSIDE])
    note = text(required=False, allow_blank=True, default="")


class NoteSerializer(Some):
    """A note for colleagues."""

    note = text(required=False, allow_blank=True, default="")


class CourierQuestionSerializer(Some):
    """A question to the courier."""

    question = text()


class CourierAnswerSerializer(Some):
    """What the courier says."""

    answer = text()


class CalledBackSerializer(Some):
    """A call to the member."""

    note = text(required=False, allow_blank=True, default="")
    reached = serializers.BooleanField(help_text="Whether the member answered; if not, the promise stays.")


class WaitFor(Move):
    """Wait for a supplier, courier or bank."""

    path, action, serializer = "wait-for", "wait_for", WaitForSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Wait."""
        waiting.wait_for(case_id=case.pk, **content, actor=self.user, at=at)


class GoOn(Move):
    """Wait no longer."""

    path, action, serializer = "go-on", "go_on", NoteSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Go on."""
        waiting.go_on(case_id=case.pk, **content, actor=self.user, at=at)


class AskCourier(Move):
    """Ask the courier."""

    path, action, serializer = "ask-courier", "courier", CourierQuestionSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Ask."""
        waiting.ask_courier(case_id=case.pk, **content, actor=self.user, at=at)


class CourierAnswered(Move):
    """Take down what the courier says."""

    path, action, serializer = "courier-answered", "courier", CourierAnswerSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Take it down."""
        waiting.courier_answered(case_id=case.pk, **content, actor=self.user, at=at)


class PromiseCall(Move):
    """Promise the member a call."""

    path, action, serializer = "promise-call", "call", NoteSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Promise it."""
        waiting.promise_call_back(case_id=case.pk, **content, actor=self.user, at=at)


class CalledBack(Move):
    """Take down a call to the member."""

    path, action, serializer = "called-back", "call", CalledBackSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Take it down."""
        waiting.called_back(case_id=case.pk, **content, actor=self.user, at=at)


class Refunded(Move):
    """Take down that the refund was made."""

    path, action, serializer = "refunded", "keep", NoteSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Take it down."""
        waiting.refunded(case_id=case.pk, **content, actor=self.user, at=at)


class ReviewAnswered(Move):
    """Take down that the review has a public answer."""

    path, action, serializer = "review-answered", "keep", NoteSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Take it down."""
        waiting.review_answered(case_id=case.pk, **content, actor=self.user, at=at)


ALL: tuple[type[Move], ...] = (
    WaitFor,
    GoOn,
    AskCourier,
    CourierAnswered,
    PromiseCall,
    CalledBack,
    Refunded,
    ReviewAnswered,
)
MOVES: list[type[Move]] = [described(move) for move in ALL]
"""Every move, with its description in the schema."""
