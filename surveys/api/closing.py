"""What became of bad answers, and what members said of one's own cases, for staff."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response as Answered

from config.common.api import describe
from feedback.cases.queries import WORK
from surveys.api.staff import StaffSurveysView
from surveys.campaigns.queries import visible_responses
from surveys.models import Campaign, Response
from surveys.questionnaires.rules import SCORED
from surveys.responses import mine
from surveys.responses.recovery import recovery


class RecoverySerializer(serializers.Serializer[Any]):
    """Of those who were unhappy, how many are satisfied afterwards; the parts add up to `bad`."""

    bad = serializers.IntegerField(help_text="Follow-up cases.")
    open = serializers.IntegerField(help_text="Still being worked on.")
    not_asked = serializers.IntegerField(help_text="Closed, and nobody asked how it went.")
    waiting = serializers.IntegerField(help_text="Asked, may still answer.")
    silent = serializers.IntegerField(help_text="Asked, never answered.")
    answered = serializers.IntegerField()
    recovered = serializers.IntegerField(help_text="Who gave one of the two best answers.")
    value = serializers.FloatField(allow_null=True, help_text="Percent of `answered`.")
    low = serializers.SerializerMethodField(help_text="95 % interval (Wilson).")
    high = serializers.SerializerMethodField()

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_low(self, one: Any) -> float | None:
        """Its lower end."""
        return one.interval[0] if one.interval else None

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_high(self, one: Any) -> float | None:
        """Its upper end."""
        return one.interval[1] if one.interval else None


class MyAnswerSerializer(serializers.ModelSerializer[Response]):
    """What a member said of a case of mine."""

    campaign = serializers.CharField(source="wave.campaign.code")
    case = serializers.IntegerField(source="invitation.case_id", allow_null=True)
    follow_up = serializers.IntegerField(source="follow_up_id", allow_null=True)
    is_bad = serializers.BooleanField()
    scores = serializers.SerializerMethodField(help_text="By the question's code.")

    class Meta:
        model = Response
        fields = ["id", "at", "campaign", "case", "follow_up", "is_bad", "scores"]

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_scores(self, response: Response) -> dict[str, int]:
        """Those on a scale."""
        return {
            one.question.code: one.score
            for one in response.answers.all()
            if one.question.kind in SCORED and one.score is not None
        }


class StaffRecoveryView(StaffSurveysView):
    """Recovery."""

    queryset = Campaign.objects.none()
    filter_backends = []
    reads = ("surveys.view_response",)

    @describe(
        "How many of the unhappy are satisfied afterwards", "staff", RecoverySerializer, 403, 404,
        operation_id="staff_campaign_recovery",
    )  # fmt: skip
    def get(self, _request: Request, code: str) -> Answered:
        """Of what one may see of a campaign's answers."""
        campaign = get_object_or_404(Campaign, code=code)
        seen = visible_responses(self.user).filter(wave__campaign=campaign)
        return Answered(RecoverySerializer(recovery(seen, at=timezone.now())).data)


@extend_schema_view(
    get=describe("What members said of my cases", "staff", MyAnswerSerializer(many=True), 400, 403, 404)
)
class StaffMyAnswersView(StaffSurveysView, ListAPIView[Response]):
    """An agent's own, a lead's departments'; newest first."""

    queryset = Response.objects.none()
    serializer_class = MyAnswerSerializer
    ordering_fields = ["at"]
    ordering = ["-at"]
    reads = (WORK,)

    def get_queryset(self) -> QuerySet[Response]:
        """Nothing while the schema is drawn."""
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return mine.shown(mine.of(self.user))
