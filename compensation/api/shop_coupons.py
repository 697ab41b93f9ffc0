"""Coupons for the shop's till: what fits an order, and reserving, redeeming, releasing, undoing."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.signed import ShopView
from compensation.coupons import commands, queries, terms
from compensation.coupons.commands import Basket, Item
from compensation.coupons.queries import Quoted
from compensation.members.queries import by_number
from compensation.models import CouponUse, UseState
from config.common.api import IDEMPOTENCY_KEY, MoneyField, describe, idempotency_key
from config.common.errors import Invalid
from config.common.signed import HEADERS

MOST_FEN = 10**12
MOST_ITEMS, MOST_CODES = 500, 20
REFUSALS = (400, 401, 404, 409, 413, 422)
PARAMETERS: list[OpenApiParameter] = [*HEADERS, IDEMPOTENCY_KEY]


class CouponItemSerializer(serializers.Serializer[Any]):
    """Goods of an order."""

    amount_fen = serializers.IntegerField(
        min_value=0, max_value=MOST_FEN, help_text="Of the whole line, before coupons."
    )
    category = serializers.CharField(required=False, allow_blank=True, max_length=80)
    product = serializers.CharField(
        required=False, max_length=64, help_text="The shop's number; tells the category of what we know."
    )


class CouponBasketSerializer(serializers.Serializer[Any]):
    """An order as it would be without coupons."""

    items = serializers.ListField(child=CouponItemSerializer(), min_length=1, max_length=MOST_ITEMS)
    freight_fen = serializers.IntegerField(min_value=0, max_value=MOST_FEN, default=0)


class CouponQuoteInSerializer(CouponBasketSerializer):
    """Which coupons are asked about."""

    member = serializers.CharField(max_length=64, help_text="The member's number in the shop.")
    codes = serializers.ListField(
        child=serializers.CharField(max_length=40),
        required=False,
        allow_empty=False,
        max_length=MOST_CODES,
        help_text="These; of two that clash the first goes. Else all of the member's.",
    )


class CouponOrderSerializer(serializers.Serializer[Any]):
    """Which coupon, for which order."""

    code = serializers.CharField(max_length=40)
    order = serializers.CharField(max_length=64, help_text="The shop's number of the order.")


class CouponReserveSerializer(CouponOrderSerializer, CouponBasketSerializer):
    """A coupon for an order and what that comes to."""

    member = serializers.CharField(required=False, max_length=64, help_text="Whose it must be.")


class CouponRedeemSerializer(CouponOrderSerializer):
    """A coupon for an order; without items it takes off what it was reserved for."""

    items = serializers.ListField(
        child=CouponItemSerializer(), required=False, min_length=1, max_length=MOST_ITEMS
    )
    freight_fen = serializers.IntegerField(min_value=0, max_value=MOST_FEN, default=0)
    member = serializers.CharField(required=False, max_length=64, help_text="Whose it must be.")


class CouponUseSerializer(serializers.ModelSerializer[CouponUse]):
    """A coupon on an order, as that stands now."""

    code = serializers.CharField(source="coupon.code")
    order = serializers.CharField(source="order_ref")
    state = serializers.ChoiceField(choices=UseState.choices)
    taken_off = MoneyField(source="taken_fen")

    class Meta:
        model = CouponUse
        fields = ["code", "order", "state", "taken_off", "reserved_until", "redeemed_at", "ended_at"]


class CouponRefusedSerializer(serializers.Serializer[Any]):
    """Why a coupon cannot be used."""

    code = serializers.CharField(help_text="For programs, such as spend_too_small.")
    reason = serializers.CharField(help_text="More exactly, such as same_group.")
    detail = serializers.CharField(help_text="For people.")


class CouponQuotedSerializer(serializers.Serializer[Quoted]):
    """A coupon, and what it would take off by itself."""

    code = serializers.CharField(source="coupon.code")
    name = serializers.CharField(source="coupon.terms")
    terms = serializers.SerializerMethodField(help_text="In words.")
    expires_at = serializers.DateTimeField(source="coupon.expires_at")
    takes_off = MoneyField(source="fen")
    refused = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_terms(self, one: Quoted) -> list[str]:
        """On what terms it can be used."""
        return terms.of_coupon(one.coupon)

    @extend_schema_field(CouponRefusedSerializer(allow_null=True))
    def get_refused(self, one: Quoted) -> Any:
        """Why it cannot be used, or null."""
        if one.refused is None:
            return None
        why = {"code": one.refused.code, "detail": str(one.refused)}
        return CouponRefusedSerializer(
            {**why, "reason": one.refused.details.get("reason", one.refused.code)}
        ).data


class CouponTakenSerializer(serializers.Serializer[Quoted]):
    """What a coupon takes off after those before it."""

    code = serializers.CharField(source="coupon.code")
    takes_off = MoneyField(source="fen")


class CouponQuoteSerializer(serializers.Serializer[Any]):
    """What coupons would do for an order."""

    coupons = CouponQuotedSerializer(source="each", many=True)
    together = CouponTakenSerializer(
        many=True, help_text="Which to use together: reserve them in this order."
    )
    total = MoneyField(source="total_fen")


class CouponDeskView(ShopView):
    """What the shop's till asks and tells."""


