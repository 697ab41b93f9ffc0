"""Cases for members of staff: what their departments may see, and one POST for each thing to be done."""

import uuid
from datetime import datetime
from typing import Any, ClassVar

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
    AssignSerializer,
    CloseSerializer,
    CorrectSerializer,
    HandoffAnswerSerializer,
    HandOverSerializer,
    OpenForMemberSerializer,
    PrioritySerializer,
    ReasonSerializer,
    RecallSerializer,
    RejectSerializer,
    ReplySerializer,
    ResolveSerializer,
    StaffCaseDetailSerializer,
    StaffCaseSerializer,
    TextSerializer,
    TransferSerializer,
)
from feedback.attachments.serving import respond
from feedback.cases import commands
from feedback.cases.queries import WORK, actions_for, get_for, reads_cases, visible_to
from feedback.cases.taking_down import Somebody
from feedback.handoffs import commands as handoffs
from feedback.models import Attachment, Case, CaseKind, CaseStatus, Handoff, Priority
from feedback.org.queries import departments_of


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

    class Meta:
        model = Case
        fields: list[str] = []


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


class Move(StaffView):
    """Something done to a case: seen at all, allowed to this person now, then one command."""

    path: ClassVar[str]
    action: ClassVar[str]
    serializer: ClassVar[type[Any] | None] = None

    def post(self, request: Request, pk: int) -> Response:
        """Do it and give the case as it then stands."""
        case = get_for(self.user, pk)
        content: dict[str, Any] = {}
        if self.serializer is not None:
            asked = self.serializer(data=request.data)
            asked.is_valid(raise_exception=True)
            content = asked.validated_data
        actions_for(case, self.user).check(self.action_for(content))
        self.perform(case, content, timezone.now())
        return self.answer(pk)

    def action_for(self, _content: dict[str, Any]) -> str:
        """The action's name, by which the permission goes."""
        return self.action

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Call the command."""
        raise NotImplementedError


class Claim(Move):
    """Take the case."""

    path, action = "claim", "claim"

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:  # noqa: ARG002 - nothing asked
        """Take it."""
        commands.claim(case_id=case.pk, actor=self.user, at=at)


class Assign(Move):
    """Give the case to somebody."""

    path, action, serializer = "assign", "assign", AssignSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Give it to an agent, or to nobody."""
        commands.assign(case_id=case.pk, agent_id=content["agent"], actor=self.user, at=at)


class Reply(Move):
    """Answer the member."""

    path, action, serializer = "reply", "reply", ReplySerializer

    def action_for(self, content: dict[str, Any]) -> str:
        """Waiting and resolving are allowed on their own."""
        then = str(content["then"])
        return "reply" if then == "open" else then

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Say it."""
        key = idempotency_key(self.request)
        commands.reply(case_id=case.pk, **content, key=key, actor=self.user, at=at)


class Note(Move):
    """Write a note."""

    path, action, serializer = "note", "note", TextSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """For colleagues only."""
        commands.note(case_id=case.pk, body=content["body"], actor=self.user, at=at)


class HandOver(Move):
    """Ask another department."""

    path, action, serializer = "hand-over", "hand_over", HandOverSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Ask."""
        handoffs.hand_over(
            case_id=case.pk,
            department_id=content["department"],
            question=content["question"],
            after_id=content["after"],
            actor=self.user,
            at=at,
        )


class OfHandoff(Move):
    """Something done to a question of this case."""

    def handoff(self, case: Case, handoff_id: int) -> int:
        """The question's number, if it is one of this case's.

        Raises:
            NotFound: it is not.
        """
        if not Handoff.objects.filter(pk=handoff_id, case=case).exists():
            raise NotFound
        return handoff_id

    def ours(self, case: Case, handoff_id: int) -> int:
        """The same, if it was put to one of this person's departments."""
        if not Handoff.objects.filter(
            pk=handoff_id, case=case, department__in=departments_of(self.user)
        ).exists():
            raise NotFound
        return handoff_id


