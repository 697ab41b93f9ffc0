"""How members see what they are asked."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from surveys.campaigns.queries import questions_of
from surveys.models import Invitation, Question, QuestionKind, Response
from surveys.responses import rules

LARGEST_ID = 2**63 - 1


class QuestionSerializer(serializers.ModelSerializer[Question]):
    """A question."""

    kind = serializers.ChoiceField(choices=QuestionKind.choices)
    text = serializers.CharField(source="__str__")

    class Meta:
        model = Question
        fields = ["id", "kind", "text", "is_required"]


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    """Something the member was asked."""

    title = serializers.CharField(source="campaign.__str__")
    answered_at = serializers.SerializerMethodField()

    class Meta:
        model = Invitation
        fields = ["id", "title", "case", "invited_at", "expires_at", "answered_at"]

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_answered_at(self, invitation: Invitation) -> Any:
        """When it was answered, if it was."""
        response: Response | None = getattr(invitation, "response", None)
        return serializers.DateTimeField().to_representation(response.at) if response else None


class InvitationDetailSerializer(InvitationSerializer):
    """The same with its questions."""

    questions = serializers.SerializerMethodField()

    class Meta(InvitationSerializer.Meta):
        fields = [*InvitationSerializer.Meta.fields, "questions"]

    @extend_schema_field(QuestionSerializer(many=True))
    def get_questions(self, invitation: Invitation) -> Any:
        """The questions in their order."""
        return QuestionSerializer(questions_of(invitation), many=True).data


class AnswerSerializer(serializers.Serializer[Any]):
    """The answer to one question: a score from 1 to 5, or a text."""

    question = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    score = serializers.IntegerField(min_value=rules.LOWEST, max_value=rules.HIGHEST, required=False)
    text = serializers.CharField(max_length=rules.TEXT_LENGTH, required=False, allow_blank=True)


class AnswersSerializer(serializers.Serializer[Any]):
    """The answers to an invitation."""

    answers = AnswerSerializer(many=True)

    def by_question(self) -> dict[int, Any]:
        """What was answered, as the command takes it."""
        return {
            one["question"]: one.get("score", one.get("text", "")) for one in self.validated_data["answers"]
        }
