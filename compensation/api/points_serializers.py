"""How points, sign-ins, referrals and rewards are shown."""

from typing import Any

from rest_framework import serializers

from compensation.api.serializers import CouponSerializer
from compensation.models import Reward, RewardClaim


class EndingSerializer(serializers.Serializer[Any]):
    """The points that end next."""

    at = serializers.DateTimeField(help_text="From then on they are gone.")
    points = serializers.IntegerField()


class PointsSerializer(serializers.Serializer[Any]):
    """How many points the member has."""

    balance = serializers.IntegerField(source="held.balance", help_text="All of them.")
    available = serializers.IntegerField(source="held.available", help_text="What may be used now.")
    pending = serializers.IntegerField(source="held.pending", help_text="What may be used later.")
    owed = serializers.IntegerField(source="held.owed", help_text="What the next points go to first.")
    ending_next = EndingSerializer(source="ending", allow_null=True)
    signed_in_today = serializers.BooleanField()


class MovementSerializer(serializers.Serializer[Any]):
    """A movement of points."""

    id = serializers.IntegerField(source="entry.pk")
    at = serializers.DateTimeField(source="entry.transaction.at")
    kind = serializers.CharField(source="entry.transaction.kind")
    why = serializers.CharField(help_text="The same for people, in the member's language.")
    order = serializers.CharField(help_text="The number of the order that it goes with; may be empty.")
    is_owed = serializers.BooleanField(help_text="It is on what the member owes, not on what they have.")
    amount = serializers.IntegerField(source="entry.amount")
    balance_after = serializers.IntegerField(source="entry.balance_after")
    expires_at = serializers.DateTimeField(
        allow_null=True, help_text="When what came in ends; null: never, or nothing came in."
    )


class SignedInTodaySerializer(serializers.Serializer[Any]):
    """What signing in for the day gave."""

    points = serializers.IntegerField()
    again = serializers.BooleanField(help_text="Signed in before today: nothing more was given.")


class ReferralSerializer(serializers.Serializer[Any]):
    """What the member hands on, and what came of it."""

    code = serializers.CharField()
    link = serializers.CharField(allow_null=True, help_text="The shop's page for friends, where it has one.")
    friends = serializers.IntegerField(help_text="How many say that the member sent them.")
    rewarded = serializers.IntegerField(help_text="How many of them have received an order that counted.")


class ReferrerSerializer(serializers.Serializer[Any]):
    """Whose code brought a new member."""

    code = serializers.CharField(max_length=16)


class RewardSerializer(serializers.ModelSerializer[Reward]):
    """Something that may be had for points."""

    name = serializers.CharField(source="template.__str__")
    left = serializers.SerializerMethodField(help_text="How many are left in all; null: no limit.")
    left_for_me = serializers.SerializerMethodField(help_text="How many the member may still take.")

    class Meta:
        model = Reward
        fields = ["id", "name", "points", "left", "left_for_me", "ends_at"]

    def get_left(self, reward: Reward) -> int | None:
        """How many are left in all."""
        return None if reward.total_limit is None else reward.total_limit - reward.taken

    def get_left_for_me(self, reward: Reward) -> int | None:
        """How many the member may still take."""
        mine = int(getattr(reward, "mine", 0))
        return None if reward.member_limit is None else max(reward.member_limit - mine, 0)


class ClaimSerializer(serializers.ModelSerializer[RewardClaim]):
    """A reward that was taken."""

    coupon = CouponSerializer(read_only=True)

    class Meta:
        model = RewardClaim
        fields = ["id", "points", "at", "coupon"]
