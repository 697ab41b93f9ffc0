"""What the gateway and the shop tell us of refunds and parcels."""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.signed import ShopView, SignedView
from compensation.grants import parcels, shipping
from compensation.models import Grant, GrantStatus, RefundOrder, RefundStatus
from compensation.refunds import gateway, sending
from compensation.refunds import queries as refunds
from config.common.api import describe
from config.common.errors import Invalid, WrongState
from config.common.idempotency import once
from config.common.signed import HEADERS


class RefundWordSerializer(serializers.Serializer[Any]):
    """What became of a refund."""

    number = serializers.CharField(help_text="As it was sent.")
    status = serializers.ChoiceField(choices=["succeeded", "failed", "pending"])
    amount_fen = serializers.IntegerField(required=False, help_text="When it succeeded; must be the same.")
    reference = serializers.CharField(required=False, help_text="The number over there.")
    reason = serializers.CharField(required=False, help_text="Why it failed, for people.")


class RefundStateSerializer(serializers.Serializer[Any]):
    """A refund as it stands now."""

    number = serializers.CharField()
    status = serializers.ChoiceField(choices=RefundStatus.choices)


class ParcelWordSerializer(serializers.Serializer[Any]):
    """What became of a parcel."""

    number = serializers.CharField(help_text="As it was asked for.")
    status = serializers.ChoiceField(choices=["taken", "sent", "refused", "lost"])
    reference = serializers.CharField(
        required=False, allow_blank=True, max_length=100, help_text="The shop's or the tracking number."
    )
    reason = serializers.CharField(
        required=False, max_length=200, help_text="Needed when it is refused or lost."
    )


class ParcelStateSerializer(serializers.Serializer[Any]):
    """A parcel as it stands now."""

    number = serializers.CharField()
    status = serializers.ChoiceField(choices=GrantStatus.choices)


def _told(summary: str, word: Any, state: Any, name: str) -> Callable[..., Any]:
    """An operation for the schema: somebody says a word, and hears how it stands."""
    refused = (400, 401, 404, 409, 413, 422)
    return describe(
        summary, "shop", state, *refused, request=word, parameters=HEADERS, operation_id=name, auth=[]
    )


class _RefundWord(SignedView):
    """Somebody says what became of a refund."""

    def answer(self, request: Request, *, of_gateway: bool) -> Response:
        """Take it down once; whatever comes of it, how the refund stands is answered."""
        content, message_id, at = self.told(request)
        refund = refunds.by_number(content.get("number"))
        if of_gateway != (refund.handed_at is not None):
            raise WrongState
        try:
            word = gateway.understood(content, refund)
        except gateway.NoAnswer as error:
            raise Invalid(str(error)) from error
        if word.said == gateway.Said.NOT_FOUND:
            raise Invalid

        def perform() -> RefundOrder:
            sending.take(refund, word, at=at)
            return refund

        with transaction.atomic():
            once(
                scope=f"signed:{self.who}",
                key=message_id,
                content=content,
                model=RefundOrder,
                perform=perform,
            )
        stands = refunds.by_number(refund.number)
        return Response({"number": stands.number, "status": stands.status})


class GatewayView(_RefundWord):
    """The payment gateway's own address."""

    who = "gateway"

    def secrets(self) -> Sequence[str]:
        """The gateway's keys."""
        return list(settings.REFUND_GATEWAY_SECRETS)

    @_told(
        "The gateway says what became of a refund",
        RefundWordSerializer,
        RefundStateSerializer,
        "gateway_refund",
    )
    def post(self, request: Request) -> Response:
        """Take down what the gateway says; again changes nothing."""
        return self.answer(request, of_gateway=True)


class ShopRefundView(_RefundWord, ShopView):
    """The shop says that it paid a refund which waits for somebody to pay it."""

    @_told(
        "The shop has paid a refund, or cannot", RefundWordSerializer, RefundStateSerializer, "shop_refund"
    )
    def post(self, request: Request) -> Response:
        """Take down what the shop says; not of refunds that the gateway has."""
        return self.answer(request, of_gateway=False)


class ShopParcelView(ShopView):
    """The shop says what became of a reshipment or gift."""

    @_told("What became of a reshipment or gift", ParcelWordSerializer, ParcelStateSerializer, "shop_parcel")
    def post(self, request: Request) -> Response:
        """Take down what the shop says; again changes nothing."""
        content, message_id, at = self.told(request)
        asked = ParcelWordSerializer(data=content)
        asked.is_valid(raise_exception=True)
        word = asked.validated_data
        grant = parcels.by_number(word["number"])

        def perform() -> Grant:
            return shipping.told(
                grant=grant,
                what=word["status"],
                reference=word.get("reference", ""),
                reason=word.get("reason", ""),
                actor=None,
                at=at,
            )

        with transaction.atomic():
            done, _again = once(
                scope="signed:shop", key=message_id, content=content, model=Grant, perform=perform
            )
        return Response({"number": parcels.number_of(done), "status": done.status})
