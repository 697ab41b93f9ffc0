"""Campaigns, for staff: prepared, counted, launched, paused and ended; and whom they did not ask."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.models import Segment
from config.common.api import describe
from config.common.errors import NotPermitted
from surveys.api.staff import StaffSurveysView
from surveys.campaigns import commands, figures
from surveys.campaigns.queries import preview
from surveys.models import (
    AskChannel,
    Campaign,
    CampaignState,
    Occasion,
    Skip,
    SkipReason,
    Stratum,
    Survey,
)

VIEW, ADD, CHANGE, SKIPS = (
    "surveys.view_campaign",
    "surveys.add_campaign",
    "surveys.change_campaign",
    "surveys.view_skip",
)
DOES = {"launch": commands.launch, "pause": commands.pause, "end": commands.end}


class StratumSerializer(serializers.ModelSerializer[Stratum]):
    """Members who are drawn at a rate of their own."""

    segment = serializers.SlugRelatedField(
        slug_field="code",
        queryset=Segment.objects.all(),
        allow_null=True,
        required=False,
        help_text="Its code; null takes everyone else, and stands last.",
    )
    share = serializers.DecimalField(max_digits=5, decimal_places=2, min_value=0, max_value=100)

    class Meta:
        model = Stratum
        fields = ["name", "name_en", "segment", "share", "quota"]


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    """A campaign. Once launched it is changed in the admin only, and as far as answers do not rest on it."""

    survey = serializers.SlugRelatedField(slug_field="code", queryset=Survey.objects.all())
    segment = serializers.SlugRelatedField(
        slug_field="code", queryset=Segment.objects.all(), allow_null=True, required=False
    )
    occasion = serializers.ChoiceField(choices=Occasion.choices)
    state = serializers.ChoiceField(choices=CampaignState.choices, read_only=True)
    channels = serializers.ListField(
        child=serializers.ChoiceField(choices=AskChannel.choices), required=False, max_length=len(AskChannel)
    )
    strata = StratumSerializer(many=True, required=False, help_text="In order: the first that fits.")

    class Meta:
        model = Campaign
        fields = [
            "code", "name", "name_en", "survey", "occasion", "rhythm", "state", "is_anonymous", "segment",
            "holdout", "quota", "starts_at", "ends_at", "delay_hours", "within_days", "valid_days",
            "remind_days", "rest_days", "is_capped", "waits_for_cases", "channels", "sends_thanks",
            "invites_reviews", "strata",
        ]  # fmt: skip

    def keep(self, campaign: Campaign, actor: Any) -> Campaign:
        """Write what was sent onto a draft."""
        given = dict(self.validated_data)
        strata = given.pop("strata", None)
        for name, value in given.items():
            setattr(campaign, name, value)
        at = timezone.now()
        with transaction.atomic():
            kept = commands.save_campaign(campaign=campaign, actor=actor, at=at)
            if strata is not None:
                commands.save_strata(
                    campaign_id=kept.pk, strata=[Stratum(**one) for one in strata], actor=actor, at=at
                )
        return kept


class CountLineSerializer(serializers.Serializer[Any]):
    """What would become of the members of one stratum now."""

    stratum = serializers.CharField(allow_null=True, help_text="Its name; null: of all, or in none of them.")
    total = serializers.IntegerField()
    asked = serializers.IntegerField()
    by_channel = serializers.DictField(child=serializers.IntegerField())
    later = serializers.DictField(child=serializers.IntegerField(), help_text="While a case is open.")
    not_asked = serializers.DictField(child=serializers.IntegerField(), help_text="By reason.")


class CountSerializer(serializers.Serializer[Any]):
    """Who would be asked, were it launched now."""

    lines = CountLineSerializer(many=True)
    total = CountLineSerializer()


class WaveFiguresSerializer(serializers.Serializer[figures.WaveFigures]):
    """How a wave stands."""

    wave = serializers.CharField(source="wave.label")
    opens_at = serializers.DateTimeField(source="wave.opens_at")
    closes_at = serializers.DateTimeField(source="wave.closes_at", allow_null=True)
    asked = serializers.IntegerField()
    delivered = serializers.IntegerField(help_text="Asked less those that came back by every channel.")
    arrived = serializers.IntegerField(help_text="Of these a gateway has said so; many say nothing.")
    bounced = serializers.IntegerField()
    opened = serializers.SerializerMethodField()
    answered = serializers.IntegerField(
        allow_null=True, help_text="Null: anonymous, and too few to tell answered or did not."
    )
    opted_out = serializers.IntegerField()
    reminded = serializers.IntegerField()
    waiting = serializers.IntegerField()
    not_asked = serializers.DictField(child=serializers.IntegerField(), help_text="By reason.")

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_opened(self, one: figures.WaveFigures) -> int | None:
        """How many opened it; null: anonymous, nobody notes that."""
        return None if one.wave.campaign.is_anonymous else one.opened


class MoveSerializer(serializers.Serializer[Any]):
    """What is to be done with a campaign."""

    do = serializers.ChoiceField(choices=[(one, one) for one in DOES])


class SkipSerializer(serializers.ModelSerializer[Skip]):
    """Somebody who was not asked, and why."""

    wave = serializers.CharField(source="wave.label")
    member = serializers.CharField(source="member.external_id")
    reason = serializers.ChoiceField(choices=SkipReason.choices)

    class Meta:
        model = Skip
        fields = ["id", "wave", "member", "key", "reason", "at"]


class SkipFilter(filters.FilterSet):
    """By reason, wave and member."""

    reason = filters.ChoiceFilter(choices=SkipReason.choices)
    wave = filters.CharFilter(field_name="wave__label", max_length=12)
    member = filters.CharFilter(field_name="member__external_id", max_length=64)

    class Meta:
        model = Skip
        fields: list[str] = []


class CampaignsView(StaffSurveysView):
    """What the views of campaigns share."""

    queryset: QuerySet[Any] = Campaign.objects.none()
    serializer_class: Any = CampaignSerializer
    reads = (VIEW,)
    needs = (CHANGE,)

    def of(self, code: str) -> Campaign:
        """The campaign with a code."""
        return get_object_or_404(Campaign.objects.select_related("survey", "segment"), code=code)

    def told(self, campaign: Campaign, status: int = 200) -> Response:
        """A campaign as it stands now."""
        return Response(CampaignSerializer(self.of(campaign.code)).data, status=status)


@extend_schema_view(get=describe("Campaigns", "staff", CampaignSerializer(many=True), 400, 403, 404))
class StaffCampaignsView(CampaignsView, ListAPIView[Campaign]):
    """All campaigns."""

    ordering_fields = ["code"]
    ordering = ["code"]
    needs = (ADD,)

    def get_queryset(self) -> QuerySet[Any]:
        """With what each shows."""
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return Campaign.objects.select_related("survey", "segment").prefetch_related("strata__segment")

    @describe(
        "Prepare a campaign",
        "staff",
        CampaignSerializer,
        400,
        403,
        409,
        415,
        status=201,
        request=CampaignSerializer,
    )
    def post(self, request: Request) -> Response:
        """A draft: nobody is asked before it is launched."""
        if not self.user.has_perms(self.needs):
            raise NotPermitted
        form = CampaignSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return self.told(form.keep(Campaign(), self.user), 201)


class StaffCampaignView(CampaignsView):
    """One campaign."""

    filter_backends = []

    @describe("A campaign", "staff", CampaignSerializer, 403, 404)
    def get(self, _request: Request, code: str) -> Response:
        """As it stands."""
        return self.told(self.of(code))

    @describe(
        "Change a draft", "staff", CampaignSerializer, 400, 403, 404, 409, 415, request=CampaignSerializer
    )
    def patch(self, request: Request, code: str) -> Response:
        """What is named is changed; strata are replaced all together."""
        if not self.user.has_perms(self.needs):
            raise NotPermitted
        campaign = self.of(code)
        if campaign.state != CampaignState.DRAFT:
            raise commands.Launched
        form = CampaignSerializer(campaign, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        if form.validated_data.get("code", code) != code:
            raise serializers.ValidationError({"code": ["It stays as it is."]})
        return self.told(form.keep(campaign, self.user))


class StaffCampaignPreviewView(CampaignsView):
    """The count before a launch."""

    filter_backends = []

    @describe("Whom a campaign would ask now", "staff", CountSerializer, 400, 403, 404)
    def get(self, _request: Request, code: str) -> Response:
        """Exact, by stratum and reason; nothing is written."""
        return Response(CountSerializer(preview(self.of(code), timezone.now())).data)


class StaffCampaignWavesView(CampaignsView):
    """How the waves stand."""

    filter_backends = []
    pagination_class = None

    @describe("How a campaign's waves stand", "staff", WaveFiguresSerializer(many=True), 403, 404)
    def get(self, _request: Request, code: str) -> Response:
        """The latest twelve, newest first."""
        waves: Any = figures.of_waves(self.of(code))
        return Response(WaveFiguresSerializer(waves, many=True).data)


class StaffCampaignMoveView(CampaignsView):
    """Launching, pausing, ending."""

    filter_backends = []

    @describe(
        "Launch, pause or end a campaign",
        "staff",
        CampaignSerializer,
        400,
        403,
        404,
        409,
        415,
        request=MoveSerializer,
    )
    def post(self, _request: Request, code: str) -> Response:
        """Going on after a pause is a launch as well."""
        what = self.asked(MoveSerializer)["do"]
        campaign = self.of(code)
        DOES[what](campaign_id=campaign.pk, actor=self.user, at=timezone.now())
        return self.told(campaign)


@extend_schema_view(
    get=describe("Whom a campaign did not ask, and why", "staff", SkipSerializer(many=True), 400, 403, 404)
)
class StaffCampaignSkipsView(CampaignsView, ListAPIView[Skip]):
    """Newest first."""

    queryset = Skip.objects.none()
    serializer_class = SkipSerializer
    filterset_class = SkipFilter
    ordering_fields = ["at"]
    ordering = ["-at"]
    reads = (SKIPS,)

    def get_queryset(self) -> QuerySet[Any]:
        """Of one campaign."""
        if getattr(self, "swagger_fake_view", False):
            return Skip.objects.none()
        campaign = self.of(self.kwargs["code"])
        return Skip.objects.filter(wave__campaign=campaign).select_related("wave", "member")
