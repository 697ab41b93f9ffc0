"""Questionnaires for staff: read whole as documents, written as drafts, given out."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from config.common.api import describe
from config.common.errors import NotFound
from surveys.api.staff import StaffSurveysView
from surveys.models import Survey, SurveyVersion
from surveys.questionnaires import commands, documents, queries, reading

VIEW, ADD, CHANGE, PUBLISH = (f"surveys.{name}_survey" for name in ("view", "add", "change", "publish"))
ERRORS = (400, 403, 404, 409, 415)


class QuestionnaireVersionSerializer(serializers.Serializer[SurveyVersion]):
    """A version, without what it asks."""

    number = serializers.IntegerField()
    published_at = serializers.DateTimeField(allow_null=True)
    questions = serializers.IntegerField(source="asks")
    invited = serializers.IntegerField(source="asked")
    answers = serializers.IntegerField(source="answered")


class QuestionnaireSerializer(serializers.Serializer[Survey]):
    """A questionnaire in a list."""

    code = serializers.CharField()
    name = serializers.CharField()
    name_en = serializers.CharField()
    version = serializers.IntegerField(allow_null=True, help_text="The one that is given out now.")
    has_draft = serializers.BooleanField()
    retired_at = serializers.DateTimeField(allow_null=True)


class QuestionnaireDetailSerializer(serializers.Serializer[Survey]):
    """A questionnaire with its versions, newest first."""

    code = serializers.CharField()
    name = serializers.CharField()
    name_en = serializers.CharField()
    note = serializers.CharField()
    retired_at = serializers.DateTimeField(allow_null=True)
    versions = serializers.SerializerMethodField()

    @extend_schema_field(QuestionnaireVersionSerializer(many=True))
    def get_versions(self, survey: Survey) -> list[dict[str, Any]]:
        """Each with what it asks of how many."""
        rows: Any = queries.versions_of(survey)
        return list(QuestionnaireVersionSerializer(rows, many=True).data)


class QuestionnaireDocumentSerializer(serializers.Serializer[Any]):
    """What a version asks. `seen` names exactly this content."""

    number = serializers.IntegerField()
    published_at = serializers.DateTimeField(allow_null=True)
    document = serializers.DictField(help_text="Texts, questions and sections; see the guide to surveys.")
    seen = serializers.CharField()


class QuestionnaireWriteSerializer(serializers.Serializer[Any]):
    """A draft as it is to be."""

    document = serializers.DictField()
    seen = serializers.CharField(
        required=False,
        max_length=64,
        help_text="Of the draft that was read: when it is another by now, nothing is written.",
    )


class QuestionnaireNewSerializer(serializers.Serializer[Any]):
    """A new questionnaire."""

    code = serializers.SlugField(max_length=50)
    name = serializers.CharField(max_length=80)
    name_en = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    document = serializers.DictField(required=False, default=dict)


class QuestionnaireSeenSerializer(serializers.Serializer[Any]):
    """What was looked at."""

    seen = serializers.CharField(max_length=64, help_text="Of the draft that was read.")


class QuestionnaireFilter(filters.FilterSet):
    """By whether it is in use."""

    retired = filters.BooleanFilter(field_name="retired_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Survey
        fields: list[str] = []


class QuestionnairesView(StaffSurveysView):
    """What the views of questionnaires share."""

    queryset = Survey.objects.none()
    reads = (VIEW,)

    def survey(self, code: str) -> Survey:
        """A questionnaire by its code.

        Raises:
            NotFound: there is none.
        """
        survey = Survey.objects.filter(code=code).first()
        if survey is None:
            raise NotFound
        return survey

    def told(self, version: SurveyVersion | None, *, status: int = 200) -> Response:
        """A version as an answer.

        Raises:
            NotFound: there is none.
        """
        if version is None:
            raise NotFound
        document = documents.of_version(version)
        row = {
            "number": version.number,
            "published_at": version.published_at,
            "document": document,
            "seen": documents.digest(document),
        }
        return Response(QuestionnaireDocumentSerializer(row).data, status=status)


@extend_schema_view(
    get=describe("Questionnaires", "staff", QuestionnaireSerializer(many=True), 400, 403, 404)
)
class StaffQuestionnairesView(QuestionnairesView, ListAPIView[Survey]):
    """By code; a POST begins one."""

    serializer_class = QuestionnaireSerializer
    filterset_class = QuestionnaireFilter
    ordering_fields = ["code"]
    ordering = ["code"]
    needs = (ADD,)

    def get_queryset(self) -> QuerySet[Survey]:
        """With the version in force."""
        return queries.listed()

    @describe(
        "Begin a questionnaire", "staff", QuestionnaireDocumentSerializer, *ERRORS, status=201,
        request=QuestionnaireNewSerializer, operation_id="staff_questionnaire_new",
    )  # fmt: skip
    def post(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        """Its first draft says what the document says."""
        given = self.asked(QuestionnaireNewSerializer)
        document = reading.checked(given.pop("document"))
        version = commands.create_from(
            survey=Survey(**given), document=document, actor=self.user, at=timezone.now()
        )
        return self.told(version, status=201)


class StaffQuestionnaireView(QuestionnairesView):
    """One questionnaire."""

    @describe(
        "A questionnaire", "staff", QuestionnaireDetailSerializer, 403, 404,
        operation_id="staff_questionnaire",
    )  # fmt: skip
    def get(self, request: Request, code: str) -> Response:  # noqa: ARG002 - DRF's signature
        """With its versions."""
        return Response(QuestionnaireDetailSerializer(self.survey(code)).data)


class StaffQuestionnaireVersionView(QuestionnairesView):
    """One version."""

    @describe(
        "A version of a questionnaire", "staff", QuestionnaireDocumentSerializer, 403, 404,
        operation_id="staff_questionnaire_version",
    )  # fmt: skip
    def get(self, request: Request, code: str, number: int) -> Response:  # noqa: ARG002 - DRF's signature
        """With all that it asks."""
        return self.told(self.survey(code).versions.filter(number=number).first())


class StaffQuestionnaireDraftView(QuestionnairesView):
    """The draft."""

    needs = (CHANGE,)

    @describe(
        "The draft of a questionnaire", "staff", QuestionnaireDocumentSerializer, 403, 404,
        operation_id="staff_questionnaire_draft",
    )  # fmt: skip
    def get(self, request: Request, code: str) -> Response:  # noqa: ARG002 - DRF's signature
        """With all that it asks."""
        return self.told(queries.draft_of(self.survey(code)))

    @describe(
        "Replace the draft", "staff", QuestionnaireDocumentSerializer, *ERRORS,
        request=QuestionnaireWriteSerializer, operation_id="staff_questionnaire_draft_replace",
    )  # fmt: skip
    def put(self, request: Request, code: str) -> Response:  # noqa: ARG002 - DRF's signature
        """Whole or not at all; a new draft where there is none."""
        given = self.asked(QuestionnaireWriteSerializer)
        version = commands.replace_draft(
            survey_id=self.survey(code).pk,
            document=reading.checked(given["document"]),
            seen=given.get("seen"),
            actor=self.user,
            at=timezone.now(),
        )
        return self.told(version)


class StaffQuestionnairePublishView(QuestionnairesView):
    """Giving a draft out."""

    needs = (PUBLISH,)

    @describe(
        "Publish the draft", "staff", QuestionnaireDocumentSerializer, *ERRORS,
        request=QuestionnaireSeenSerializer, operation_id="staff_questionnaire_publish",
    )  # fmt: skip
    def post(self, request: Request, code: str) -> Response:  # noqa: ARG002 - DRF's signature
        """Exactly the draft that was read; it never changes again."""
        given = self.asked(QuestionnaireSeenSerializer)
        draft = queries.draft_of(self.survey(code))
        if draft is None:
            raise NotFound
        version = commands.publish(
            version_id=draft.pk, seen=given["seen"], actor=self.user, at=timezone.now()
        )
        return self.told(version)
