"""Facts and claims of the shop's systems: product pages, adverts, KOLs and livestreams, marketplaces."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.signed import ShopView
from config.common.api import describe
from config.common.errors import Invalid
from config.common.signed import HEADERS
from feedback.claims import arriving
from feedback.claims.commands import LONGEST
from feedback.claims.facts import LONGEST as LONGEST_FACT
from feedback.models import ClaimChannel

MOST_BYTES = 2_000_000


class InTimeSerializer(serializers.Serializer[Any]):
    """Something that holds in a time, under the shop's key."""

    key = serializers.CharField(max_length=120, help_text="The same key is the same row.")
    valid_from = serializers.DateTimeField()
    valid_to = serializers.DateTimeField(required=False, allow_null=True, default=None)


class FactInSerializer(InTimeSerializer):
    """What is true of a product."""

    product = serializers.CharField(max_length=64, help_text="The shop's number.")
    kind = serializers.CharField(max_length=50, help_text="The code of a kind of facts, such as price.")
    text = serializers.CharField(max_length=LONGEST_FACT)


class ClaimInSerializer(InTimeSerializer):
    """What a channel says."""

    channel = serializers.ChoiceField(choices=ClaimChannel.choices)
    product = serializers.CharField(
        max_length=64, required=False, allow_blank=True, help_text="The shop's number; else see category."
    )
    category = serializers.CharField(
        max_length=80, required=False, allow_blank=True, default="", help_text="Without both: everything."
    )
    order_channel = serializers.CharField(max_length=32, required=False, allow_blank=True, default="")
    source = serializers.CharField(  # type: ignore[assignment]  # a declared field is no attribute
        max_length=200, required=False, allow_blank=True, default=""
    )
    url = serializers.URLField(max_length=500, required=False, allow_blank=True, default="")
    text = serializers.CharField(max_length=LONGEST)


class FactsInSerializer(serializers.Serializer[Any]):
    """Up to 1,000 facts."""

    facts = serializers.ListField(child=FactInSerializer(), min_length=1, max_length=arriving.MOST)


class ClaimsInSerializer(serializers.Serializer[Any]):
    """Up to 1,000 claims."""

    claims = serializers.ListField(child=ClaimInSerializer(), min_length=1, max_length=arriving.MOST)


class RowRefusedSerializer(serializers.Serializer[Any]):
    """A row that was not taken."""

    place = serializers.IntegerField(help_text="From 0.")
    field = serializers.CharField(allow_blank=True)
    detail = serializers.CharField(help_text="For people.")


class RowsTakenSerializer(serializers.Serializer[Any]):
    """What became of the rows."""

    changed = serializers.IntegerField(help_text="New, or not as before.")
    same = serializers.IntegerField(help_text="Known already.")
    refused = RowRefusedSerializer(many=True)


class RowsView(ShopView):
    """Rows of the shop's systems."""

    most_bytes = MOST_BYTES

    def take(
        self, request: Request, asks: type[serializers.Serializer[Any]], name: str, put: Any
    ) -> Response:
        """Take the rows; each refused one is told by its place, the others are kept."""
        content, _key, at = self.told(request)
        asked = asks(data=content)
        asked.is_valid(raise_exception=True)
        rows = asked.validated_data[name]
        if "\0" in "".join(str(value) for row in rows for value in row.values()):
            raise Invalid
        taken = put(rows=rows, actor=None, at=at)
        refused = [{"place": place, "field": where, "detail": why} for place, where, why in taken.refused]
        answer = {"changed": taken.changed, "same": taken.same, "refused": refused}
        return Response(RowsTakenSerializer(answer).data)


class FactsView(RowsView):
    """What is true of products."""

    @describe(
        "Facts of products, up to 1,000 at once; the same key again corrects",
        "shop",
        RowsTakenSerializer,
        *(400, 401, 413),
        request=FactsInSerializer,
        parameters=HEADERS,
        operation_id="shop_facts",
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Facts in versions: what was true before ends when the new one begins."""
        return self.take(request, FactsInSerializer, "facts", arriving.take_facts)


class ClaimsView(RowsView):
    """What channels claim."""

    @describe(
        "Claims of channels, up to 1,000 at once; the same key again changes nothing",
        "shop",
        RowsTakenSerializer,
        *(400, 401, 413),
        request=ClaimsInSerializer,
        parameters=HEADERS,
        operation_id="shop_claims",
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Claims are audited, and people confirm what they promise."""
        return self.take(request, ClaimsInSerializer, "claims", arriving.take_claims)
