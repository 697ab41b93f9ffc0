"""Replies to reviews for members of staff: lists, drafts, and what becomes of them."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.common.api import describe
from config.common.errors import NotFound, NotPermitted
from config.common.models import User
from feedback.api.reply_serializers import (
    EditReplySerializer,
    ReplyDetailSerializer,
    ReplyPostSerializer,
    ReplySerializer,
    SeenReplySerializer,
    TickSerializer,
    WriteReplySerializer,
)
from feedback.models import Reply, ReplyPost, ReplyState, ReplyWay
from feedback.replies import automatic, commands, posting, queries

READS, WRITES = "feedback.view_reply", "feedback.add_reply"
CODES = (400, 403, 404, 409, 415)


class ReadsReplies(BasePermission):
    """Members of staff with an account in use whose role reads reviews and what we answer."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        """Whether such a one asks."""
        user = request.user
        if not (isinstance(user, User) and user.is_active and user.is_staff):
            return False
        return user.has_perms(["feedback.view_review", READS])


class ReplyFilter(filters.FilterSet):
    """By how far they are, how they came, and what they answer."""

    state = filters.MultipleChoiceFilter(choices=ReplyState.choices, distinct=False)
    way = filters.ChoiceFilter(choices=ReplyWay.choices)
    source = filters.CharFilter(field_name="review__source")
    stars = filters.NumberFilter(field_name="review__stars", min_value=1, max_value=5)
    product = filters.CharFilter(field_name="review__product__external_id")
    review = filters.NumberFilter(field_name="review_id", min_value=1)

    class Meta:
        model = Reply
        fields: list[str] = []


class ReplyView(GenericAPIView[Any]):
    """For whoever is signed in to the admin."""

    authentication_classes = [SessionAuthentication]
    permission_classes = [ReadsReplies]
    queryset: QuerySet[Any] = Reply.objects.none()
    serializer_class: Any = ReplySerializer

    @property
    def user(self) -> User:
        """Who asks."""
        user: Any = self.request.user
        assert isinstance(user, User)  # noqa: S101 - ReadsReplies has seen to it
        return user

    def get_queryset(self) -> QuerySet[Any]:
        """All of them: what the house says in public, everybody here may read."""
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return queries.shown(Reply.objects.all())

    def answer(self, reply_id: int, code: int = 200) -> Response:
        """A reply as it stands now.

        Raises:
            NotFound: there is none.
        """
        found = queries.shown(Reply.objects.filter(pk=reply_id)).prefetch_related("versions__user").first()
        if found is None:
            raise NotFound
        context = self.get_serializer_context()
        return Response(ReplyDetailSerializer(found, context=context).data, status=code)

    def asked(self, form: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """What was sent, by somebody who may write.

        Raises:
            NotPermitted: their role does not answer reviews.
        """
        if not self.user.has_perm(WRITES):
            raise NotPermitted
        given = form(data=self.request.data)
        given.is_valid(raise_exception=True)
        content: dict[str, Any] = given.validated_data
        return content


@extend_schema_view(get=describe("Replies to reviews", "staff", ReplySerializer(many=True), 400, 403, 404))
class StaffRepliesView(ReplyView, ListAPIView[Reply]):
    """Drafts, what waits for approval, what is public, what was withdrawn; newest first."""

    filterset_class = ReplyFilter
    ordering_fields = ["drafted_at", "at"]
    ordering = ["-drafted_at"]


class StaffReplyView(ReplyView):
    """One reply."""

    @describe("A reply", "staff", ReplyDetailSerializer, 403, 404, operation_id="staff_reply_retrieve")
    def get(self, _request: Request, pk: int) -> Response:
        """With its versions, and where it stands."""
        return self.answer(pk)


class StaffReviewReplyView(ReplyView):
    """Answering a review."""

    @describe(
        "Answer a review", "staff", ReplyDetailSerializer, *CODES, status=201,
        request=WriteReplySerializer, operation_id="staff_review_reply",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """By hand; public at once unless somebody else has to approve it."""
        content = self.asked(WriteReplySerializer)
        reply = commands.write(review_id=pk, actor=self.user, at=timezone.now(), **content)
        return self.answer(reply.pk, 201)


class StaffReviewDraftView(ReplyView):
    """A draft for a review."""

    @describe(
        "Draft a reply", "staff", ReplyDetailSerializer, *CODES, status=201,
        request=None, operation_id="staff_review_draft",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """From the templates, with what is known by now."""
        self.asked(serializers.Serializer)
        reply = automatic.draft(review_id=pk, actor=self.user, at=timezone.now())
        return self.answer(reply.pk, 201)


class ReplyMove(ReplyView):
    """One thing that can be done to a reply, which was seen at a version."""

    path: ClassVar[str]
    perform: ClassVar[Any]
    form: ClassVar[type[serializers.Serializer[Any]]] = SeenReplySerializer

    def post(self, _request: Request, pk: int) -> Response:
        """Do it, and give the reply as it is then."""
        content = self.asked(self.form)
        type(self).perform(reply_id=pk, actor=self.user, at=timezone.now(), **content)
        return self.answer(pk)


def _said(title: str, operation_id: str, form: Any = SeenReplySerializer) -> Any:
    return extend_schema_view(
        post=describe(title, "staff", ReplyDetailSerializer, *CODES, request=form, operation_id=operation_id)
    )


@_said("Change a reply", "staff_reply_edit", EditReplySerializer)
class EditReply(ReplyMove):
    """Another text, kept as a version; of what is public it goes to every place."""

    path, perform, form = "edit", commands.edit, EditReplySerializer


@_said("Have a reply approved", "staff_reply_ask")
class AskReply(ReplyMove):
    """Somebody else is to look at a draft."""

    path, perform = "ask", commands.ask


@_said("Approve a reply", "staff_reply_approve")
class ApproveReply(ReplyMove):
    """Make it public, everywhere where the review stands."""

    path, perform = "approve", commands.approve


@_said("Withdraw a reply", "staff_reply_withdraw")
class WithdrawReply(ReplyMove):
    """Take it back, everywhere."""

    path, perform = "withdraw", commands.withdraw


MOVES = (EditReply, AskReply, ApproveReply, WithdrawReply)


class PostView(ReplyView):
    """A reply at one place."""

    queryset = ReplyPost.objects.none()
    serializer_class: Any = ReplyPostSerializer

    def get_queryset(self) -> QuerySet[Any]:
        """All of them."""
        return ReplyPost.objects.select_related("place", "ticked_by")

    def shown(self, pk: int) -> Response:
        """As it stands now."""
        return Response(ReplyPostSerializer(self.get_queryset().get(pk=pk)).data)


class TickPostView(PostView):
    """What is done by hand."""

    @describe(
        "It was posted by hand", "staff", ReplyPostSerializer, *CODES,
        request=TickSerializer, operation_id="staff_reply_post_tick",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """Tick off what was written, changed or taken down over there. Again changes nothing."""
        content = self.asked(TickSerializer)
        posting.tick(post_id=pk, actor=self.user, at=timezone.now(), **content)
        return self.shown(pk)


class RetryPostView(PostView):
    """What failed."""

    @describe(
        "Try to post it again", "staff", ReplyPostSerializer, *CODES,
        request=None, operation_id="staff_reply_post_retry",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """Under the same request number."""
        self.asked(serializers.Serializer)
        posting.retry(post_id=pk, actor=self.user, at=timezone.now())
        return self.shown(pk)
