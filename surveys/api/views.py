"""What a member is asked, and the answers."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_view
from rest_framework import status
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.base import MemberView
from config.common.api import describe
from surveys.api.serializers import AnswersSerializer, InvitationDetailSerializer, InvitationSerializer
from surveys.invitations.queries import of_member, open_for
from surveys.models import Invitation
from surveys.responses import commands


class InvitationFilter(filters.FilterSet):
    """By whether it can be answered."""

    open = filters.BooleanFilter(method="only_open", label="Still to be answered.")

    class Meta:
        model = Invitation
        fields: list[str] = []

    def only_open(self, rows: QuerySet[Invitation], _name: str, wanted: bool) -> QuerySet[Invitation]:
        """Those that can still be answered, or the others."""
        request: Any = self.request
        still = open_for(request.user, timezone.now()).values("pk")
        return rows.filter(pk__in=still) if wanted else rows.exclude(pk__in=still)


@extend_schema_view(
    get=describe("What I am asked", "surveys", InvitationSerializer(many=True), 400, 401, 404)
)
class InvitationsView(MemberView[Invitation], ListAPIView[Invitation]):
    """What I am asked."""

    queryset = Invitation.objects.none()
    serializer_class = InvitationSerializer
    filterset_class = InvitationFilter
    ordering_fields = ["invited_at"]
    ordering = ["-invited_at"]

    def rows(self) -> QuerySet[Invitation]:
        """The member's own invitations."""
        return of_member(self.member)


@extend_schema_view(get=describe("One survey", "surveys", InvitationDetailSerializer, 401, 404))
class InvitationView(MemberView[Invitation], RetrieveAPIView[Invitation]):
    """One invitation with its questions."""

    queryset = Invitation.objects.none()
    serializer_class = InvitationDetailSerializer
    filter_backends = []

    def rows(self) -> QuerySet[Invitation]:
        """The member's own invitations."""
        return of_member(self.member)


class AnswersView(MemberView[Invitation]):
    """Answer."""

    queryset = Invitation.objects.none()

    @describe(
        "Answer",
        "surveys",
        InvitationDetailSerializer,
        *(400, 401, 404, 409, 415),
        status=201,
        request=AnswersSerializer,
        operation_id="invitations_answer",
    )
    def post(self, request: Request, pk: int) -> Response:
        """Answer all questions at once; an invitation is answered once."""
        asked = AnswersSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        response = commands.answer(
            invitation_id=pk, member=self.member, answers=asked.by_question(), at=timezone.now()
        )
        answered = of_member(self.member).get(pk=response.invitation_id)
        return Response(InvitationDetailSerializer(answered).data, status=status.HTTP_201_CREATED)
