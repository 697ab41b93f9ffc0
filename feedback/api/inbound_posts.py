"""Posts that networks and listening services send us, signed, a thousand at a time."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.common.api import describe
from config.common.signed import HEADERS, SignedAPIView
from feedback.api.inbound import told_by
from feedback.api.inbound_reviews import why
from feedback.models import PostKind, Scope
from feedback.posts import rules, taking_in
from feedback.posts.taking_in import Given

NUMBER = 160
KINDS = [(one.value, one.label) for one in taking_in.KINDS]


def _count() -> serializers.IntegerField:
    return serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=0, max_value=rules.MOST_COUNTED
    )


class GivenPostSerializer(serializers.Serializer[Any]):
    """A post as it stands over there now. Of counts the greatest that was ever told holds."""

    external_id = serializers.CharField(max_length=NUMBER, help_text="Its number over there.")
    kind = serializers.ChoiceField(choices=KINDS, required=False, default=PostKind.POST)
    written_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    url = serializers.CharField(required=False, allow_blank=True, default="", max_length=rules.ADDRESS)
    author = serializers.CharField(required=False, allow_blank=True, default="", max_length=rules.NAME)
    author_id = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=128, help_text="Their number over there."
    )
    member = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=64,
        help_text="The shop's, where it is known.",
    )
    product = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=64, help_text="The shop's number of it."
    )
    title = serializers.CharField(required=False, allow_blank=True, default="", max_length=rules.TITLE)
    text = serializers.CharField(required=False, allow_blank=True, default="", max_length=rules.LONGEST)
    likes = _count()
    comments = _count()
    shares = _count()
    reads = _count()
    is_deleted = serializers.BooleanField(required=False, default=False)


class GivenPostsSerializer(serializers.Serializer[Any]):
    """Some posts."""

    posts = serializers.ListField(child=serializers.JSONField(), min_length=1, max_length=taking_in.MOST)


ASKED = inline_serializer("GivenPosts", {"posts": GivenPostSerializer(many=True)})
RESULTS = inline_serializer(
    "TakenPosts",
    {
        "results": inline_serializer(
            "TakenPost",
            {
                "external_id": serializers.CharField(),
                "result": serializers.ChoiceField(
                    choices=[taking_in.TAKEN, taking_in.CHANGED, taking_in.SAME, taking_in.REFUSED]
                ),
                "why": serializers.CharField(help_text="Why it was refused; empty otherwise."),
            },
            many=True,
        )
    },
)


class InboundPostsView(SignedAPIView):
    """The posts of one source."""

    @describe(
        "Send us posts",
        "inbound",
        RESULTS,
        400,
        401,
        404,
        413,
        request=ASKED,
        parameters=HEADERS,
        operation_id="inbound_posts",
        auth=[],
    )
    def post(self, request: Request, source: str) -> Response:
        """Take in what a network's posts look like now; the same again changes nothing.

        A thousand at most. Each row says what became of it: a bad one stops none of the others.
        """
        at = timezone.now()
        found, content = told_by(request, source, Scope.POSTS, at=at)
        asked = GivenPostsSerializer(data=content)
        asked.is_valid(raise_exception=True)
        results: list[taking_in.Result] = []
        good: list[tuple[taking_in.Result, Given]] = []
        for row in asked.validated_data["posts"]:
            one = GivenPostSerializer(data=row)
            number = str(row.get("external_id", ""))[:NUMBER] if isinstance(row, dict) else ""
            result = taking_in.Result(number, taking_in.REFUSED)
            results.append(result)
            if one.is_valid():
                good.append((result, Given(**one.validated_data)))
            else:
                result.why = why(one.errors)
        taken = taking_in.take_in(source=found.code, given=[given for _result, given in good], at=at)
        for (result, _given), done in zip(good, taken, strict=True):
            result.result, result.why = done.result, done.why
        return Response(
            {"results": [{"external_id": r.external_id, "result": r.result, "why": r.why} for r in results]}
        )
