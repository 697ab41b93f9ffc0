"""What the shop tells of an order: all of it, whenever something about it is new."""

from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.signed import ShopView
from compensation.models import Order, OrderStatus
from compensation.shop_import.push import LineFacts, OrderFacts, ShipmentFacts, record_order
from config.common.api import describe
from config.common.idempotency import once
from config.common.signed import HEADERS

MOST_FEN = 10**12
MOST_LINES, MOST_PIECES = 500, 1_000_000
NUMBER = 64


class ToldLineSerializer(serializers.Serializer[Any]):
    """A line of an order."""

    line = serializers.CharField(max_length=NUMBER, source="external_id", help_text="The line's number.")
    product = serializers.CharField(max_length=NUMBER, help_text="Its number; one not known yet is made.")
    quantity = serializers.IntegerField(min_value=1, max_value=MOST_PIECES, default=1)
    paid_fen = serializers.IntegerField(
        min_value=0, max_value=MOST_FEN, source="paid", help_text="For the whole line, after discounts."
    )
    parcel = serializers.CharField(
        max_length=NUMBER, source="shipment", default="", allow_blank=True, help_text="Which it is in."
    )
    supplier = serializers.CharField(max_length=NUMBER, default="", allow_blank=True, help_text="Its number.")
    ship_by = serializers.DateTimeField(default=None, allow_null=True, help_text="As promised.")
    deliver_by = serializers.DateTimeField(default=None, allow_null=True, help_text="As promised.")


class ToldParcelSerializer(serializers.Serializer[Any]):
    """A parcel of an order."""

    number = serializers.CharField(max_length=NUMBER, source="external_id")
    carrier = serializers.CharField(max_length=NUMBER, default="", allow_blank=True)
    tracking_number = serializers.CharField(max_length=NUMBER, default="", allow_blank=True)
    shipped_at = serializers.DateTimeField(default=None, allow_null=True)
    delivered_at = serializers.DateTimeField(default=None, allow_null=True)


class ToldOrderSerializer(serializers.Serializer[Any]):
    """An order as the shop knows it at a moment. Lines and parcels that are left out stay as they are."""

    as_of = serializers.DateTimeField(
        help_text="When the shop knew it so: what is older than what was told before is not taken."
    )
    order = serializers.CharField(max_length=NUMBER, source="external_id", help_text="The order's number.")
    member = serializers.CharField(max_length=NUMBER, help_text="The member's number; must be known.")
    status = serializers.ChoiceField(choices=OrderStatus.choices)
    total_fen = serializers.IntegerField(
        min_value=0, max_value=MOST_FEN, source="total", help_text="With the freight."
    )
    freight_fen = serializers.IntegerField(min_value=0, max_value=MOST_FEN, source="freight", default=0)
    channel = serializers.CharField(max_length=32, default="", allow_blank=True)
    region = serializers.CharField(max_length=64, default="", allow_blank=True)
    payment_method = serializers.CharField(max_length=32, default="", allow_blank=True)
    placed_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(default=None, allow_null=True)
    cancelled_at = serializers.DateTimeField(default=None, allow_null=True)
    returned_at = serializers.DateTimeField(default=None, allow_null=True)
    lines = serializers.ListField(child=ToldLineSerializer(), default=list, max_length=MOST_LINES)
    parcels = serializers.ListField(child=ToldParcelSerializer(), default=list, max_length=MOST_LINES)


class OrderStandsSerializer(serializers.Serializer[Any]):
    """An order as it is known now."""

    order = serializers.CharField()
    status = serializers.ChoiceField(choices=OrderStatus.choices)
    as_of = serializers.DateTimeField(help_text="Later than what was told: that was not taken.")


class ShopOrderView(ShopView):
    """Something about an order is new."""

    @describe(
        "An order, with its lines and parcels",
        "shop",
        OrderStandsSerializer,
        400,
        401,
        409,
        413,
        422,
        request=ToldOrderSerializer,
        parameters=HEADERS,
        operation_id="shop_order",
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Take note of it; again, or after something newer, changes nothing."""
        content, message_id, at = self.told(request)
        asked = ToldOrderSerializer(data=content)
        asked.is_valid(raise_exception=True)
        said = dict(asked.validated_data)
        lines, parcels, as_of = said.pop("lines"), said.pop("parcels"), said.pop("as_of")

        def perform() -> Order:
            return record_order(
                order=OrderFacts(**said),
                lines=[LineFacts(**line) for line in lines],
                shipments=[ShipmentFacts(**parcel) for parcel in parcels],
                as_of=as_of,
                actor=None,
                at=at,
            )

        with transaction.atomic():
            order, _again = once(
                scope="signed:shop", key=message_id, content=content, model=Order, perform=perform
            )
        found = {"order": order.external_id, "status": order.status, "as_of": order.as_of}
        return Response(OrderStandsSerializer(found).data)
