"""Reviews of a member: what can be reviewed, writing, following up, taking back; and others' to read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema_view
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.base import MemberView
from compensation.models import Product
from config.common.api import IDEMPOTENCY_KEY, describe, idempotency_key
from config.common.parsing import JSONParser
from feedback.api.review_serializers import (
    FiguresSerializer,
    FollowUpSerializer,
    PublicReviewSerializer,
    ReviewAppealSerializer,
    ReviewSerializer,
    ToReviewSerializer,
    WriteReviewSerializer,
)
from feedback.attachments.serving import respond
from feedback.models import Review, ReviewDimension
from feedback.moderation import commands as moderation
from feedback.reviews import devices, figures, own, public, rules, writing
from feedback.voice.search import matching

LIST = (400, 401, 404)
PARSERS = [MultiPartParser, FormParser, JSONParser]
MOST_TO_REVIEW = 100
DEVICE = OpenApiParameter(
    "Device-Id",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="What the app calls the device it runs on; only a digest is kept.",
)
WORDS = OpenApiParameter(
    "q",
    OpenApiTypes.STR,
    OpenApiParameter.QUERY,
    description="Words that the review, or what follows it, has to hold; of very many the newest 500.",
)


@dataclass(frozen=True, slots=True)
class Open:
    """A line that can be reviewed."""

    row: Any
    closes_at: datetime
    dimensions: list[ReviewDimension]


def answer(view: MemberView[Any], pk: int, code: int = status.HTTP_200_OK) -> Response:
    """One of the member's reviews as an answer."""
    found = get_object_or_404(own.own(view.member), pk=pk)
    return Response(ReviewSerializer(found, context=view.get_serializer_context()).data, status=code)


@extend_schema_view(get=describe("My reviews", "reviews", ReviewSerializer(many=True), *LIST))
class ReviewsView(MemberView[Review], ListAPIView[Review]):
    """What I thought of my orders, and what you answered."""

    queryset = Review.objects.none()
    serializer_class = ReviewSerializer
    parser_classes = PARSERS
    ordering_fields = ["written_at"]
    ordering = ["-written_at"]

    def rows(self) -> QuerySet[Review]:
        """The member's own first reviews; what follows one stands with it."""
        return own.own(self.member)

    @describe(
        "Review something I bought",
        "reviews",
        ReviewSerializer,
        400,
        401,
        404,
        409,
        415,
        422,
        status=201,
        request={"multipart/form-data": WriteReviewSerializer, "application/json": WriteReviewSerializer},
        parameters=[IDEMPOTENCY_KEY, DEVICE],
        operation_id="reviews_write",
    )
    def post(self, request: Request) -> Response:
        """Once a line, for some time after it arrived. Its stars stay; more can be said by a follow-up."""
        asked = WriteReviewSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        content = asked.validated_data
        review = writing.write(
            member=self.member,
            line_id=content["line"],
            stars=content["stars"],
            scores=content.get("scores"),
            title=content["title"],
            text=content["text"],
            photos=content["files"],
            video_url=content["video_url"],
            device=devices.digest(request.headers.get("Device-Id", "")),
            key=idempotency_key(request),
            at=timezone.now(),
        )
        return answer(self, review.pk, status.HTTP_201_CREATED)


class ToReviewView(MemberView[Any]):
    """To review."""

    queryset = Review.objects.none()
    filter_backends = []
    pagination_class = None

    @describe(
        "What I can review now",
        "reviews",
        ToReviewSerializer(many=True),
        401,
        operation_id="reviews_to_write",
    )
    def get(self, _request: Request) -> Response:
        """Lines of orders that arrived, the latest first, a hundred at most."""
        at, days = timezone.now(), own.setup().window_days
        asked: dict[str, list[ReviewDimension]] = {}
        found = []
        for line in own.to_review(self.member, at)[:MOST_TO_REVIEW]:
            category = line.product.category
            if category not in asked:
                asked[category] = own.dimensions(category)
            found.append(Open(line, rules.closes_at(line.received_at, days), asked[category]))
        return Response(ToReviewSerializer(found, many=True).data)


