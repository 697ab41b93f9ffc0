"""Posts and topics for members of staff: lists with filters, and one POST for each thing to be done."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_view
from rest_framework.authentication import SessionAuthentication
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from config.common.api import describe
from config.common.errors import NotFound, NotPermitted
from config.common.models import User
from feedback.api.post_serializers import (
    CaseNumberSerializer,
    DecideSerializer,
    MadeCaseSerializer,
    NameSerializer,
    PostsSplitSerializer,
    ProductSerializer,
    ReadSerializer,
    StaffPostSerializer,
    TopicChoiceSerializer,
    TopicSerializer,
)
from feedback.cases.queries import WORK
from feedback.models import Feeling, Post, PostCluster, PostKind, PostState, VoiceAspect
from feedback.posts import arranging, deciding, queries, working

VIEW, DECIDE, ARRANGE = "feedback.view_post", "feedback.decide_post", "feedback.arrange_postcluster"


class ReadsPosts(BasePermission):
    """Members of staff with an account in use whose role reads posts."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        """Whether such a one asks."""
        user = request.user
        return isinstance(user, User) and user.is_active and user.is_staff and user.has_perm(VIEW)


class PostFilter(filters.FilterSet):
    """By what it is, where it stands, how it is meant, and what became of it."""

    kind = filters.ChoiceFilter(choices=PostKind.choices)
    source = filters.CharFilter(max_length=50)
    state = filters.ChoiceFilter(choices=PostState.choices)
    feeling = filters.ChoiceFilter(choices=Feeling.choices, field_name="triage__feeling")
    aspect = filters.ChoiceFilter(choices=VoiceAspect.choices, method="about")
    topic = filters.NumberFilter(field_name="cluster_id", min_value=1)
    product = filters.CharFilter(field_name="product__external_id", max_length=64)
    unread = filters.BooleanFilter(field_name="read_at", lookup_expr="isnull")
    written = filters.IsoDateTimeFromToRangeFilter(field_name="written_at")

    class Meta:
        model = Post
        fields: list[str] = []

    def about(self, rows: QuerySet[Post], _name: str, aspect: str) -> QuerySet[Post]:
        """Those that speak of it."""
        return rows.filter(triage__aspects__contains=[aspect])


class TopicFilter(filters.FilterSet):
    """By what became of it, and whether it grows."""

    state = filters.ChoiceFilter(choices=PostState.choices)
    growing = filters.BooleanFilter(field_name="has_grown")

    class Meta:
        model = PostCluster
        fields: list[str] = []


class StaffView(GenericAPIView[Any]):
    """For whoever is signed in to the admin and reads posts."""

    authentication_classes = [SessionAuthentication]
    permission_classes = [ReadsPosts]
    needs: tuple[str, ...] = (DECIDE,)
    """What it takes to do something."""

    @property
    def user(self) -> User:
        """Who asks."""
        user: Any = self.request.user
        assert isinstance(user, User)  # noqa: S101 - ReadsPosts has seen to it
        return user

    def asked(self, serializer: type[Serializer[Any]]) -> dict[str, Any]:
        """What is asked for, of somebody who may do it.

        Raises:
            NotPermitted: they may not.
        """
        if not self.user.has_perms(self.needs):
            raise NotPermitted
        asked = serializer(data=self.request.data)
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)

    def post_of(self, pk: int) -> Response:
        """A post as an answer.

        Raises:
            NotFound: there is none.
        """
        found = queries.shown(Post.objects.filter(pk=pk)).first()
        if found is None:
            raise NotFound
        return Response(StaffPostSerializer(found, context=self.get_serializer_context()).data)

    def topic_of(self, pk: int) -> Response:
        """A topic as an answer.

        Raises:
            NotFound: there is none.
        """
        found = PostCluster.objects.defer("terms").filter(pk=pk).first()
        if found is None:
            raise NotFound
        return Response(TopicSerializer(found).data)


@extend_schema_view(get=describe("Posts", "staff", StaffPostSerializer(many=True), 400, 403, 404))
class StaffPostsView(StaffView, ListAPIView[Post]):
    """Suggestions and what is said elsewhere, newest first; no copies."""

    queryset = Post.objects.none()
    serializer_class = StaffPostSerializer
    filterset_class = PostFilter
    ordering_fields = ["written_at"]
    ordering = ["-written_at"]

    def get_queryset(self) -> QuerySet[Post]:
        """What is worked on; nothing while the schema is drawn."""
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return queries.shown(queries.worked())


class StaffPostView(StaffView):
    """One post."""

    queryset = Post.objects.none()
    filter_backends = []

    @describe("A post", "staff", StaffPostSerializer, 403, 404, operation_id="staff_post")
    def get(self, _request: Request, pk: int) -> Response:
        """As it stands."""
        return self.post_of(pk)


ERRORS = (400, 403, 404, 409, 415)


class StaffReadView(StaffView):
    """Read."""

    queryset = Post.objects.none()
    filter_backends = []

    @describe("Posts were read", "staff", None, *ERRORS, status=204, request=ReadSerializer)
    def post(self, _request: Request) -> Response:
        """Note it. Again changes nothing."""
        asked = self.asked(ReadSerializer)
        working.mark_read(post_ids=asked["posts"], actor=self.user, at=timezone.now())
        return Response(status=204)


class StaffPostDecideView(StaffView):
    """Decide."""

    queryset = Post.objects.none()
    filter_backends = []

    @describe(
        "Say what becomes of a post", "staff", StaffPostSerializer, *ERRORS, request=DecideSerializer,
        operation_id="staff_post_decide",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """A member who suggested it is told."""
        asked = self.asked(DecideSerializer)
        deciding.decide(post_id=pk, actor=self.user, at=timezone.now(), **asked)
        return self.post_of(pk)


class StaffPostCaseView(StaffView):
    """Case."""

    queryset = Post.objects.none()
    filter_backends = []
    needs = (DECIDE, WORK)

    @describe(
        "Make a case of a post", "staff", MadeCaseSerializer, *ERRORS, request=CaseNumberSerializer,
        operation_id="staff_post_case",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """Once; with a number it is tied to the case that there is."""
        asked = self.asked(CaseNumberSerializer)
        at = timezone.now()
        if asked["number"]:
            case = working.link_case(post_id=pk, number=asked["number"], actor=self.user, at=at)
        else:
            case = working.to_case(post_id=pk, actor=self.user, at=at)
        return Response(MadeCaseSerializer({"case": case.pk, "number": case.number}).data)


class StaffPostProductView(StaffView):
    """Product."""

    queryset = Post.objects.none()
    filter_backends = []

    @describe(
        "Say which product a post is about", "staff", StaffPostSerializer, *ERRORS, request=ProductSerializer,
        operation_id="staff_post_product",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """It stays, whatever the words say."""
        asked = self.asked(ProductSerializer)
        working.set_product(post_id=pk, number=asked["number"], actor=self.user, at=timezone.now())
        return self.post_of(pk)


class StaffPostTopicView(StaffView):
    """Topic."""

    queryset = Post.objects.none()
    filter_backends = []
    needs = (ARRANGE,)

    @describe(
        "Put a post into another topic", "staff", StaffPostSerializer, *ERRORS, request=TopicChoiceSerializer,
        operation_id="staff_post_topic",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """It stays there."""
        asked = self.asked(TopicChoiceSerializer)
        arranging.move(post_id=pk, cluster_id=asked["topic"], actor=self.user, at=timezone.now())
        return self.post_of(pk)


@extend_schema_view(get=describe("Topics of posts", "staff", TopicSerializer(many=True), 400, 403, 404))
class StaffTopicsView(StaffView, ListAPIView[PostCluster]):
    """Topics with what they amount to, those with most negative posts first."""

    queryset = PostCluster.objects.none()
    serializer_class = TopicSerializer
    filterset_class = TopicFilter
    ordering_fields = ["negatives", "reach", "posts", "week"]
    ordering = ["-negatives"]

    def get_queryset(self) -> QuerySet[PostCluster]:
        """Those on the desk; nothing while the schema is drawn."""
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return queries.topics().defer("terms")


class StaffTopicView(StaffView):
    """One topic."""

    queryset = PostCluster.objects.none()
    filter_backends = []

    @describe("A topic", "staff", TopicSerializer, 403, 404, operation_id="staff_topic")
    def get(self, _request: Request, pk: int) -> Response:
        """As it stands."""
        return self.topic_of(pk)


class StaffTopicDecideView(StaffView):
    """Decide."""

    queryset = PostCluster.objects.none()
    filter_backends = []

    @describe(
        "Say what becomes of a topic", "staff", TopicSerializer, *ERRORS, request=DecideSerializer,
        operation_id="staff_topic_decide",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """And of every suggestion in it that has not come to an end: their members are told."""
        asked = self.asked(DecideSerializer)
        deciding.decide_cluster(cluster_id=pk, actor=self.user, at=timezone.now(), **asked)
        return self.topic_of(pk)


class StaffTopicNameView(StaffView):
    """Name."""

    queryset = PostCluster.objects.none()
    filter_backends = []
    needs = (ARRANGE,)

    @describe(
        "Name a topic",
        "staff",
        TopicSerializer,
        *ERRORS,
        request=NameSerializer,
        operation_id="staff_topic_name",
    )
    def post(self, _request: Request, pk: int) -> Response:
        """Its words do not change that any more."""
        asked = self.asked(NameSerializer)
        arranging.rename(cluster_id=pk, name=asked["name"], actor=self.user, at=timezone.now())
        return self.topic_of(pk)


class StaffTopicMergeView(StaffView):
    """Merge."""

    queryset = PostCluster.objects.none()
    filter_backends = []
    needs = (ARRANGE,)

    @describe(
        "Let a topic go into another one", "staff", TopicSerializer, *ERRORS, request=TopicChoiceSerializer,
        operation_id="staff_topic_merge",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """The answer is the one that goes on."""
        asked = self.asked(TopicChoiceSerializer)
        into = arranging.merge(cluster_id=pk, into_id=asked["topic"], actor=self.user, at=timezone.now())
        return self.topic_of(into.pk)


class StaffTopicSplitView(StaffView):
    """Split."""

    queryset = PostCluster.objects.none()
    filter_backends = []
    needs = (ARRANGE,)

    @describe(
        "Make a topic of some posts", "staff", TopicSerializer, *ERRORS, request=PostsSplitSerializer,
        operation_id="staff_topic_split",
    )  # fmt: skip
    def post(self, _request: Request, pk: int) -> Response:
        """The answer is the new one."""
        asked = self.asked(PostsSplitSerializer)
        new = arranging.split(
            cluster_id=pk, post_ids=asked["posts"], name=asked["name"], actor=self.user, at=timezone.now()
        )
        return self.topic_of(new.pk)