class QuoteView(CouponDeskView):
    """What fits an order."""

    @describe(
        "What coupons take off an order, and why not",
        "shop",
        CouponQuoteSerializer,
        *(400, 401, 404, 413),
        request=CouponQuoteInSerializer,
        parameters=HEADERS,
        operation_id="shop_coupons_quote",
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Each coupon by itself, and which to use together. Nothing is reserved."""
        content, _key, at = self.told(request)
        asked = _valid(CouponQuoteInSerializer(data=content))
        member = by_number(asked["member"])
        found = queries.quote(member=member, basket=_basket(asked), at=at, wanted=asked.get("codes"))
        return Response(CouponQuoteSerializer(found).data)


def _act(summary: str, name: str, asks: type[serializers.Serializer[Any]]) -> Callable[..., Any]:
    return describe(
        summary,
        "shop",
        CouponUseSerializer,
        *REFUSALS,
        request=asks,
        parameters=PARAMETERS,
        operation_id=f"shop_coupons_{name}",
        auth=[],
    )


class ReserveView(CouponDeskView):
    """Keep a coupon for an order."""

    @_act("Reserve a coupon for an order", "reserve", CouponReserveSerializer)
    def post(self, request: Request) -> Response:
        """Keep it for a while; the same order again reckons anew."""
        content, key, at = _keyed(self, request)
        asked = _valid(CouponReserveSerializer(data=content))
        use = commands.reserve(
            **_which(asked), basket=_basket(asked), key=key, at=at, member_id=_whose(asked)
        )
        return Response(CouponUseSerializer(use).data)


class RedeemView(CouponDeskView):
    """Use a coupon for an order."""

    @_act("Redeem a coupon for an order", "redeem", CouponRedeemSerializer)
    def post(self, request: Request) -> Response:
        """Use it, reserved before or not."""
        content, key, at = _keyed(self, request)
        asked = _valid(CouponRedeemSerializer(data=content))
        basket = _basket(asked) if "items" in asked else None
        use = commands.redeem(**_which(asked), basket=basket, key=key, at=at, member_id=_whose(asked))
        return Response(CouponUseSerializer(use).data)


class ReleaseView(CouponDeskView):
    """Give a reservation up."""

    @_act("Release a reserved coupon", "release", CouponOrderSerializer)
    def post(self, request: Request) -> Response:
        """The order is not placed: the coupon can be used elsewhere."""
        content, key, at = _keyed(self, request)
        use = commands.release(**_which(_valid(CouponOrderSerializer(data=content))), key=key, at=at)
        return Response(CouponUseSerializer(use).data)


class ReverseView(CouponDeskView):
    """Undo a use."""

    @_act("Undo the use of a coupon", "reverse", CouponOrderSerializer)
    def post(self, request: Request) -> Response:
        """The order was cancelled or returned: the member has the coupon again, until its end."""
        content, key, at = _keyed(self, request)
        use = commands.reverse(**_which(_valid(CouponOrderSerializer(data=content))), key=key, at=at)
        return Response(CouponUseSerializer(use).data)


def _valid(asked: serializers.Serializer[Any]) -> dict[str, Any]:
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def _keyed(view: CouponDeskView, request: Request) -> tuple[dict[str, Any], str, Any]:
    """What was told, its key and the moment. The id that was signed is the key, so that nobody changes it."""
    content, message_id, at = view.told(request)
    if (idempotency_key(request) or message_id) != message_id:
        raise Invalid(_("The Idempotency-Key must be the webhook-id, which is signed."))
    return content, message_id, at


def _which(asked: dict[str, Any]) -> dict[str, Any]:
    return {"code": asked["code"], "order_ref": asked["order"]}


def _whose(asked: dict[str, Any]) -> int | None:
    return by_number(asked["member"]).pk if "member" in asked else None


def _basket(asked: dict[str, Any]) -> Basket:
    """The order as the shop says it."""
    items = (
        Item(item["amount_fen"], item.get("category", ""), item.get("product", "")) for item in asked["items"]
    )
    return Basket(tuple(items), asked["freight_fen"])