class Answer(OfHandoff):
    """Answer a question."""

    path, action, serializer = "answer", "answer", HandoffAnswerSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Answer."""
        handoff = self.ours(case, content["handoff"])
        handoffs.answer(handoff_id=handoff, answer=content["answer"], actor=self.user, at=at)


class Accept(OfHandoff):
    """Take a question on."""

    path, action, serializer = "accept", "answer", RecallSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Take it on."""
        handoffs.accept(handoff_id=self.ours(case, content["handoff"]), actor=self.user, at=at)


class Reject(OfHandoff):
    """Give a question back."""

    path, action, serializer = "reject", "answer", RejectSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Give it back."""
        handoff = self.ours(case, content["handoff"])
        handoffs.reject(handoff_id=handoff, reason=content["reason"], actor=self.user, at=at)


class Recall(OfHandoff):
    """Take a question back."""

    path, action, serializer = "recall", "recall", RecallSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Take it back."""
        handoffs.recall(handoff_id=self.handoff(case, content["handoff"]), actor=self.user, at=at)


class Transfer(Move):
    """Give the case to another department."""

    path, action, serializer = "transfer", "transfer", TransferSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Give it away; it may be out of sight afterwards."""
        commands.transfer(
            case_id=case.pk,
            department_id=content["department"],
            note=content["note"],
            version=content["version"],
            actor=self.user,
            at=at,
        )

    def answer(self, case_id: int) -> Response:
        """The case, or nothing when it is not this person's departments' any more."""
        try:
            return super().answer(case_id)
        except NotFound:
            return Response(status=204)


class ChangePriority(Move):
    """Change the priority."""

    path, action, serializer = "priority", "change_priority", PrioritySerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Change it; the clocks follow."""
        commands.change_priority(case_id=case.pk, priority=content["priority"], actor=self.user, at=at)


class Correct(Move):
    """Set right what the case is about."""

    path, action, serializer = "correct", "correct", CorrectSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Say it anew; the clocks follow."""
        commands.correct(
            case_id=case.pk,
            subject=content["subject"],
            kind=content["kind"],
            order_id=content["order"],
            version=content["version"],
            actor=self.user,
            at=at,
        )


class Resolve(Move):
    """Resolve the case."""

    path, action, serializer = "resolve", "resolve", ResolveSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Say that it is solved, and how."""
        commands.resolve(case_id=case.pk, **content, actor=self.user, at=at)


class Reopen(Move):
    """Reopen the case."""

    path, action, serializer = "reopen", "reopen", ReasonSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Take it up again."""
        commands.reopen(case_id=case.pk, reason=content["reason"], actor=self.user, at=at)


class Close(Move):
    """Close the case."""

    path, action, serializer = "close", "close_case", CloseSerializer

    def perform(self, case: Case, content: dict[str, Any], at: datetime) -> None:
        """Close a resolved case."""
        commands.close_case(case_id=case.pk, note=content["note"], actor=self.user, at=at)


KEYED = ("reply", "split")  # those that take a client's key


def described(move: type[Move]) -> type[Move]:
    """Describe a move in the schema."""
    replies = move.path in KEYED
    of_post = describe(
        str(move.__doc__).rstrip("."),
        "staff",
        StaffCaseDetailSerializer,
        *(400, 403, 404, 409, 415),
        *((422,) if replies else ()),
        request=move.serializer,
        parameters=[IDEMPOTENCY_KEY] if replies else [],
        operation_id=f"staff_cases_{move.path.replace('-', '_')}",
    )
    return extend_schema_view(post=of_post)(move)


ALL = (
    Claim,
    Assign,
    Reply,
    Note,
    HandOver,
    Accept,
    Answer,
    Reject,
    Recall,
    Transfer,
    ChangePriority,
    Correct,
    Resolve,
)
MOVES: list[type[Move]] = [described(move) for move in (*ALL, Reopen, Close)]
"""Every move, with its description in the schema."""


class StaffAttachmentView(StaffView):
    """A file."""

    @describe("A file of a case", "staff", OpenApiTypes.BINARY, 403, 404, operation_id="staff_attachment")
    def get(self, _request: Request, pk: int) -> FileResponse:
        """The file itself, if its case may be seen."""
        found = Attachment.objects.filter(pk=pk, message__case__in=visible_to(self.user)).first()
        if found is None:
            raise NotFound
        return respond(found)
