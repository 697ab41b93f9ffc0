"""The feedback box of the app: suggesting, seeing what became of it, taking it back."""

from django.db.models import QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_view
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.base import MemberView
from compensation.models import Product
from config.common.api import IDEMPOTENCY_KEY, describe, idempotency_key
from config.common.errors import Invalid
from config.common.parsing import JSONParser
from feedback.api.post_serializers import BYTES, SuggestionSerializer, SuggestSerializer
from feedback.attachments.serving import respond
from feedback.models import Post
from feedback.posts import own, suggesting

LIST = (400, 401, 404)


def answer(view: MemberView[Post], pk: int, code: int = status.HTTP_200_OK) -> Response:
    """One of the member's suggestions as an answer."""
    found = get_object_or_404(own.own(view.member), pk=pk)
    return Response(SuggestionSerializer(found, context=view.get_serializer_context()).data, status=code)


@extend_schema_view(get=describe("My suggestions", "suggestions", SuggestionSerializer(many=True), *LIST))
class SuggestionsView(MemberView[Post], ListAPIView[Post]):
    """What I suggested, and what became of it."""

    queryset = Post.objects.none()
    serializer_class = SuggestionSerializer
    parser_classes = [MultiPartParser, FormParser, JSONParser]
    ordering_fields = ["written_at"]
    ordering = ["-written_at"]

    def rows(self) -> QuerySet[Post]:
        """The member's own."""
        return own.own(self.member)

    @describe(
        "Suggest something",
        "suggestions",
        SuggestionSerializer,
        400,
        401,
        404,
        409,
        415,
        422,
        status=201,
        request={"multipart/form-data": SuggestSerializer, "application/json": SuggestSerializer},
        parameters=[IDEMPOTENCY_KEY],
        operation_id="suggest",
    )
    def post(self, request: Request) -> Response:
        """Words, pictures, a recording. You are told what becomes of it."""
        asked = SuggestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        content = asked.validated_data
        product = (
            Product.objects.filter(external_id=content["product"]).first() if content["product"] else None
        )
        if content["product"] and product is None:
            raise Invalid(_("There is no such product."), field="product")
        post = suggesting.suggest(
            member=self.member,
            text=content["text"],
            uploads=content["files"],
            product=product,
            key=idempotency_key(request),
            at=timezone.now(),
        )
        return answer(self, post.pk, status.HTTP_201_CREATED)


class SuggestionView(MemberView[Post]):
    """One of mine."""

    queryset = Post.objects.none()
    filter_backends = []

    @describe(
        "One of my suggestions", "suggestions", SuggestionSerializer, 401, 404, operation_id="suggestion"
    )
    def get(self, _request: Request, pk: int) -> Response:
        """With what became of it."""
        return answer(self, pk)

    @describe("Take a suggestion back", "suggestions", None, 401, 404, 409, status=204)
    def delete(self, _request: Request, pk: int) -> Response:
        """Nobody works on it any more. Again: no change."""
        suggesting.take_back(member=self.member, post_id=pk, at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class SuggestionFileView(MemberView[Post]):
    """A file."""

    queryset = Post.objects.none()
    filter_backends = []

    @describe("A file of my suggestion", "suggestions", BYTES, 401, 404, operation_id="suggestion_file")
    def get(self, _request: Request, pk: int) -> FileResponse:
        """A picture or the recording."""
        return respond(own.own_file(self.member, pk))
