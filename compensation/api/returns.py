"""What the shop tells of goods that came back."""

from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.signed import ShopView
from compensation.models import Order, PieceReturn
from compensation.refunds import returning
from config.common.api import describe
from config.common.errors import Invalid, NotFound
from config.common.idempotency import once
from config.common.signed import HEADERS

MOST_LINES = 500
MOST_PIECES = 1_000_000


class ReturnedLineSerializer(serializers.Serializer[Any]):
    """Pieces of a line that came back."""

    line = serializers.CharField(max_length=64, help_text="The line's number in the order.")
    quantity = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_PIECES,
        help_text="Left out: all pieces of the line that had not come back.",
    )


class ReturnSerializer(serializers.Serializer[Any]):
    """A parcel that came back."""

    order = serializers.CharField(max_length=64, help_text="The shop's number of the order.")
    number = serializers.CharField(
        max_length=64, help_text="The parcel's number, one and the same whenever it is told of."
    )
    arrived_at = serializers.DateTimeField()
    lines = serializers.ListField(
        child=ReturnedLineSerializer(),
        required=False,
        min_length=1,
        max_length=MOST_LINES,
        help_text="Left out: all of the order that had not come back.",
    )


class ReturnedPieceSerializer(serializers.ModelSerializer[PieceReturn]):
    """Pieces of a line as they are known now."""

    line = serializers.CharField(source="order_line.external_id")
    refund = serializers.CharField(
        source="refund.number", default=None, allow_null=True, help_text="Null: none yet, or none is due."
    )

    class Meta:
        model = PieceReturn
        fields = ["line", "quantity", "arrived_at", "seen_at", "refund"]


class ReturnStateSerializer(serializers.Serializer[Any]):
    """A parcel as it is known now."""

    order = serializers.CharField()
    number = serializers.CharField()
    lines = ReturnedPieceSerializer(many=True)


class ShopReturnView(ShopView):
    """Goods came back to the shop."""

    @describe(
        "Goods came back: which pieces of an order",
        "shop",
        ReturnStateSerializer,
        400,
        401,
        404,
        409,
        413,
        422,
        request=ReturnSerializer,
        parameters=HEADERS,
        operation_id="shop_return",
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Take note of a parcel; again changes nothing. What is due for it is refunded by itself."""
        content, message_id, at = self.told(request)
        asked = ReturnSerializer(data=content)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        pieces = None
        if "lines" in said:
            pieces = {one["line"]: one.get("quantity") for one in said["lines"]}
            if len(pieces) < len(said["lines"]):
                raise Invalid(field="lines")
        order = Order.objects.filter(external_id=said["order"]).first()
        if order is None:
            raise NotFound

        def perform() -> Order:
            returning.came_back(
                order_id=order.pk,
                number=said["number"],
                arrived_at=said["arrived_at"],
                pieces=pieces,
                actor=None,
                at=at,
            )
            return order

        with transaction.atomic():
            once(scope="signed:shop", key=message_id, content=content, model=Order, perform=perform)
        lines = returning.of_parcel(order, said["number"])
        found = {"order": order.external_id, "number": said["number"], "lines": lines}
        return Response(ReturnStateSerializer(found).data)
