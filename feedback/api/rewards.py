"""Rewards for useful reviews: what members can earn and have earned; rules and picks for staff."""

from collections.abc import Iterable
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.authentication import SessionAuthentication
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compensation.api.base import MemberView
from config.common.api import describe
from config.common.errors import NotPermitted
from config.common.models import User
from feedback.models import ReviewReward, RewardRule
from feedback.rewards import commands, preview, queries, rules, telling

MOST = 100
VIEW, ADD, CHANGE = (f"feedback.{verb}_rewardrule" for verb in ("view", "add", "change"))
PICK = "feedback.add_reviewpick"


class OfferSerializer(serializers.Serializer[Any]):
    """What a useful review earns, whatever its stars."""

    asks = serializers.CharField(help_text="In words, in the language of the request.")
    gives = serializers.CharField()


class EarnedSerializer(serializers.ModelSerializer[ReviewReward]):
    """What a review earned."""

    rule = serializers.CharField(source="rule.__str__")
    what = serializers.CharField(source="grant.what")
    is_taken_back = serializers.SerializerMethodField()

    class Meta:
        model = ReviewReward
        fields = ["review", "rule", "what", "at", "is_taken_back"]

    def get_is_taken_back(self, reward: ReviewReward) -> bool:
        """Whether it went with the review."""
        return reward.end == "back"


class RewardsSerializer(serializers.Serializer[Any]):
    """What can be earned, and what was."""

    offers = OfferSerializer(many=True)
    earned = EarnedSerializer(many=True, help_text="The last hundred, newest first.")


class RewardsView(MemberView[Any]):
    """My rewards."""

    queryset = ReviewReward.objects.none()
    filter_backends = []
    pagination_class = None

    @describe("What useful reviews earn", "reviews", RewardsSerializer, 401, operation_id="review_rewards")
    def get(self, _request: Request) -> Response:
        """What is offered now, and what my reviews have earned."""
        told = {"offers": telling.offers(timezone.now()), "earned": queries.of_member(self.member)[:MOST]}
        return Response(RewardsSerializer(told).data)


class ReadsRules(BasePermission):
    """Members of staff whose role reads the rules."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        """Whether such a one asks."""
        user = request.user
        return isinstance(user, User) and user.is_active and user.is_staff and user.has_perm(VIEW)


class Picks(BasePermission):
    """Members of staff who say which reviews help others."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        """Whether such a one asks."""
        user = request.user
        return isinstance(user, User) and user.is_active and user.is_staff and user.has_perm(PICK)


class RewardRuleSerializer(serializers.ModelSerializer[RewardRule]):
    """A rule. There is no condition on stars, and one that is sent is refused."""

    class Meta:
        model = RewardRule
        fields = [
            "id", "code", "name", "name_en", "words", "words_en", "about", "length_from", "pictures_from",
            "asks_video", "dimensions_from", "votes_from", "asks_pick", "asks_purchase", "after_days",
            "points", "template", "month_limit", "department", "starts_at", "position", "is_active",
        ]  # fmt: skip

    def get_validators(self) -> list[Any]:
        """The command says what makes no sense."""
        return []


class SpreadSerializer(serializers.Serializer[Any]):
    """Reviews with so many stars, and how many of them would be rewarded."""

    stars = serializers.IntegerField()
    reviews = serializers.IntegerField()
    rewarded = serializers.IntegerField()


class PreviewSerializer(serializers.Serializer[Any]):
    """What a rule would have done in the last 30 days."""

    looked = serializers.IntegerField()
    rewarded = serializers.IntegerField()
    members = serializers.IntegerField()
    over_limit = serializers.IntegerField()
    cost_fen = serializers.IntegerField()
    p = serializers.FloatField(allow_null=True, help_text="Fisher, two-sided: 1–2 against 4–5 stars.")
    spread = serializers.SerializerMethodField()

    def get_spread(self, told: preview.Preview) -> list[dict[str, int]]:
        """By stars."""
        return [dict(zip(("stars", "reviews", "rewarded"), row, strict=True)) for row in told.spread]


class StaffRulesView(GenericAPIView[RewardRule]):
    """For whoever is signed in to the admin."""

    authentication_classes = [SessionAuthentication]
    permission_classes = [ReadsRules]
    queryset = RewardRule.objects.none()
    serializer_class = RewardRuleSerializer
    filter_backends = []
    pagination_class = None

    def _keep(self, request: Request, permission: str, rule: RewardRule | None = None) -> RewardRule:
        user: Any = request.user
        if not user.has_perm(permission):
            raise NotPermitted
        sent: Iterable[str] = request.data
        rules.check_lawful([], sent)
        asked = RewardRuleSerializer(rule, data=request.data, partial=rule is not None)
        asked.is_valid(raise_exception=True)
        wanted = rule or RewardRule()
        for name, value in asked.validated_data.items():
            setattr(wanted, name, value)
        return commands.save_rule(rule=wanted, asks=sent, actor=user, at=timezone.now())


class StaffRewardRulesView(StaffRulesView):
    """All rules."""

    @describe(
        "Rules for rewards", "staff", RewardRuleSerializer(many=True), 403, operation_id="staff_reward_rules"
    )
    def get(self, _request: Request) -> Response:
        """Those in force and the others."""
        return Response(RewardRuleSerializer(RewardRule.objects.all(), many=True).data)

    @describe(
        "A new rule for rewards", "staff", RewardRuleSerializer, 400, 403, 409, 415,
        status=201, request=RewardRuleSerializer, operation_id="staff_reward_rule_create",
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Whatever depends on stars, or speaks of praise, is refused with the law (`unlawful_reward`)."""
        made = self._keep(request, ADD)
        return Response(RewardRuleSerializer(made).data, status=status.HTTP_201_CREATED)


class StaffRewardRuleView(StaffRulesView):
    """One rule."""

    @describe("A rule for rewards", "staff", RewardRuleSerializer, 403, 404, operation_id="staff_reward_rule")
    def get(self, _request: Request, pk: int) -> Response:
        """As it stands."""
        return Response(RewardRuleSerializer(get_object_or_404(RewardRule, pk=pk)).data)

    @describe(
        "Change a rule for rewards", "staff", RewardRuleSerializer, 400, 403, 404, 409, 415,
        request=RewardRuleSerializer(partial=True), operation_id="staff_reward_rule_change",
    )  # fmt: skip
    def patch(self, request: Request, pk: int) -> Response:
        """What was given by it stays."""
        return Response(
            RewardRuleSerializer(self._keep(request, CHANGE, get_object_or_404(RewardRule, pk=pk))).data
        )


class StaffRewardPreviewView(StaffRulesView):
    """The preview of a rule."""

    @describe(
        "Whom a rule would have rewarded", "staff", PreviewSerializer, 403, 404,
        operation_id="staff_reward_preview",
    )  # fmt: skip
    def get(self, _request: Request, pk: int) -> Response:
        """In the last 30 days, with the cost and the spread over the stars."""
        told = preview.preview(get_object_or_404(RewardRule, pk=pk), at=timezone.now())
        return Response(PreviewSerializer(told).data)


class StaffPickView(GenericAPIView[Any]):
    """A moderator's pick."""

    authentication_classes = [SessionAuthentication]
    permission_classes = [Picks]
    queryset = ReviewReward.objects.none()
    serializer_class = serializers.Serializer
    filter_backends = []

    @describe("Pick a review as helpful", "staff", None, 403, 404, 409, status=204, request=None)
    def put(self, request: Request, pk: int) -> Response:
        """Whatever it thinks. Again changes nothing."""
        user: Any = request.user
        commands.pick(review_id=pk, actor=user, at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)
