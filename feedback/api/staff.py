"""Cases for members of staff: what their departments may see, and one POST for each thing to be done."""

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_view
from rest_framework.authentication import SessionAuthentication
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.common.api import IDEMPOTENCY_KEY, describe, idempotency_key
from config.common.errors import NotFound, NotPermitted
from config.common.models import User
from feedback.api.merging import by_department
from feedback.api.staff_serializers import (
    OpenForMemberSerializer,
    StaffCaseDetailSerializer,
    StaffCaseSerializer,
)
from feedback.attachments.serving import respond
from feedback.cases import commands
from feedback.cases.queries import WORK, actions_for, get_for, reads_cases, visible_to
from feedback.cases.taking_down import Somebody
from feedback.models import Attachment, Case, CaseKind, CaseStatus, Feeling, Priority, VoiceAspect


class ReadsCases(BasePermission):
    """Only members of staff with an account in use whose role reads cases, as on the case's page."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        """Whether a member of staff asks who reads cases."""
        user = request.user
        if not (isinstance(user, User) and user.is_active and user.is_staff):
            return False
        return reads_cases(user)


class StaffView(GenericAPIView[Case]):
    """A view for whoever is signed in to the admin."""

    authentication_classes = [SessionAuthentication]
    permission_classes = [ReadsCases]
    queryset = Case.objects.none()

    @property
    def user(self) -> User:
        """Who asks."""
        user: Any = self.request.user
        assert isinstance(user, User)  # noqa: S101 - ReadsCases has seen to it
        return user

    def answer(self, case_id: int) -> Response:
        """The case as it stands now."""
        case = get_for(self.user, case_id)
        actions = actions_for(case, self.user)
        context = {**self.get_serializer_context(), "actions": actions}
        return Response(StaffCaseDetailSerializer(case, context=context).data)


class StaffCaseFilter(filters.FilterSet):
    """By what the desk filters by."""

    kind = filters.MultipleChoiceFilter(choices=CaseKind.choices, distinct=False)
    status = filters.MultipleChoiceFilter(choices=CaseStatus.choices, distinct=False)
    priority = filters.TypedMultipleChoiceFilter(choices=Priority.choices, coerce=int, distinct=False)
    open = filters.BooleanFilter(field_name="resolved_at", lookup_expr="isnull")
    department = filters.NumberFilter(field_name="department_id", min_value=1)
    agent = filters.NumberFilter(field_name="agent_id", min_value=1)
    member = filters.CharFilter(field_name="member__external_id")
    aspect = filters.ChoiceFilter(choices=VoiceAspect.choices, method="about")
    feeling = filters.ChoiceFilter(choices=Feeling.choices, field_name="triage__feeling")

    class Meta:
        model = Case
        fields: list[str] = []

    def about(self, rows: QuerySet[Case], _name: str, aspect: str) -> QuerySet[Case]:
        """Those that triage says speak of it."""
        return rows.filter(triage__aspects__contains=[aspect])


@extend_schema_view(
    get=describe("Cases of my departments", "staff", StaffCaseSerializer(many=True), 400, 403, 404)
)
class StaffCasesView(StaffView, ListAPIView[Case]):
    """The cases that this member of staff may see."""

    serializer_class = StaffCaseSerializer
    filterset_class = StaffCaseFilter
    ordering_fields = ["opened_at"]
    ordering = ["-opened_at"]

    def get_queryset(self) -> QuerySet[Case]:
        """What the person's departments have or were asked about."""
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return visible_to(self.user)

    @describe(
        "Take a case down for a member",
        "staff",
        StaffCaseSerializer,
        *(400, 403, 404, 409, 415, 422),
        status=201,
        request=OpenForMemberSerializer,
        parameters=[IDEMPOTENCY_KEY],
        operation_id="staff_cases_open",
    )
    def post(self, request: Request) -> Response:
        """Open a case of what a member said at the counter or on the telephone; it may go out of sight."""
        if not self.user.has_perm(WORK):
            raise NotPermitted
        asked = OpenForMemberSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        content = asked.validated_data
        case = commands.take_down(
            who=Somebody(content["member"], content["phone"], content["email"], content["name"]),
            kind=content["kind"],
            channel=content["channel"],
            subject=content["subject"],
            body=content["body"],
            answer=content["answer"],
            order_id=content["order"],
            department_id=content["department"],
            priority=content["priority"],
            takes=content["takes"],
            key=idempotency_key(request) or uuid.uuid4().hex,
            actor=self.user,
            at=timezone.now(),
        )
        return Response(StaffCaseSerializer(case, context=self.get_serializer_context()).data, status=201)

    def paginate_queryset(self, queryset: Any) -> Any:
        """A page, read from each department's part of the list."""
        return super().paginate_queryset(by_department(queryset, self.user))  # type: ignore[arg-type]  # as much of a queryset as paging asks for


class StaffCaseView(StaffView):
    """One case with everything about it."""

    @describe("A case", "staff", StaffCaseDetailSerializer, 403, 404, operation_id="staff_cases_retrieve")
    def get(self, _request: Request, pk: int) -> Response:
        """The case with its thread, notes, questions to departments, clocks, and what may be done."""
        return self.answer(pk)


class StaffAttachmentView(StaffView):
    """A file."""

    @describe("A file of a case", "staff", OpenApiTypes.BINARY, 403, 404, operation_id="staff_attachment")
    def get(self, _request: Request, pk: int) -> FileResponse:
        """The file itself, if its case may be seen."""
        found = Attachment.objects.filter(pk=pk, message__case__in=visible_to(self.user)).first()
        if found is None:
            raise NotFound
        return respond(found)
