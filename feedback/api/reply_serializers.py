"""How replies to reviews are written for members of staff, and what they send."""

from typing import Any

from rest_framework import serializers

from config.common.models import User
from feedback.models import Reply, ReplyPost, ReplyVersion, Review
from feedback.replies import commands


class ReplyPostSerializer(serializers.ModelSerializer[ReplyPost]):
    """A reply at one of the places of its review."""

    channel = serializers.CharField(source="place.channel")
    review_id = serializers.CharField(source="place.external_id", help_text="The review's number over there.")
    ticked_by = serializers.SerializerMethodField()

    class Meta:
        model = ReplyPost
        fields = [
            "id", "channel", "review_id", "state", "by_hand", "version", "sent_version", "turn",
            "external_id", "posted_at", "ticked_by", "error",
        ]  # fmt: skip

    def get_ticked_by(self, post: ReplyPost) -> str:
        """Who of us wrote it over there."""
        return str(post.ticked_by or "")


class ReplyVersionSerializer(serializers.ModelSerializer[ReplyVersion]):
    """A text that a reply had."""

    by = serializers.SerializerMethodField(help_text="Empty: by itself.")

    class Meta:
        model = ReplyVersion
        fields = ["number", "text", "by", "at"]

    def get_by(self, version: ReplyVersion) -> str:
        """Who wrote it."""
        return str(version.user or "")


class AnsweredReviewSerializer(serializers.ModelSerializer[Review]):
    """The review that a reply answers."""

    product = serializers.SerializerMethodField()
    order = serializers.CharField(source="order.external_id")

    class Meta:
        model = Review
        fields = ["id", "external_id", "source", "stars", "follows", "title", "text", "product", "order",
                  "written_at", "is_rewarded"]  # fmt: skip

    def get_product(self, review: Review) -> str:
        """The shop's number of it; empty where it is about the whole order."""
        return review.product.external_id if review.product else ""


class ReplySerializer(serializers.ModelSerializer[Reply]):
    """A reply as it stands."""

    review = AnsweredReviewSerializer()
    rule = serializers.SerializerMethodField(help_text="The code of the rule that decided.")
    template = serializers.SerializerMethodField(help_text="The code of the template that it began with.")
    by = serializers.SerializerMethodField(help_text="Who wrote what it says now; empty: by itself.")
    approved_by = serializers.SerializerMethodField()
    posts = ReplyPostSerializer(many=True)
    may_approve = serializers.SerializerMethodField(help_text="Whether whoever asks may.")

    class Meta:
        model = Reply
        fields = [
            "id", "review", "state", "way", "text", "public_text", "version", "public_version", "rule",
            "template", "needs_approval", "by", "drafted_at", "approved_by", "at", "withdrawn_at", "posts",
            "may_approve",
        ]  # fmt: skip

    def get_rule(self, reply: Reply) -> str:
        """By its code."""
        return reply.rule.code if reply.rule else ""

    def get_template(self, reply: Reply) -> str:
        """By its code."""
        return reply.template.code if reply.template else ""

    def get_by(self, reply: Reply) -> str:
        """By name."""
        return str(reply.user or "")

    def get_approved_by(self, reply: Reply) -> str:
        """By name; empty where nobody had to."""
        return str(reply.approved_by or "")

    def get_may_approve(self, reply: Reply) -> bool:
        """As far as this person goes."""
        user: Any = self.context["request"].user
        return isinstance(user, User) and commands.may_approve(reply, user)


class ReplyDetailSerializer(ReplySerializer):
    """A reply with all that it ever said."""

    versions = ReplyVersionSerializer(many=True)

    class Meta(ReplySerializer.Meta):
        fields = [*ReplySerializer.Meta.fields, "versions"]


class WriteReplySerializer(serializers.Serializer[Any]):
    """An answer by hand."""

    text = serializers.CharField(max_length=commands.LONGEST)
    asks = serializers.BooleanField(
        required=False, default=False, help_text="Have somebody else approve it, though nobody has to."
    )


class SeenReplySerializer(serializers.Serializer[Any]):
    """Which version of a reply was seen."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class EditReplySerializer(SeenReplySerializer):
    """Another text in place of the version that was seen."""

    text = serializers.CharField(max_length=commands.LONGEST)


class TickSerializer(serializers.Serializer[Any]):
    """Which turn of a posting was done over there."""

    turn = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