class ReviewView(MemberView[Review]):
    """One of mine."""

    queryset = Review.objects.none()
    filter_backends = []

    @describe("One of my reviews", "reviews", ReviewSerializer, 401, 404, operation_id="review")
    def get(self, _request: Request, pk: int) -> Response:
        """With what became of it."""
        return answer(self, pk)

    @describe("Take a review back", "reviews", ReviewSerializer, 401, 404, 409, operation_id="review_delete")
    def delete(self, _request: Request, pk: int) -> Response:
        """Nobody reads it from now on; its stars count on, and there is no second one. Again: no change."""
        return answer(self, writing.delete(member=self.member, review_id=pk, at=timezone.now()).pk)


class FollowUpView(MemberView[Review]):
    """Follow up."""

    queryset = Review.objects.none()
    parser_classes = PARSERS

    @describe(
        "Say more about what I reviewed",
        "reviews",
        ReviewSerializer,
        400,
        401,
        404,
        409,
        415,
        422,
        status=201,
        request={"multipart/form-data": FollowUpSerializer, "application/json": FollowUpSerializer},
        parameters=[IDEMPOTENCY_KEY, DEVICE],
        operation_id="review_follow_up",
    )
    def post(self, request: Request, pk: int) -> Response:
        """The stars stay what they were. The answer is the first review with all that follows it."""
        asked = FollowUpSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        content = asked.validated_data
        writing.follow_up(
            member=self.member,
            review_id=pk,
            text=content["text"],
            photos=content["files"],
            video_url=content["video_url"],
            device=devices.digest(request.headers.get("Device-Id", "")),
            key=idempotency_key(request),
            at=timezone.now(),
        )
        return answer(self, pk, status.HTTP_201_CREATED)


class AppealView(MemberView[Review]):
    """Appeal."""

    queryset = Review.objects.none()

    @describe(
        "Ask for a second look",
        "reviews",
        None,
        400,
        401,
        404,
        409,
        415,
        status=204,
        request=ReviewAppealSerializer,
        operation_id="review_appeal",
    )
    def post(self, request: Request, pk: int) -> Response:
        """Of a review that was not published: somebody else decides. Again changes nothing."""
        asked = ReviewAppealSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        moderation.appeal(
            review_id=pk, text=asked.validated_data["text"], actor=self.member, at=timezone.now()
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class HelpfulView(MemberView[Review]):
    """Helpful."""

    queryset = Review.objects.none()

    @describe("A review helped me", "reviews", None, 401, 403, 404, status=204, request=None)
    def put(self, _request: Request, pk: int) -> Response:
        """Say so. Again changes nothing."""
        writing.vote(member=self.member, review_id=pk, helpful=True, at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @describe("No longer say so", "reviews", None, 401, 403, 404, status=204)
    def delete(self, _request: Request, pk: int) -> Response:
        """Take it back. Again changes nothing."""
        writing.vote(member=self.member, review_id=pk, helpful=False, at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class ReviewPictureView(MemberView[Any]):
    """A picture."""

    @describe(
        "A picture of a review", "reviews", OpenApiTypes.BINARY, 401, 404, operation_id="review_picture"
    )
    def get(self, _request: Request, pk: int) -> FileResponse:
        """Of a published review, or of one's own."""
        return respond(own.own_picture(self.member, pk))


@extend_schema_view(
    get=describe(
        "Reviews of a product", "reviews", PublicReviewSerializer(many=True), *LIST, parameters=[WORDS]
    )
)
class ProductReviewsView(MemberView[Review], ListAPIView[Review]):
    """What others thought of a product, by the shop's number of it."""

    queryset = Review.objects.none()
    serializer_class = PublicReviewSerializer
    ordering_fields = ["written_at", "helpful_votes", "stars"]
    ordering = ["-written_at"]

    def rows(self) -> QuerySet[Review]:
        """What is published; with `q`, what holds its words."""
        product = get_object_or_404(Product, external_id=self.kwargs["number"])
        found, words = public.of_product(product.pk), self.request.query_params.get("q", "")
        return found.filter(pk__in=matching(product.pk, words)) if words.strip() else found


class ProductFiguresView(MemberView[Any]):
    """Figures."""

    queryset = Review.objects.none()
    filter_backends = []
    pagination_class = None

    @describe(
        "How a product is rated", "reviews", FiguresSerializer, 401, 404, operation_id="product_figures"
    )
    def get(self, _request: Request, number: str) -> Response:
        """Mean, distribution and dimensions. Left out is what is no customer's rating, such as a copy."""
        product = get_object_or_404(Product, external_id=number)
        return Response(FiguresSerializer(figures.of_product(product.pk)).data)
