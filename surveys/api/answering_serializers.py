"""How members see what they are asked."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from surveys.models import Choice, DraftFile, Invitation, Question, QuestionKind, Response
from surveys.models.questionnaire import in_language
from surveys.questionnaires.rules import SCORED, choices_for, ends
from surveys.responses.fields import said_of_ends
from surveys.responses.rules import FILED, most_files
from surveys.responses.sitting import Sitting


class ChoiceSerializer(serializers.ModelSerializer[Choice]):
    """What can be chosen; of a matrix, one of its rows."""

    text = serializers.SerializerMethodField()

    class Meta:
        model = Choice
        fields = ["code", "text", "is_alone", "takes_text"]

    def get_text(self, choice: Choice) -> str:
        """For this person, in their language."""
        return str(self.context["words"](str(choice)))


class QuestionSerializer(serializers.ModelSerializer[Question]):
    """A question."""

    kind = serializers.ChoiceField(choices=QuestionKind.choices)
    text = serializers.SerializerMethodField()
    help = serializers.SerializerMethodField()
    lowest = serializers.SerializerMethodField()
    highest = serializers.SerializerMethodField()
    low_end = serializers.SerializerMethodField()
    high_end = serializers.SerializerMethodField()
    most = serializers.SerializerMethodField()
    choices = serializers.SerializerMethodField()
    is_shown = serializers.SerializerMethodField()

    class Meta:
        model = Question
        fields = [
            "code", "kind", "text", "help", "is_required", "is_shown", "lowest", "highest",
            "low_end", "high_end", "most", "show_if", "choices",
        ]  # fmt: skip

    def get_text(self, question: Question) -> str:
        """For this person, in their language."""
        return str(self.context["words"](str(question)))

    def get_help(self, question: Question) -> str:
        """What explains it."""
        return str(self.context["words"](in_language(question.help, question.help_en)))

    def get_is_shown(self, question: Question) -> bool:
        """Whether it is asked, for what was answered so far."""
        return question.code in self.context["shown"]

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_lowest(self, question: Question) -> float | None:
        """The lowest score or number that is taken."""
        return _limits(question)[0]

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_highest(self, question: Question) -> float | None:
        """The highest score or number that is taken."""
        return _limits(question)[1]

    def get_low_end(self, question: Question) -> str:
        """What the lowest score means, for this person; empty where there is no scale in words."""
        return str(self.context["words"](said_of_ends(question)[0]))

    def get_high_end(self, question: Question) -> str:
        """What the highest score means."""
        return str(self.context["words"](said_of_ends(question)[1]))

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_most(self, question: Question) -> int | None:
        """How many choices or files are taken."""
        return most_files(question) if question.kind in FILED else question.most

    @extend_schema_field(ChoiceSerializer(many=True))
    def get_choices(self, question: Question) -> Any:
        """In the order for this invitation."""
        return ChoiceSerializer(
            choices_for(question, self.context["who"]), many=True, context=self.context
        ).data


def _limits(question: Question) -> tuple[float | None, float | None]:
    if question.kind in {*SCORED, QuestionKind.MATRIX}:
        return ends(question)
    low, high = question.lowest, question.highest
    return (float(low) if low is not None else None, float(high) if high is not None else None)


class DraftFileSerializer(serializers.ModelSerializer[DraftFile]):
    """A file that waits to be sent with the answers."""

    class Meta:
        model = DraftFile
        fields = ["ref", "question", "name", "content_type", "size"]


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    """Something the member was asked."""

    title = serializers.CharField(source="version.heading")
    answered_at = serializers.SerializerMethodField()

    class Meta:
        model = Invitation
        fields = ["id", "title", "case", "is_anonymous", "invited_at", "expires_at", "answered_at"]

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_answered_at(self, invitation: Invitation) -> Any:
        """When it was answered, if it was; of an anonymous one nobody knows."""
        response: Response | None = getattr(invitation, "response", None)
        at = response.at if response else None
        return serializers.DateTimeField().to_representation(at) if at else None


class InvitationDetailSerializer(InvitationSerializer):
    """The same with its questions, and what was answered so far. The context has its `sitting`."""

    intro = serializers.SerializerMethodField()
    layout = serializers.CharField(source="version.layout")
    questions = serializers.SerializerMethodField()
    draft = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()

    class Meta(InvitationSerializer.Meta):
        fields = [*InvitationSerializer.Meta.fields, "intro", "layout", "questions", "draft", "files"]

    @property
    def _sitting(self) -> Sitting:
        sitting: Sitting = self.context["sitting"]
        return sitting

    def get_intro(self, _invitation: Invitation) -> str:
        """What stands before the questions."""
        return self._sitting.intro

    @extend_schema_field(QuestionSerializer(many=True))
    def get_questions(self, _invitation: Invitation) -> Any:
        """The questions in their order."""
        sitting = self._sitting
        context = {"who": sitting.place.who, "words": sitting.words, "shown": set(sitting.codes)}
        return QuestionSerializer(sitting.questions, many=True, context=context).data

    @extend_schema_field(serializers.DictField(child=serializers.JSONField()))
    def get_draft(self, _invitation: Invitation) -> Any:
        """What was answered so far and not sent, by the question's code."""
        return {code: value for code, value in self._sitting.answers.items() if value != ""}

    @extend_schema_field(DraftFileSerializer(many=True))
    def get_files(self, _invitation: Invitation) -> Any:
        """The files that wait to be sent."""
        rows = [file for files in self._sitting.files.values() for file in files]
        return DraftFileSerializer(rows, many=True).data


class AnswerSerializer(serializers.Serializer[Any]):
    """The answer to one question, by its code.

    `value` is a number for scores and numbers, text for words and days (2026-11-22), a code or a list of
    codes for choices and rankings (`{"picked": [...], "text": "..."}` with a line of text), scores by row for
    a matrix, `{"so": 1, "not": 5}` for a Kano pair, true for agreement. Files are sent beforehand and need
    not be named.
    """

    question = serializers.SlugField()
    value = serializers.JSONField(allow_null=True)


class AnswersSerializer(serializers.Serializer[Any]):
    """The answers to an invitation."""

    answers = AnswerSerializer(many=True)

    def by_question(self) -> dict[str, Any]:
        """What was answered, as the command takes it."""
        return {one["question"]: one["value"] for one in self.validated_data["answers"]}


class AnswerFileUploadSerializer(serializers.Serializer[Any]):
    """A picture or a recording for a question."""

    question = serializers.SlugField()
    file = serializers.FileField()
