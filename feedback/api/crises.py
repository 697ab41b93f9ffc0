"""Crises for members of staff; statements about them for everybody."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema_view
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compensation.api.auth import OpenView
from config.common.api import describe
from config.common.errors import NotFound
from config.common.models import User
from feedback.cases.queries import get_for
from feedback.crises import access, commands, joining, queries, report, statements
from feedback.crises.statements import AFFECTED, BODY, TITLE, Words
from feedback.knowledge.queries import nearest
from feedback.models import Crisis, CrisisStatus, Language, Statement


class StatementSerializer(serializers.Serializer[Statement]):
    """What is said in public, in the language asked for. Plain text."""

    title = serializers.CharField()
    body = serializers.CharField()
    published_at = serializers.DateTimeField()


class StatementsView(OpenView):
    """Statements."""

    @describe(
        "What we say in public about crises",
        "help",
        StatementSerializer(many=True),
        parameters=[OpenApiParameter("language", OpenApiTypes.STR, enum=Language.values)],
        operation_id="statements",
        description="For everybody, the newest first; nothing while there is nothing to say.",
    )
    def get(self, request: Request) -> Response:
        """In Chinese unless English is asked for and there is some."""
        english = nearest(request.query_params.get("language", "")) == Language.ENGLISH
        rows = [
            {
                "title": (one.title_en if english else "") or one.title,
                "body": (one.body_en if english else "") or one.body,
                "published_at": one.published_at,
            }
            for one in statements.public()
        ]
        return Response(StatementSerializer(rows, many=True).data)  # type: ignore[arg-type]  # read by name


class CrisisSerializer(serializers.ModelSerializer[Crisis]):
    """A crisis in a list."""

    department = serializers.CharField(source="department.code", default=None, read_only=True)
    owner = serializers.CharField(default=None, read_only=True)
    cases = serializers.IntegerField(source="n_cases", read_only=True)

    class Meta:
        model = Crisis
        fields = [
            "id", "name", "status", "severity", "department", "owner", "cases", "since", "began_at",
            "proposed_at", "opened_at", "contained_at", "ended_at", "version",
        ]  # fmt: skip


class CrisisFiguresSerializer(serializers.Serializer[Any]):
    """One crisis with the figures of its report: as of now, or frozen at the all-clear."""

    crisis = CrisisSerializer()
    figures = serializers.DictField(help_text="Moments, minutes, counts, clocks, cost in fen, timeline.")
    evidence = serializers.DictField(help_text="What the watch saw; empty where a person opened it.")


class WhyNoneSerializer(serializers.Serializer[Any]):
    """Why."""

    why = serializers.CharField(max_length=commands.WHY)


class CauseSerializer(serializers.Serializer[Any]):
    """What it was."""

    cause = serializers.CharField(max_length=commands.CAUSE)


class ClearSerializer(CauseSerializer):
    """What it was, and what members with a case of it are told."""

    told = serializers.CharField(max_length=commands.ALL_CLEAR, required=False, allow_blank=True, default="")
    told_en = serializers.CharField(
        max_length=commands.ALL_CLEAR, required=False, allow_blank=True, default=""
    )


class WhichCaseSerializer(serializers.Serializer[Any]):
    """A case."""

    case = serializers.IntegerField(min_value=1)


class VersionSerializer(serializers.Serializer[Any]):
    """A version of the statement."""

    number = serializers.IntegerField(min_value=1)


class WordsSerializer(serializers.Serializer[Any]):
    """The words of a statement."""

    title = serializers.CharField(max_length=TITLE)
    body = serializers.CharField(max_length=BODY)
    title_en = serializers.CharField(max_length=TITLE, required=False, allow_blank=True, default="")
    body_en = serializers.CharField(max_length=BODY, required=False, allow_blank=True, default="")
    for_affected = serializers.CharField(max_length=AFFECTED, required=False, allow_blank=True, default="")
    for_affected_en = serializers.CharField(max_length=AFFECTED, required=False, allow_blank=True, default="")


class NothingSerializer(serializers.Serializer[Any]):
    """Nothing more is to be said."""


class SeesCrises(BasePermission):
    """Members of staff whose role sees crises."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        """Whether such a one asks."""
        user = request.user
        return isinstance(user, User) and user.is_active and user.is_staff and user.has_perm(access.VIEW)


class CrisisFilter(filters.FilterSet):
    """By state."""

    status = filters.ChoiceFilter(choices=CrisisStatus.choices)

    class Meta:
        model = Crisis
        fields: list[str] = []


class CrisisView(GenericAPIView[Crisis]):
    """For whoever is signed in to the admin."""

    authentication_classes = [SessionAuthentication]
    permission_classes = [SeesCrises]
    queryset = Crisis.objects.none()
    serializer_class = CrisisSerializer

    @property
    def user(self) -> User:
        """Who asks."""
        user: Any = self.request.user
        assert isinstance(user, User)  # noqa: S101 - SeesCrises has seen to it
        return user

    def get_queryset(self) -> QuerySet[Crisis]:
        """All of them: what goes on, everybody has to know."""
        return queries.listed()

    def found(self, pk: int) -> Crisis:
        """One of them.

        Raises:
            NotFound: there is none.
        """
        crisis = self.get_queryset().filter(pk=pk).first()
        if crisis is None:
            raise NotFound
        return crisis


@extend_schema_view(get=describe("Crises", "staff", CrisisSerializer(many=True), 400, 403, 404))
class StaffCrisesView(CrisisView, ListAPIView[Crisis]):
    """Crises, the newest first."""

    filterset_class = CrisisFilter
    ordering_fields = ["id"]
    ordering = ["-id"]


class StaffCrisisView(CrisisView):
    """One crisis."""

    filter_backends = []
    pagination_class = None

    @describe(
        "A crisis with its figures", "staff", CrisisFiguresSerializer, 403, 404,
        operation_id="staff_crisis_retrieve",
    )  # fmt: skip
    def get(self, _request: Request, pk: int) -> Response:
        """As it stands."""
        crisis = self.found(pk)
        figures = report.figures(crisis, at=timezone.now())
        row = {"crisis": crisis, "figures": figures, "evidence": crisis.evidence}
        return Response(CrisisFiguresSerializer(row).data)


class Step(CrisisView):
    """A step taken with a crisis; answers with the crisis as it is then."""

    filter_backends = []
    pagination_class = None
    step = ""
    asks: type[serializers.Serializer[Any]] = NothingSerializer

    def post(self, request: Request, pk: int) -> Response:
        """Take the step."""
        crisis = self.found(pk)
        access.check(self.user, self.step, crisis)
        asked = self.asks(data=request.data)
        asked.is_valid(raise_exception=True)
        self.take(crisis, dict(asked.validated_data), timezone.now())
        return Response(CrisisSerializer(self.found(pk)).data)

    def take(self, crisis: Crisis, given: dict[str, Any], at: datetime) -> None:
        """Call the command."""
        raise NotImplementedError

    @classmethod
    def path(cls) -> str:
        """Its last part of the address."""
        return cls.step.replace("_", "-")


def _step(name: str, asked: type[serializers.Serializer[Any]], summary: str, take: Any) -> type[Step]:
    """A view for a step: what it is called, what it asks for, and the command."""

    def taking(self: Step, crisis: Crisis, given: dict[str, Any], at: datetime) -> None:
        take(crisis_id=crisis.pk, actor=self.user, at=at, **given)

    view = type(
        f"Crisis{name.title().replace('_', '')}View", (Step,), {"step": name, "asks": asked, "take": taking}
    )
    described = describe(
        summary, "staff", CrisisSerializer, 400, 403, 404, 409, 415,
        request=asked, operation_id=f"staff_crisis_{name}",
    )  # fmt: skip
    return extend_schema_view(post=described)(view)


class _Case(Step):
    """A case put in or taken out: one that the person sees."""

    asks = WhichCaseSerializer

    def take(self, crisis: Crisis, given: dict[str, Any], at: datetime) -> None:
        """Put it in, or take it out."""
        case = get_for(self.user, given["case"])
        move = joining.add if self.step == "add" else joining.remove
        move(crisis_id=crisis.pk, case_id=case.pk, actor=self.user, at=at)


CASE_ANSWERS = (400, 403, 404, 409, 415)


@extend_schema_view(
    post=describe(
        "Put a case into a crisis", "staff", CrisisSerializer, *CASE_ANSWERS,
        request=WhichCaseSerializer, operation_id="staff_crisis_add",
    )
)  # fmt: skip
class CrisisAddView(_Case):
    """Put a case in."""

    step = "add"


@extend_schema_view(
    post=describe(
        "Take a case out of a crisis", "staff", CrisisSerializer, *CASE_ANSWERS,
        request=WhichCaseSerializer, operation_id="staff_crisis_remove",
    )
)  # fmt: skip
class CrisisRemoveView(_Case):
    """Take a case out."""

    step = "remove"


def _write(*, crisis_id: int, actor: User, at: datetime, **given: str) -> None:
    statements.write(crisis_id=crisis_id, words=Words(**given), actor=actor, at=at)


STEPS: tuple[type[Step], ...] = (
    CrisisAddView,
    CrisisRemoveView,
    _step("dismiss", WhyNoneSerializer, "Say that it is no crisis", commands.dismiss),
    _step("contain", CauseSerializer, "Say that it is contained", commands.contain),
    _step("go_on", NothingSerializer, "Say that it is not contained after all", commands.go_on),
    _step("close", ClearSerializer, "Give the all-clear", commands.close),
    _step("write", WordsSerializer, "Write a version of the statement", _write),
    _step("publish", VersionSerializer, "Publish a version of the statement", statements.publish),
    _step("take_down", NothingSerializer, "Take the statement down", statements.take_down),
)
