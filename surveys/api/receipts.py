"""What the shop's gateways tell us of messages that they took: whether they arrived."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.signed import ShopView
from config.common.api import describe
from config.common.signed import HEADERS
from surveys.invitations import returning


class ReceiptSerializer(serializers.Serializer[Any]):
    """What became of a message."""

    request_id = serializers.UUIDField(help_text="As it was sent.")
    status = serializers.ChoiceField(choices=["delivered", "failed"])
    reason = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="Why it failed."
    )


class ReceiptTakenSerializer(serializers.Serializer[Any]):
    """Whether it was about an invitation to a survey."""

    is_known = serializers.BooleanField()


class ShopReceiptView(ShopView):
    """A gateway says whether a message arrived."""

    @describe(
        "Whether a message arrived", "shop", ReceiptTakenSerializer, 400, 401, 413, 429,
        request=ReceiptSerializer, parameters=HEADERS, operation_id="shop_receipt", auth=[],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Take down what the gateway says; again, or of a message that we do not know, changes nothing."""
        content, _message_id, at = self.told(request)
        asked = ReceiptSerializer(data=content)
        asked.is_valid(raise_exception=True)
        word = asked.validated_data
        if word["status"] == "failed":
            why = word.get("reason") or "—"
            is_known = returning.came_back(request_id=word["request_id"], why=why, at=at)
        else:
            is_known = returning.arrived(request_id=word["request_id"], at=at)
        return Response({"is_known": is_known})
