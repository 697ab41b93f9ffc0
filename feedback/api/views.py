"""A member's cases: list, open, read, answer, confirm, reopen; and their gaps."""

from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_view
from rest_framework import status
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.base import MemberView
from config.common.api import IDEMPOTENCY_KEY, describe, idempotency_key
from config.common.filters import MomentFilter
from config.common.parsing import JSONParser
from feedback.api.serializers import (
    CaseDetailSerializer,
    CaseSerializer,
    GapSerializer,
    MessageSerializer,
    OpenCaseSerializer,
    ReopenSerializer,
    WriteSerializer,
)
from feedback.attachments.serving import respond
from feedback.cases import commands, own
from feedback.models import OF_TIME, Case, CaseKind, CaseStatus, Gap

LIST = (400, 401, 404)
PARSERS = [MultiPartParser, FormParser, JSONParser]


class CaseFilter(filters.FilterSet):
    """By kind, status, order and time."""

    kind = filters.MultipleChoiceFilter(choices=CaseKind.choices, distinct=False)
    status = filters.MultipleChoiceFilter(choices=CaseStatus.choices, distinct=False)
    open = filters.BooleanFilter(field_name="resolved_at", lookup_expr="isnull")
    order = filters.NumberFilter(field_name="order_id", min_value=1)
    opened_from = MomentFilter(field_name="opened_at", lookup_expr="gte")
    opened_before = MomentFilter(field_name="opened_at", lookup_expr="lt")

    class Meta:
        model = Case
        fields: list[str] = []


@extend_schema_view(get=describe("My cases", "cases", CaseSerializer(many=True), *LIST))
class CasesView(MemberView[Case], ListAPIView[Case]):
    """My cases."""

    queryset = Case.objects.none()
    serializer_class = CaseSerializer
    parser_classes = PARSERS
    filterset_class = CaseFilter
    ordering_fields = ["opened_at"]
    ordering = ["-opened_at"]

    def rows(self) -> QuerySet[Case]:
        """The member's own cases."""
        return own.own(self.member)

    @describe(
        "Open a case",
        "cases",
        CaseDetailSerializer,
        400,
        401,
        409,
        415,
        422,
        status=201,
        request={"multipart/form-data": OpenCaseSerializer, "application/json": OpenCaseSerializer},
        parameters=[IDEMPOTENCY_KEY],
        operation_id="cases_open",
    )
    def post(self, request: Request) -> Response:
        """Tell us of a problem, with files if you like; the answer says what we promise."""
        asked = OpenCaseSerializer(data=request.data, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        content = asked.validated_data
        case = commands.open_case(
            member=self.member,
            kind=content["kind"],
            channel=content["channel"],
            subject=content["subject"],
            body=content["body"],
            order=content["order"],
            attachments=content["files"],
            idempotency_key=idempotency_key(request),
            actor=self.member,
            at=timezone.now(),
        )
        return case_answer(self, case.pk, status.HTTP_201_CREATED)


def case_answer(view: MemberView[Any], pk: int, code: int = status.HTTP_200_OK) -> Response:
    """One of the member's cases as an answer."""
    pk = own.goes_on_as(view.member, pk)
    case = get_object_or_404(own.own_with_thread(view.member), pk=pk)
    return Response(CaseDetailSerializer(case, context=view.get_serializer_context()).data, status=code)


@extend_schema_view(get=describe("One of my cases", "cases", CaseDetailSerializer, 401, 404))
class CaseView(MemberView[Case], RetrieveAPIView[Case]):
    """One of my cases, with its thread and our promises."""

    queryset = Case.objects.none()
    serializer_class = CaseDetailSerializer
    filter_backends = []

    def rows(self) -> QuerySet[Case]:
        """The member's own cases with what was said."""
        return own.own_with_thread(self.member)

    def retrieve(self, _request: Request, pk: int) -> Response:
        """The case; under the number of one that was merged, the case that goes on."""
        return case_answer(self, pk)


class CaseMessagesView(MemberView[Case]):
    """Answer."""

    queryset = Case.objects.none()
    parser_classes = PARSERS

    @describe(
        "Write in my case",
        "cases",
        MessageSerializer,
        400,
        401,
        404,
        409,
        415,
        422,
        status=201,
        request={"multipart/form-data": WriteSerializer, "application/json": WriteSerializer},
        parameters=[IDEMPOTENCY_KEY],
        operation_id="cases_write",
    )
    def post(self, request: Request, pk: int) -> Response:
        """Say something; a case that waited for you is open again, a resolved one is reopened."""
        asked = WriteSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        message = commands.member_message(
            case_id=pk,
            body=asked.validated_data["body"],
            attachments=asked.validated_data["files"],
            key=idempotency_key(request),
            actor=self.member,
            at=timezone.now(),
        )
        answer = MessageSerializer(message, context=self.get_serializer_context())
        return Response(answer.data, status=status.HTTP_201_CREATED)


class CaseConfirmView(MemberView[Case]):
    """Confirm."""

    queryset = Case.objects.none()

    @describe(
        "It is solved",
        "cases",
        CaseDetailSerializer,
        401,
        404,
        409,
        request=None,
        operation_id="cases_confirm",
    )
    def post(self, _request: Request, pk: int) -> Response:
        """Confirm that a resolved case is solved: it is closed. Again changes nothing."""
        commands.confirm(case_id=pk, actor=self.member, at=timezone.now())
        return case_answer(self, pk)


class CaseReopenView(MemberView[Case]):
    """Reopen."""

    queryset = Case.objects.none()

    @describe(
        "It is not solved",
        "cases",
        CaseDetailSerializer,
        400,
        401,
        404,
        409,
        415,
        request=ReopenSerializer,
        operation_id="cases_reopen",
    )
    def post(self, request: Request, pk: int) -> Response:
        """Take a resolved or recently closed case up again."""
        asked = ReopenSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        commands.reopen(
            case_id=pk, reason=asked.validated_data["reason"], actor=self.member, at=timezone.now()
        )
        return case_answer(self, pk)


class AttachmentView(MemberView[Any]):
    """A file."""

    @describe("A file of my case", "cases", OpenApiTypes.BINARY, 401, 404, operation_id="attachment")
    def get(self, _request: Request, pk: int) -> FileResponse:
        """The file itself, from the public part of one of the member's own cases."""
        return respond(own.own_attachment(self.member, pk))


class GapFilter(filters.FilterSet):
    """By order."""

    order = filters.NumberFilter(field_name="order_id", min_value=1)

    class Meta:
        model = Gap
        fields: list[str] = []


@extend_schema_view(
    get=describe("Promises to me that were not kept", "orders", GapSerializer(many=True), *LIST)
)
class GapsView(MemberView[Gap], ListAPIView[Gap]):
    """Where an order of mine fell short of what was promised."""

    queryset = Gap.objects.none()
    serializer_class = GapSerializer
    filterset_class = GapFilter
    ordering_fields = ["detected_at"]
    ordering = ["-detected_at"]

    def rows(self) -> QuerySet[Gap]:
        """The gaps of the member's own orders that the facts still bear out."""
        return Gap.objects.filter(member=self.member, aspect__in=OF_TIME, withdrawn_at=None)
