"""Interviews: a member's own, to choose a time of; and the month's board for staff."""

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.base import MemberView
from config.common.api import describe
from config.common.errors import Invalid
from config.common.models import User
from surveys.api.staff import StaffSurveysView
from surveys.interviews import commands, proposing, queries, rules
from surveys.models import Interview, InterviewGuide, InterviewSlot, InterviewState

ERRORS = (400, 401, 404, 409, 415)
STAFF_ERRORS = (400, 403, 404, 409, 415)
VIEW, HOLD = "surveys.view_interview", "surveys.hold_interview"


class SlotSerializer(serializers.ModelSerializer[InterviewSlot]):
    """A time."""

    class Meta:
        model = InterviewSlot
        fields = ["id", "starts_at", "ends_at", "place"]


class OwnInterviewSerializer(serializers.ModelSerializer[Interview]):
    """A talk that the member was asked for."""

    state = serializers.ChoiceField(choices=InterviewState.choices)
    slot = SlotSerializer(default=None, allow_null=True)
    offered = serializers.SerializerMethodField(help_text="Free times that can be chosen.")

    class Meta:
        model = Interview
        fields = ["id", "state", "invited_at", "slot", "offered", "consented_at"]

    @extend_schema_field(SlotSerializer(many=True))
    def get_offered(self, interview: Interview) -> Any:
        """None once it is over."""
        if interview.state not in queries.OPEN:
            return []
        return SlotSerializer(queries.offered(interview, timezone.now())[:30], many=True).data


class ChooseSlotSerializer(serializers.Serializer[Any]):
    """A time that suits, and whether the talk may be recorded."""

    slot = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    records = serializers.BooleanField(required=False, default=False)


class DeclineSerializer(serializers.Serializer[Any]):
    """No, and why if one likes."""

    because = serializers.CharField(required=False, allow_blank=True, default="", max_length=commands.REASON)


@extend_schema_view(
    get=describe("Talks that I was asked for", "surveys", OwnInterviewSerializer(many=True), 401, 404)
)
class OwnInterviewsView(MemberView[Interview], ListAPIView[Interview]):
    """My interviews, newest first."""

    queryset = Interview.objects.none()
    serializer_class = OwnInterviewSerializer
    filter_backends = []
    ordering = ["-month"]

    def rows(self) -> QuerySet[Interview]:
        """The member's own."""
        return queries.of_member(self.member)


class _OwnInterviewView(MemberView[Interview]):
    queryset = Interview.objects.none()
    filter_backends = []

    def answer(self, pk: int) -> Response:
        """The interview as it stands."""
        return Response(OwnInterviewSerializer(queries.own(self.member, pk)).data)


class ChooseSlotView(_OwnInterviewView):
    """Choose."""

    @describe(
        "Choose a time", "surveys", OwnInterviewSerializer, *ERRORS, request=ChooseSlotSerializer,
        operation_id="my_interview_choose",
    )  # fmt: skip
    def post(self, request: Request, pk: int) -> Response:
        """Or another one instead; one that somebody else took is refused."""
        asked = ChooseSlotSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        interview = queries.own(self.member, pk)
        commands.choose(
            interview_id=interview.pk,
            slot_id=given["slot"],
            records=given["records"],
            actor=self.member,
            at=timezone.now(),
        )
        return self.answer(pk)


class DeclineView(_OwnInterviewView):
    """Decline."""

    @describe(
        "Say no", "surveys", OwnInterviewSerializer, *ERRORS, request=DeclineSerializer,
        operation_id="my_interview_decline",
    )  # fmt: skip
    def post(self, request: Request, pk: int) -> Response:
        """Nobody asks again within the rest."""
        asked = DeclineSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        interview = queries.own(self.member, pk)
        commands.decline(
            interview_id=interview.pk, **asked.validated_data, actor=self.member, at=timezone.now()
        )
        return self.answer(pk)


class StaffInterviewSerializer(serializers.ModelSerializer[Interview]):
    """An interview of a month, with why this member."""

    member = serializers.CharField(source="member.external_id")
    state = serializers.ChoiceField(choices=InterviewState.choices)
    interviewer = serializers.CharField(source="interviewer.username", default=None, allow_null=True)
    slot = SlotSerializer(default=None, allow_null=True)
    reasons = serializers.DictField(child=serializers.DictField(child=serializers.IntegerField()))

    class Meta:
        model = Interview
        fields = [
            "id", "month", "member", "state", "points", "reasons", "segment", "interviewer", "slot",
            "held_at",
        ]  # fmt: skip


class ProposeSerializer(serializers.Serializer[Any]):
    """A month, by any of its days."""

    month = serializers.DateField()


class InterviewInviteSerializer(serializers.Serializer[Any]):
    """Who holds it, and by which guide."""

    interviewer = serializers.CharField(max_length=150)
    guide = serializers.SlugField(required=False, allow_blank=True, default="")


class StaffInterviewsView(StaffSurveysView):
    """A month."""

    queryset = Interview.objects.none()
    filter_backends = []
    pagination_class = None
    reads, needs = (VIEW,), (HOLD,)

    @describe(
        "Interviews of a month", "staff", StaffInterviewSerializer(many=True), 400, 403,
        operation_id="staff_interviews",
        parameters=[OpenApiParameter("month", description="Such as 2026-11; this one without it.")],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Most points first."""
        text = request.query_params.get("month", "")
        try:
            month = date.fromisoformat(f"{text}-01") if text else timezone.localdate().replace(day=1)
        except ValueError as error:
            raise Invalid(field="month") from error
        return self._month(month)

    @describe(
        "Propose the members of a month", "staff", StaffInterviewSerializer(many=True), *STAFF_ERRORS,
        request=ProposeSerializer, operation_id="staff_interviews_propose",
    )  # fmt: skip
    def post(self, _request: Request) -> Response:
        """As many as are missing; again proposes nobody else."""
        month = rules.first_of(self.asked(ProposeSerializer)["month"])
        proposing.propose(month=month, actor=self.user, at=timezone.now())
        return self._month(month)

    def _month(self, month: date) -> Response:
        found = queries.board(month)
        rows = [one for state in InterviewState.values for one in found[state]]
        return Response(StaffInterviewSerializer(rows, many=True).data)


class StaffInterviewInviteView(StaffSurveysView):
    """Invite."""

    queryset = Interview.objects.none()
    filter_backends = []
    reads, needs = (VIEW,), (HOLD,)

    @describe(
        "Confirm a member and ask for a time", "staff", StaffInterviewSerializer, *STAFF_ERRORS,
        request=InterviewInviteSerializer, operation_id="staff_interview_invite",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """The member is told by the outbox."""
        asked = self.asked(InterviewInviteSerializer)
        who = User.objects.filter(username=asked["interviewer"], is_active=True).first()
        if who is None or not who.has_perm(HOLD):
            raise Invalid(field="interviewer")
        guide = InterviewGuide.objects.filter(code=asked["guide"], is_active=True).first()
        made = commands.invite(
            interview_id=pk, interviewer=who, guide=guide, actor=self.user, at=timezone.now()
        )
        return Response(StaffInterviewSerializer(made).data)
