"""What texts are about, for members of staff: lists by aspect and feeling, and setting right."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_view
from rest_framework.authentication import SessionAuthentication
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.common.api import describe
from config.common.errors import NotFound, NotPermitted
from config.common.models import User
from feedback.api.triage_serializers import CorrectionSerializer, TriageSerializer
from feedback.cases.queries import reads_cases
from feedback.models import Feeling, Triage, VoiceAspect
from feedback.triage import commands, queries

CORRECT = "feedback.correct_triage"


class ReadsTexts(BasePermission):
    """Members of staff with an account in use whose role reads reviews or cases."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        """Whether such a one asks."""
        user = request.user
        if not (isinstance(user, User) and user.is_active and user.is_staff):
            return False
        return any(map(user.has_perm, ("feedback.view_review", "feedback.view_post"))) or reads_cases(user)


class TriageFilter(filters.FilterSet):
    """By what is said, how, and whether somebody has decided."""

    aspect = filters.ChoiceFilter(choices=VoiceAspect.choices, method="about")
    feeling = filters.ChoiceFilter(choices=Feeling.choices)
    unsure = filters.BooleanFilter(method="open")
    case = filters.NumberFilter(field_name="case_id", min_value=1)
    review = filters.NumberFilter(field_name="review_id", min_value=1)
    post = filters.NumberFilter(field_name="post_id", min_value=1)

    class Meta:
        model = Triage
        fields: list[str] = []

    def about(self, rows: QuerySet[Triage], _name: str, aspect: str) -> QuerySet[Triage]:
        """Those that speak of it."""
        return rows.filter(aspects__contains=[aspect])

    def open(self, rows: QuerySet[Triage], _name: str, wanted: bool) -> QuerySet[Triage]:
        """Those that are left to people, or the others."""
        return rows.filter(queries.UNSURE if wanted else ~Q(queries.UNSURE))


class TriageView(GenericAPIView[Triage]):
    """For whoever is signed in to the admin."""

    authentication_classes = [SessionAuthentication]
    permission_classes = [ReadsTexts]
    queryset = Triage.objects.none()
    serializer_class = TriageSerializer

    @property
    def user(self) -> User:
        """Who asks."""
        user: Any = self.request.user
        assert isinstance(user, User)  # noqa: S101 - ReadsTexts has seen to it
        return user

    def get_queryset(self) -> QuerySet[Triage]:
        """What this person may see."""
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return queries.shown(queries.visible(self.user))


@extend_schema_view(get=describe("What texts are about", "staff", TriageSerializer(many=True), 400, 403, 404))
class StaffTriagesView(TriageView, ListAPIView[Triage]):
    """The readings of the reviews and cases that this member of staff may see, newest first."""

    filterset_class = TriageFilter
    ordering_fields = ["id"]
    ordering = ["-id"]


class StaffTriageView(TriageView):
    """One reading."""

    @describe("A reading", "staff", TriageSerializer, 403, 404, operation_id="staff_triage_retrieve")
    def get(self, _request: Request, pk: int) -> Response:
        """As it stands."""
        return Response(TriageSerializer(self._row(pk)).data)

    @describe(
        "Set a reading right",
        "staff",
        TriageSerializer,
        *(400, 403, 404, 415),
        request=CorrectionSerializer,
        operation_id="staff_triage_correct",
    )
    def post(self, request: Request, pk: int) -> Response:
        """Set right what is given; it stays so, and the next model learns from it."""
        row = self._row(pk)
        if not self.user.has_perm(CORRECT):
            raise NotPermitted
        asked = CorrectionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        commands.correct(triage_id=row.pk, actor=self.user, at=timezone.now(), **asked.validated_data)
        return Response(TriageSerializer(self._row(pk)).data)

    def _row(self, pk: int) -> Triage:
        row = self.get_queryset().filter(pk=pk).first()
        if row is None:
            raise NotFound
        return row
