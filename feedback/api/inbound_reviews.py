"""Reviews that marketplaces send us, signed, a thousand at a time."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.common.api import describe
from config.common.signed import HEADERS, SignedAPIView
from feedback.api.inbound import told_by
from feedback.models import Scope
from feedback.reviews import rules, taking_in
from feedback.reviews.taking_in import Given, Place

NUMBER, SHOPS = 100, 64


class PlaceSerializer(serializers.Serializer[Any]):
    """Another place where the same review stands."""

    channel = serializers.SlugField(max_length=50, help_text="The code of the source, where it is one.")
    external_id = serializers.CharField(max_length=NUMBER)
    url = serializers.URLField(required=False, allow_blank=True, default="", max_length=500)


class GivenReviewSerializer(serializers.Serializer[Any]):
    """A review as it stands over there now."""

    external_id = serializers.CharField(max_length=NUMBER, help_text="Its number over there.")
    order = serializers.CharField(max_length=SHOPS, help_text="The shop's number of the order.")
    line = serializers.CharField(required=False, allow_blank=True, default="", max_length=SHOPS)
    product = serializers.CharField(required=False, allow_blank=True, default="", max_length=SHOPS)
    stars = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=rules.BEST,
        help_text="Needed of a first review; a follow-up has none.",
    )  # fmt: skip
    scores = serializers.DictField(
        child=serializers.IntegerField(min_value=1, max_value=rules.BEST),
        required=False,
        help_text="By the code of the dimension; others are left aside.",
    )
    title = serializers.CharField(required=False, allow_blank=True, default="", max_length=rules.TITLE)
    text = serializers.CharField(required=False, allow_blank=True, default="", max_length=taking_in.LONGEST)
    video_url = serializers.CharField(required=False, allow_blank=True, default="", max_length=rules.VIDEO)
    written_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    follows = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=NUMBER,
        help_text="Of a follow-up: the number over there of the review that it follows.",
    )  # fmt: skip
    is_deleted = serializers.BooleanField(required=False, default=False)
    url = serializers.URLField(required=False, allow_blank=True, default="", max_length=500)
    places = PlaceSerializer(many=True, required=False)


class GivenReviewsSerializer(serializers.Serializer[Any]):
    """Some reviews."""

    reviews = serializers.ListField(child=serializers.JSONField(), min_length=1, max_length=taking_in.MOST)


VERDICTS = [taking_in.TAKEN, taking_in.CHANGED, taking_in.SAME, taking_in.REFUSED]
ASKED = inline_serializer("GivenReviews", {"reviews": GivenReviewSerializer(many=True)})
RESULTS = inline_serializer(
    "TakenReviews",
    {
        "results": inline_serializer(
            "TakenReview",
            {
                "external_id": serializers.CharField(),
                "result": serializers.ChoiceField(choices=VERDICTS),
                "why": serializers.CharField(help_text="Why it was refused; empty otherwise."),
            },
            many=True,
        )
    },
)


class InboundReviewsView(SignedAPIView):
    """The reviews of one source."""

    @describe(
        "Send us reviews",
        "inbound",
        RESULTS,
        400,
        401,
        404,
        413,
        request=ASKED,
        parameters=HEADERS,
        operation_id="inbound_reviews",
        auth=[],
    )
    def post(self, request: Request, source: str) -> Response:
        """Take in what a marketplace's reviews look like now; the same again changes nothing.

        A thousand at most. Each row says what became of it: a bad one stops none of the others.
        """
        at = timezone.now()
        found, content = told_by(request, source, Scope.REVIEWS, at=at)
        asked = GivenReviewsSerializer(data=content)
        asked.is_valid(raise_exception=True)
        results: list[taking_in.Result] = []
        good = []
        for row in asked.validated_data["reviews"]:
            one = GivenReviewSerializer(data=row)
            number = str(row.get("external_id", ""))[:NUMBER] if isinstance(row, dict) else ""
            result = taking_in.Result(number, taking_in.REFUSED)
            results.append(result)
            if one.is_valid():
                good.append((result, _given(one.validated_data)))
            else:
                result.why = why(one.errors)
        taken = taking_in.take_in(source=found, given=[given for _result, given in good], at=at)
        for (result, _given_row), done in zip(good, taken, strict=True):
            result.result, result.why = done.result, done.why
        return Response(
            {"results": [{"external_id": r.external_id, "result": r.result, "why": r.why} for r in results]}
        )


def _given(content: dict[str, Any]) -> Given:
    places = [Place(**place) for place in content.pop("places", ())]
    return Given(**{**content, "scores": content.get("scores") or {}, "places": places})


def why(errors: Any) -> str:
    """The first fault of a row in a line."""
    name, told = next(iter(errors.items()))
    while isinstance(told, dict | list) and told:
        told = next(iter(told.values())) if isinstance(told, dict) else told[0]
    return f"{name}: {told}"
