"""What a member is asked, and the answers."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_view
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.base import MemberView
from compensation.models import ConsentSource
from config.common.api import describe
from config.common.errors import Invalid
from config.common.parsing import JSONParser
from surveys.api.answering_serializers import (
    AnswerFileUploadSerializer,
    AnswersSerializer,
    DraftFileSerializer,
    InvitationDetailSerializer,
    InvitationSerializer,
)
from surveys.invitations.queries import by_member, of_member
from surveys.models import Invitation
from surveys.responses import commands, drafts, own
from surveys.responses.errors import InvitationExpired
from surveys.responses.sitting import Sitting, of_invitation


class InvitationFilter(filters.FilterSet):
    """By whether it can be answered."""

    open = filters.BooleanFilter(method="only_open", label="Still to be answered.")

    class Meta:
        model = Invitation
        fields: list[str] = []

    def only_open(self, rows: QuerySet[Invitation], _name: str, wanted: bool) -> QuerySet[Invitation]:
        """Those that can still be answered, or the others."""
        request: Any = self.request
        still = own.open_now(request.user, timezone.now())
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


class OneInvitation(MemberView[Invitation]):
    """A view of one of the member's invitations."""

    queryset = Invitation.objects.none()
    filter_backends = []

    def sitting(self, pk: int, *, to_answer: bool = False) -> Sitting:
        """The member before the questions of an invitation.

        Raises:
            NotFound: there is none, or it is somebody else's.
            InvitationExpired: it is to be answered, and too late for that.
        """
        invitation = by_member(pk, self.member)
        sitting = of_invitation(invitation)
        if to_answer and timezone.now() >= invitation.expires_at and not sitting.place.is_spent():
            raise InvitationExpired
        sitting.load()
        return sitting

    def told(self, sitting: Sitting, code: int = status.HTTP_200_OK) -> Response:
        """The invitation as an answer."""
        invitation = of_member(self.member).get(pk=sitting.place.invitation.pk)  # type: ignore[union-attr]  # of a member
        return Response(
            InvitationDetailSerializer(invitation, context={"sitting": sitting}).data, status=code
        )


class InvitationView(OneInvitation):
    """One invitation with its questions."""

    @describe("One survey", "surveys", InvitationDetailSerializer, 401, 404, operation_id="invitation")
    def get(self, request: Request, pk: int) -> Response:  # noqa: ARG002 - DRF's
        """What is asked of me, in my own order, with what I answered so far."""
        return self.told(self.sitting(pk))


class DraftView(OneInvitation):
    """What was answered so far."""

    @describe(
        "Save answers for later",
        "surveys",
        InvitationDetailSerializer,
        *(400, 401, 404, 409, 415),
        request=AnswersSerializer,
        operation_id="invitation_draft",
    )
    def put(self, request: Request, pk: int) -> Response:
        """Keep answers beside those that were kept before; null takes one back. They count as none yet."""
        asked = AnswersSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        sitting = self.sitting(pk, to_answer=True)
        answers = {code: "" if value is None else value for code, value in asked.by_question().items()}
        drafts.save(place=sitting.place, questions=sitting.questions, answers=answers, at=timezone.now())
        sitting.put(answers)
        return self.told(sitting)


class DraftFilesView(OneInvitation):
    """Files for a question."""

    parser_classes = [MultiPartParser, FormParser, JSONParser]

    @describe(
        "Send a file for a question",
        "surveys",
        DraftFileSerializer,
        *(400, 401, 404, 409, 415),
        status=201,
        request={"multipart/form-data": AnswerFileUploadSerializer},
        operation_id="invitation_file",
    )
    def post(self, request: Request, pk: int) -> Response:
        """It waits until the answers are sent, and goes with them."""
        sitting = self.sitting(pk, to_answer=True)
        asked = AnswerFileUploadSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        content = asked.validated_data
        question = next((one for one in sitting.filed if one.code == content["question"]), None)
        if question is None:
            raise Invalid(_("This question takes no files."))
        [file] = drafts.add_files(
            place=sitting.place, question=question, uploads=[content["file"]], at=timezone.now()
        )
        return Response(DraftFileSerializer(file).data, status=status.HTTP_201_CREATED)


class DraftFileView(OneInvitation):
    """One file that waits."""

    @describe("Take a file back", "surveys", None, 401, 404, status=204, operation_id="invitation_file_drop")
    def delete(self, request: Request, pk: int, ref: UUID) -> Response:  # noqa: ARG002 - DRF's
        """It is gone; again changes nothing."""
        drafts.drop_files(place=self.sitting(pk).place, refs=[str(ref)])
        return Response(status=status.HTTP_204_NO_CONTENT)


class AnswersView(OneInvitation):
    """Answer."""

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
        commands.answer(invitation_id=pk, member=self.member, answers=asked.by_question(), at=timezone.now())
        return self.told(self.sitting(pk), status.HTTP_201_CREATED)


class DeclineView(OneInvitation):
    """No more surveys."""

    @describe(
        "Want no more surveys",
        "surveys",
        None,
        *(401, 404, 409),
        status=204,
        request=None,
        operation_id="invitations_decline",
    )
    def post(self, request: Request, pk: int) -> Response:  # noqa: ARG002 - DRF's
        """This one ends, and none is sent any more by any way; see the consents to change it back."""
        own.decline(invitation_id=pk, member=self.member, source=ConsentSource.API, at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)
