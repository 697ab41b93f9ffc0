"""A member's points: what they have and why, signing in for the day, referring friends, rewards."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_view
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.base import MemberView
from compensation.api.points_serializers import (
    ClaimSerializer,
    MovementSerializer,
    PointsSerializer,
    ReferralSerializer,
    ReferrerSerializer,
    RewardSerializer,
    SignedInTodaySerializer,
)
from compensation.ledger.queries import holding
from compensation.models import Entry, Reward
from compensation.points import commands, queries, redeeming, referring, wording
from config.common.api import IDEMPOTENCY_KEY, describe, idempotency_key
from config.common.errors import Invalid

LIST = (400, 401, 404)


class PointsView(MemberView[Any]):
    """My points."""

    @describe("My points", "wallet", PointsSerializer, 401)
    def get(self, _request: Request) -> Response:
        """How many points the member has, and which of them end next."""
        at = timezone.now()
        found = {
            "held": holding(self.member, at),
            "ending": queries.ending_next(self.member, at),
            "signed_in_today": queries.signed_in(self.member, at),
        }
        return Response(PointsSerializer(found).data)


@extend_schema_view(get=describe("Movements of my points", "wallet", MovementSerializer(many=True), *LIST))
class StatementView(MemberView[Entry], ListAPIView[Entry]):
    """Every movement of my points and of what I owe, newest first."""

    queryset = Entry.objects.none()
    serializer_class = MovementSerializer
    filter_backends = []
    ordering = ["-id"]

    def rows(self) -> QuerySet[Entry]:
        """The movements on the member's own accounts."""
        return wording.readable(queries.statement(self.member))

    def paginate_queryset(self, queryset: Any) -> Any:
        """A page, its movements in words of the member's language."""
        with translation.override(self.member.language):
            return wording.movements(super().paginate_queryset(queryset) or ())


class SignInView(MemberView[Any]):
    """Sign in for the day."""

    @describe("Sign in for today", "wallet", SignedInTodaySerializer, 401, 409, request=None)
    def post(self, _request: Request) -> Response:
        """Give the day's points, once a day; 409 `points_not_given` while nothing is given for it."""
        earning, again = commands.sign_in(member=self.member, at=timezone.now())
        return Response(SignedInTodaySerializer({"points": earning.points, "again": again}).data)


class ReferralView(MemberView[Any]):
    """Friends."""

    @describe("What I hand on to friends", "referral", ReferralSerializer, 401)
    def get(self, _request: Request) -> Response:
        """The member's code and link, and how many friends came by it."""
        code = referring.code_of(member=self.member)
        friends, rewarded = queries.referred(self.member)
        found = {"code": code, "link": referring.link_of(code), "friends": friends, "rewarded": rewarded}
        return Response(ReferralSerializer(found).data)

    @describe(
        "Who referred me", "referral", None, 400, 401, 409, status=204, request=ReferrerSerializer,
        operation_id="referral_say",
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Say by whose code one came, before the first order is received; again changes nothing."""
        asked = ReferrerSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        referring.say_referrer(member_id=self.member.pk, code=asked.validated_data["code"], at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema_view(get=describe("What I may have for points", "wallet", RewardSerializer(many=True), *LIST))
class RewardsView(MemberView[Reward], ListAPIView[Reward]):
    """The catalogue, cheapest first."""

    queryset = Reward.objects.none()
    serializer_class = RewardSerializer
    filter_backends = []
    ordering = ["points"]

    def rows(self) -> QuerySet[Reward]:
        """What is on offer to the member."""
        return redeeming.on_offer(self.member, timezone.now())


class RedeemView(MemberView[Any]):
    """Take a reward."""

    @describe(
        "Take a reward for points", "wallet", ClaimSerializer, 400, 401, 404, 409, 422, status=201,
        request=None, parameters=[IDEMPOTENCY_KEY], operation_id="reward_redeem",
    )  # fmt: skip
    def post(self, request: Request, pk: int) -> Response:
        """Spend the points and get the coupon, or neither. The Idempotency-Key is required."""
        key = idempotency_key(request)
        if key is None:
            raise Invalid(_("An Idempotency-Key is needed, so that nothing is paid for twice."))
        claim = redeeming.redeem(
            reward_id=pk, member_id=self.member.pk, key=key, actor=self.member, at=timezone.now()
        )
        return Response(ClaimSerializer(claim).data, status=status.HTTP_201_CREATED)
