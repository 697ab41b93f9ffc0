"""How members see reviews, their own and others', and what they send."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from feedback.api.serializers import files_field
from feedback.models import Review, ReviewPicture, ReviewStatus
from feedback.moderation.commands import APPEAL_LENGTH
from feedback.reviews import rules


class PictureSerializer(serializers.ModelSerializer[ReviewPicture]):
    """A picture of a review."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = ReviewPicture
        fields = ["id", "name", "content_type", "size", "url"]

    def get_url(self, picture: ReviewPicture) -> str:
        """Where it can be fetched by members."""
        return str(
            reverse("api:review-picture", kwargs={"pk": picture.pk}, request=self.context.get("request"))
        )


class WrittenSerializer(serializers.ModelSerializer[Review]):
    """What every review has."""

    answer = serializers.SerializerMethodField()
    pictures = PictureSerializer(many=True, read_only=True)

    class Meta:
        model = Review
        fields = ["id", "text", "video_url", "pictures", "written_at", "answer", "is_rewarded"]

    def get_answer(self, review: Review) -> str:
        """Our answer; empty while there is none."""
        return review.answer.public_text if review.answer else ""


class OwnFollowUpSerializer(WrittenSerializer):
    """A follow-up of one's own."""

    status = serializers.ChoiceField(choices=ReviewStatus.choices)
    reason = serializers.SerializerMethodField(help_text="Why it is not published; empty otherwise.")

    class Meta(WrittenSerializer.Meta):
        fields = [*WrittenSerializer.Meta.fields, "status", "reason", "deleted_at"]

    def get_reason(self, review: Review) -> str:
        """The reason in words."""
        return str(review.refused_for) if review.refused_for else ""


class ReviewSerializer(OwnFollowUpSerializer):
    """What the member thought of what they bought, what became of it, and our public answer."""

    scores = serializers.SerializerMethodField(help_text="Stars by the code of the dimension.")
    follow_ups = OwnFollowUpSerializer(many=True, read_only=True)

    class Meta(OwnFollowUpSerializer.Meta):
        fields = [
            *OwnFollowUpSerializer.Meta.fields,
            "source",
            "order",
            "order_line",
            "product",
            "stars",
            "scores",
            "title",
            "helpful_votes",
            "follow_ups",
        ]

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_scores(self, review: Review) -> dict[str, int]:
        """By dimension."""
        return {score.dimension.code: score.stars for score in review.scores.all()}


class PublicFollowUpSerializer(WrittenSerializer):
    """A follow-up that everybody may read."""


class PublicReviewSerializer(WrittenSerializer):
    """A review that everybody may read."""

    name = serializers.SerializerMethodField(help_text="The first character of the writer's name.")
    scores = serializers.SerializerMethodField(help_text="Stars by the code of the dimension.")
    follow_ups = PublicFollowUpSerializer(source="public_follow_ups", many=True, read_only=True)

    class Meta(WrittenSerializer.Meta):
        fields = [
            *WrittenSerializer.Meta.fields,
            "name",
            "stars",
            "scores",
            "title",
            "helpful_votes",
            "follow_ups",
        ]

    def get_name(self, review: Review) -> str:
        """What everybody may know of the name."""
        return rules.shown_name(review.member.name)

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_scores(self, review: Review) -> dict[str, int]:
        """By dimension."""
        return {score.dimension.code: score.stars for score in review.scores.all()}


class DimensionSerializer(serializers.Serializer[Any]):
    """What is rated beside the whole."""

    code = serializers.CharField()
    name = serializers.CharField(source="__str__")


class ToReviewSerializer(serializers.Serializer[Any]):
    """Something that can be reviewed now."""

    line = serializers.IntegerField(source="row.pk")
    order = serializers.CharField(source="row.order.external_id")
    product = serializers.CharField(source="row.product.__str__")
    received_at = serializers.DateTimeField(source="row.received_at")
    closes_at = serializers.DateTimeField()
    dimensions = DimensionSerializer(many=True)


class WriteReviewSerializer(serializers.Serializer[Any]):
    """A review of a line of an order."""

    line = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    stars = serializers.IntegerField(min_value=1, max_value=rules.BEST)
    scores = serializers.DictField(
        child=serializers.IntegerField(min_value=1, max_value=rules.BEST),
        required=False,
        help_text="Stars by the code of the dimension.",
    )
    title = serializers.CharField(max_length=rules.TITLE, required=False, allow_blank=True, default="")
    text = serializers.CharField(max_length=rules.TEXT, required=False, allow_blank=True, default="")
    video_url = serializers.CharField(max_length=rules.VIDEO, required=False, allow_blank=True, default="")
    files = files_field()


class FollowUpSerializer(serializers.Serializer[Any]):
    """More about what one reviewed."""

    text = serializers.CharField(max_length=rules.TEXT)
    video_url = serializers.CharField(max_length=rules.VIDEO, required=False, allow_blank=True, default="")
    files = files_field()


class ReviewAppealSerializer(serializers.Serializer[Any]):
    """Why it should be published after all."""

    text = serializers.CharField(max_length=APPEAL_LENGTH, required=False, allow_blank=True, default="")


class FiguresSerializer(serializers.Serializer[Any]):
    """How members rate a product. Every review counts that is a customer's rating."""

    n = serializers.IntegerField()
    mean = serializers.DecimalField(max_digits=3, decimal_places=2, allow_null=True)
    counts = serializers.SerializerMethodField(help_text="How many by the number of stars.")
    dimensions = serializers.SerializerMethodField()

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_counts(self, told: Any) -> dict[str, int]:
        """From one star to five."""
        return {str(stars): told.counts.get(stars, 0) for stars in range(1, rules.BEST + 1)}

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_dimensions(self, told: Any) -> dict[str, Any]:
        """The mean and number by the name of the dimension."""
        return {name: {"mean": str(mean), "n": n} for name, mean, n in told.dimensions}
