"""How members see their suggestions, and how staff see posts and topics."""

from typing import Any, cast

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from config.common.models import User
from feedback.api.serializers import files_field
from feedback.models import Feeling, Post, PostCluster, PostFile, PostKind, PostState, VoiceAspect
from feedback.posts import arranging, queries, rules, working


class PostFileSerializer(serializers.ModelSerializer[PostFile]):
    """A picture or the recording of a suggestion."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = PostFile
        fields = ["id", "name", "content_type", "size", "url"]

    def get_url(self, file: PostFile) -> str:
        """Where its member can fetch it."""
        return str(
            reverse("api:suggestion-file", kwargs={"pk": file.pk}, request=self.context.get("request"))
        )


class SuggestionSerializer(serializers.ModelSerializer[Post]):
    """A suggestion of one's own, and what became of it."""

    number = serializers.CharField(source="external_id")
    product = serializers.CharField(source="product.external_id", default=None, allow_null=True)
    state = serializers.ChoiceField(choices=PostState.choices)
    answer = serializers.CharField(help_text="Ours; empty while there is none.")
    case = serializers.IntegerField(source="case_id", allow_null=True, help_text="Where it is worked on.")
    files = PostFileSerializer(many=True, read_only=True)

    class Meta:
        model = Post
        fields = [
            "id",
            "number",
            "text",
            "product",
            "written_at",
            "state",
            "answer",
            "decided_at",
            "case",
            "files",
        ]


class SuggestSerializer(serializers.Serializer[Any]):
    """Words, pictures, one recording: at least one of them."""

    text = serializers.CharField(required=False, allow_blank=True, default="", max_length=rules.SUGGESTION)
    product = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=64, help_text="The shop's number of it."
    )
    files = files_field()


class StaffPostSerializer(serializers.ModelSerializer[Post]):
    """A post with what was read of it."""

    kind = serializers.ChoiceField(choices=PostKind.choices)
    state = serializers.ChoiceField(choices=PostState.choices)
    author = serializers.SerializerMethodField(help_text="Masked, unless contacts may be seen.")
    member = serializers.CharField(source="member.external_id", default=None, allow_null=True)
    product = serializers.CharField(source="product.external_id", default=None, allow_null=True)
    reach = serializers.IntegerField(help_text="With its copies.")
    topic = serializers.IntegerField(source="cluster_id", allow_null=True)
    case = serializers.IntegerField(source="case_id", allow_null=True)
    feeling = serializers.SerializerMethodField()
    aspects = serializers.SerializerMethodField()

    class Meta:
        model = Post
        fields = [
            "id", "kind", "source", "external_id", "url", "author", "member", "title", "text", "written_at",
            "likes", "comments", "shares", "reads", "copies", "reach", "product", "product_by", "topic",
            "case", "feeling", "aspects", "state", "reason", "answer", "decided_at", "read_at",
        ]  # fmt: skip

    def get_author(self, post: Post) -> str:
        """As far as whoever asks may know."""
        return queries.name_of(post, cast("User", self.context["request"].user))

    @extend_schema_field(serializers.ChoiceField(choices=Feeling.choices, allow_blank=True))
    def get_feeling(self, post: Post) -> str:
        """How it is meant; empty where nobody is sure."""
        return post.triage.feeling if hasattr(post, "triage") else ""

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=VoiceAspect.choices)))
    def get_aspects(self, post: Post) -> list[str]:
        """What it speaks of."""
        return post.triage.aspects if hasattr(post, "triage") else []


class TopicSerializer(serializers.ModelSerializer[PostCluster]):
    """A topic with what it amounts to."""

    state = serializers.ChoiceField(choices=PostState.choices)
    merged_into = serializers.IntegerField(source="merged_into_id", allow_null=True)
    keywords = serializers.ListField(child=serializers.CharField())
    usual = serializers.FloatField(allow_null=True, help_text="Posts of a usual week; null: not known yet.")
    chance = serializers.FloatField(
        allow_null=True, help_text="Of so many in this week if nothing has changed, among all topics."
    )

    class Meta:
        model = PostCluster
        fields = [
            "id", "name", "keywords", "posts", "copies", "unread", "negatives", "positives", "unsure",
            "suggestions", "reach", "first_at", "last_at", "week", "usual", "chance", "has_grown", "state",
            "reason", "answer", "decided_at", "merged_into",
        ]  # fmt: skip


class DecideSerializer(serializers.Serializer[Any]):
    """What becomes of it. A member is told the answer, colleagues read the reason."""

    state = serializers.ChoiceField(choices=[one for one in PostState.choices if one[0] != PostState.NEW])
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=rules.REASON)
    answer = serializers.CharField(required=False, allow_blank=True, default="", max_length=rules.ANSWER)


class CaseNumberSerializer(serializers.Serializer[Any]):
    """The case that there is; without one a case is made."""

    number = serializers.CharField(required=False, allow_blank=True, default="", max_length=20)


class MadeCaseSerializer(serializers.Serializer[Any]):
    """The case of a post."""

    case = serializers.IntegerField()
    number = serializers.CharField()


class ProductSerializer(serializers.Serializer[Any]):
    """The shop's number of a product; empty: none that we know."""

    number = serializers.CharField(allow_blank=True, max_length=64)


class TopicChoiceSerializer(serializers.Serializer[Any]):
    """A topic."""

    topic = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class NameSerializer(serializers.Serializer[Any]):
    """A name."""

    name = serializers.CharField(max_length=arranging.NAME)


class PostsSplitSerializer(serializers.Serializer[Any]):
    """Posts that become a topic of their own."""

    posts = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=arranging.MOST,
    )
    name = serializers.CharField(required=False, allow_blank=True, default="", max_length=arranging.NAME)


class ReadSerializer(serializers.Serializer[Any]):
    """Posts that were read."""

    posts = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=working.AT_ONCE,
    )


BYTES = OpenApiTypes.BINARY
