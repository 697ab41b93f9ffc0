"""Reviews searched, and products' voices, for members of staff."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django_filters import rest_framework as filters
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compensation.models import Product
from config.common.api import describe
from config.common.asked import within_years
from config.common.errors import NotFound
from config.common.models import User
from feedback.api.voice_serializers import FoundSerializer, MovedPageSerializer, VoiceSerializer
from feedback.models import Feeling, Review, ReviewStatus, VoiceAspect
from feedback.voice.movement import moved
from feedback.voice.rules import Span, last
from feedback.voice.search import SIZE, search
from feedback.voice.telling import tell
from feedback.voice.terms import ILL, UNSURE, WELL, Narrow

READS = "feedback.view_review"
MOST = 100
LONGEST_SPAN = 730
PAGES = 10_000
TEXTS = ("aspect", "tone", "feeling", "source", "status")


class ReadsReviews(BasePermission):
    """Members of staff with an account in use whose role reads reviews."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        """Whether such a one asks."""
        user = request.user
        return isinstance(user, User) and user.is_active and user.is_staff and user.has_perm(READS)


class Asked(filters.FilterSet):
    """What an address asks for, checked; no filter of rows."""

    class Meta:
        model = Review
        fields: list[str] = []

    @classmethod
    def of(cls, request: Request) -> dict[str, Any]:
        """What is asked for.

        Raises:
            ValidationError: something that cannot be.
        """
        asked = cls(request.query_params, queryset=Review.objects.none())
        if not asked.is_valid():
            raise ValidationError({name: list(map(str, told)) for name, told in asked.errors.items()})
        return dict(asked.form.cleaned_data)


class ReviewSearchFilter(Asked):
    """Words, and what the reviews are narrowed to."""

    q = filters.CharFilter(max_length=1_000)
    product = filters.CharFilter(max_length=64, help_text="The shop's number.")
    stars = filters.TypedMultipleChoiceFilter(
        choices=[(stars, str(stars)) for stars in range(6)], coerce=int, help_text="0: follow-ups."
    )
    aspect = filters.ChoiceFilter(choices=VoiceAspect.choices)
    tone = filters.ChoiceFilter(choices=[(WELL, WELL), (ILL, ILL)], help_text="How the aspect is spoken of.")
    feeling = filters.ChoiceFilter(choices=[*Feeling.choices, (UNSURE, UNSURE)])
    source = filters.CharFilter(max_length=50)
    status = filters.ChoiceFilter(choices=ReviewStatus.choices)
    picture = filters.BooleanFilter()
    rewarded = filters.BooleanFilter()
    replied = filters.BooleanFilter()
    since = filters.DateFilter(validators=[within_years])
    until = filters.DateFilter(validators=[within_years])
    after = filters.CharFilter(max_length=80, help_text="The cursor of the part before.")
    size = filters.NumberFilter(min_value=1, max_value=MOST)


class VoiceFilter(Asked):
    """Which days, written where."""

    days = filters.NumberFilter(min_value=7, max_value=LONGEST_SPAN)
    until = filters.DateFilter(validators=[within_years])
    source = filters.CharFilter(max_length=50)


class VoicesFilter(VoiceFilter):
    """Of which products as well."""

    category = filters.CharFilter(max_length=80)
    page = filters.NumberFilter(min_value=0, max_value=PAGES)


class ReviewsView(GenericAPIView[Review]):
    """For whoever is signed in to the admin and reads reviews."""

    authentication_classes = [SessionAuthentication]
    permission_classes = [ReadsReviews]
    queryset = Review.objects.none()
    filter_backends = [filters.DjangoFilterBackend]
    pagination_class = None


class StaffReviewsView(ReviewsView):
    """Searching reviews."""

    filterset_class = ReviewSearchFilter

    @describe(
        "Search reviews, newest first",
        "staff",
        FoundSerializer,
        *(400, 403),
        operation_id="staff_reviews_search",
        filters=True,
    )
    def get(self, request: Request) -> Response:
        """Reviews that hold all of the words and everything that they are narrowed to."""
        asked = ReviewSearchFilter.of(request)
        text, after, size = asked.pop("q"), asked.pop("after"), int(asked.pop("size") or SIZE)
        number = asked.pop("product")
        product = Product.objects.filter(external_id=number).first() if number else None
        if number and product is None:
            raise NotFound
        asked |= {name: asked[name] or "" for name in TEXTS}
        asked |= {"stars": asked["stars"] or (), "product": product.pk if product else None}
        narrow = Narrow(**asked)
        found = search(text, narrow, after=after, size=size)
        return Response(FoundSerializer(found, context={"words": found.words}).data)


class StaffVoiceView(ReviewsView):
    """A product's voice."""

    filterset_class = VoiceFilter

    @describe(
        "What members say of a product",
        "staff",
        VoiceSerializer,
        *(400, 403, 404),
        operation_id="staff_product_voice",
        filters=True,
    )
    def get(self, request: Request, number: str) -> Response:
        """Figures of a time, of the time before and of the category; what a role may not see is left out."""
        asked = VoiceFilter.of(request)
        product = get_object_or_404(Product, external_id=number)
        told = tell(
            product,
            _span(asked, 90),
            asked["source"],
            at=timezone.now(),
            gaps=request.user.has_perm("feedback.view_gap"),
            claims=request.user.has_perm("feedback.view_claim"),
        )
        return Response(VoiceSerializer(told).data)


class StaffVoicesView(ReviewsView):
    """All products' voices."""

    filterset_class = VoicesFilter

    @describe(
        "Which products' stars have moved",
        "staff",
        MovedPageSerializer,
        *(400, 403),
        operation_id="staff_voices",
        filters=True,
    )
    def get(self, request: Request) -> Response:
        """The surest fall first."""
        asked = VoicesFilter.of(request)
        rows = moved(_span(asked, 30), category=asked["category"], source=asked["source"])
        page = int(asked["page"] or 0)
        told = {
            "page": page,
            "has_more": len(rows) > (page + 1) * MOST,
            "results": rows.part(page * MOST, MOST),
        }
        return Response(MovedPageSerializer(told).data)


def _span(asked: dict[str, Any], days: int) -> Span:
    return last(asked["until"] or timezone.localdate(), int(asked["days"] or days))
