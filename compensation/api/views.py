"""What a member may read of their own: orders, coupons, tier, notices."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_view
from rest_framework import status
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.base import MemberView
from compensation.api.serializers import (
    CouponSerializer,
    MemberSerializer,
    NoticeSerializer,
    OrderDetailSerializer,
    OrderSerializer,
    StandingSerializer,
)
from compensation.coupons.queries import Standing, that_stand, wallet
from compensation.members import commands as members
from compensation.models import Coupon, CouponStatus, Member, Notice, Order, OrderStatus
from compensation.notices import commands as notices
from compensation.notices.queries import of_member as notices_of
from compensation.orders import journey
from compensation.tiers import benefits
from compensation.tiers.queries import progress
from config.common.api import describe
from config.common.filters import MomentFilter

LIST = (400, 401, 404)


class MeView(MemberView[Member]):
    """The member."""

    serializer_class = MemberSerializer

    @describe("Who is signed in", "member", MemberSerializer, 401)
    def get(self, _request: Request) -> Response:
        """The member who is signed in."""
        return Response(MemberSerializer(self.member).data)

    @describe("Choose a language", "member", MemberSerializer, 400, 401)
    def patch(self, request: Request) -> Response:
        """Choose the language that the member is spoken to in."""
        asked = MemberSerializer(self.member, data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        if language := asked.validated_data.get("language"):
            members.choose_language(member=self.member, language=language, at=timezone.now())
        return Response(MemberSerializer(self.member).data)


class OrderFilter(filters.FilterSet):
    """By status and time."""

    status = filters.MultipleChoiceFilter(choices=OrderStatus.choices, distinct=False)
    placed_from = MomentFilter(field_name="placed_at", lookup_expr="gte")
    placed_before = MomentFilter(field_name="placed_at", lookup_expr="lt")

    class Meta:
        model = Order
        fields: list[str] = []


@extend_schema_view(get=describe("My orders", "orders", OrderSerializer(many=True), *LIST))
class OrdersView(MemberView[Order], ListAPIView[Order]):
    """My orders."""

    queryset = Order.objects.none()
    serializer_class = OrderSerializer
    filterset_class = OrderFilter
    ordering_fields = ["placed_at"]
    ordering = ["-placed_at"]

    def rows(self) -> QuerySet[Order]:
        """The member's own orders."""
        return Order.objects.filter(member=self.member).prefetch_related("lines__product")


@extend_schema_view(get=describe("One of my orders", "orders", OrderDetailSerializer, 401, 404))
class OrderView(MemberView[Order], RetrieveAPIView[Order]):
    """One of my orders: parcels, lines, and promise beside fact."""

    queryset = Order.objects.none()
    serializer_class = OrderDetailSerializer
    filter_backends = []

    def rows(self) -> QuerySet[Order]:
        """The member's own orders with everything about them."""
        return journey.of_member(self.member).prefetch_related("shipments__events")


class CouponFilter(filters.FilterSet):
    """By status, and by what one can do with it now."""

    standing = filters.ChoiceFilter(
        choices=[(one, one) for one in Standing], method="that_stand", help_text="As of now."
    )
    status = filters.MultipleChoiceFilter(choices=CouponStatus.choices, distinct=False)

    class Meta:
        model = Coupon
        fields: list[str] = []

    def that_stand(self, rows: QuerySet[Coupon], _name: str, value: str) -> QuerySet[Coupon]:
        """Those that stand so now."""
        return that_stand(rows, value, timezone.now())


@extend_schema_view(get=describe("My coupons", "wallet", CouponSerializer(many=True), *LIST))
class CouponsView(MemberView[Coupon], ListAPIView[Coupon]):
    """My coupons."""

    queryset = Coupon.objects.none()
    serializer_class = CouponSerializer
    filterset_class = CouponFilter
    ordering_fields = ["issued_at", "expires_at"]
    ordering = ["-issued_at"]

    def rows(self) -> QuerySet[Coupon]:
        """The member's own coupons."""
        return wallet(self.member)


@extend_schema_view(get=describe("One of my coupons", "wallet", CouponSerializer, 401, 404))
class CouponView(MemberView[Coupon], RetrieveAPIView[Coupon]):
    """One of my coupons."""

    queryset = Coupon.objects.none()
    serializer_class = CouponSerializer
    filter_backends = []

    def rows(self) -> QuerySet[Coupon]:
        """The member's own coupons."""
        return wallet(self.member)


class TierView(MemberView[Any]):
    """My tier."""

    @describe("My tier, what it brings, and how far it is to the next", "wallet", StandingSerializer, 401)
    def get(self, _request: Request) -> Response:
        """Where the member stands between two tiers."""
        found = {"progress": progress(self.member, timezone.now()), "benefits": benefits.of(self.member)}
        return Response(StandingSerializer(found).data)


class NoticeFilter(filters.FilterSet):
    """By kind, and whether it was read."""

    unread = filters.BooleanFilter(field_name="read_at", lookup_expr="isnull")

    class Meta:
        model = Notice
        fields = ["kind"]


@extend_schema_view(get=describe("What I was told", "notices", NoticeSerializer(many=True), *LIST))
class NoticesView(MemberView[Notice], ListAPIView[Notice]):
    """What the member was told, newest first."""

    queryset = Notice.objects.none()
    serializer_class = NoticeSerializer
    filterset_class = NoticeFilter
    ordering_fields = ["created_at"]
    ordering = ["-created_at"]

    def rows(self) -> QuerySet[Notice]:
        """The member's own notices."""
        return notices_of(self.member)


class NoticeReadView(MemberView[Notice]):
    """Mark as read."""

    queryset = Notice.objects.none()
    serializer_class = NoticeSerializer

    def rows(self) -> QuerySet[Notice]:
        """The member's own notices."""
        return notices_of(self.member)

    @describe("I have read it", "notices", NoticeSerializer, 401, 404, request=None)
    def post(self, _request: Request, pk: int) -> Response:
        """Note that the member has read one notice; again changes nothing."""
        notices.mark_read(member=self.member, notice_ids=[pk], at=timezone.now())
        return Response(NoticeSerializer(self.get_object()).data)


class NoticesReadView(MemberView[Any]):
    """Mark all as read."""

    @describe(
        "I have read them all",
        "notices",
        None,
        401,
        status=204,
        request=None,
        operation_id="notices_read_all",
    )
    def post(self, _request: Request) -> Response:
        """Note that the member has read every notice."""
        notices.mark_read(member=self.member, at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)
