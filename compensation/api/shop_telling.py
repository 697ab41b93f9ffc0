"""What the shop tells of members and of parcels, some hundred rows at a time."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.signed import ShopView
from compensation.shop_import import telling
from compensation.shop_import.telling import Verdict
from config.common.api import describe
from config.common.errors import Invalid
from config.common.signed import HEADERS

NUMBER, MEGABYTE = 64, 1024 * 1024
MOST_EVENTS = 200
AS_OF = "When the shop knew it so: what is older than what was told before is not taken."


class ToldMemberSerializer(serializers.Serializer[Any]):
    """A member as the shop knows them at a moment. What is left out stays as it is."""

    as_of = serializers.DateTimeField(help_text=AS_OF)
    member = serializers.CharField(max_length=NUMBER, source="external_id", help_text="Their number.")
    name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=32, required=False, allow_blank=True)
    email = serializers.EmailField(required=False, allow_blank=True)
    birthday = serializers.DateField(required=False, allow_null=True)
    registered_at = serializers.DateTimeField(required=False, help_text="Needed of one not known yet.")
    region = serializers.CharField(max_length=NUMBER, required=False, allow_blank=True)
    city = serializers.CharField(max_length=NUMBER, required=False, allow_blank=True)
    language = serializers.CharField(max_length=16, required=False)
    consent_marketing = serializers.BooleanField(required=False)
    referrer = serializers.CharField(max_length=NUMBER, required=False, help_text="Who referred them.")


class CarrierEventSerializer(serializers.Serializer[Any]):
    """What the carrier reported."""

    at = serializers.DateTimeField()
    code = serializers.CharField(max_length=32, help_text="The carrier's own; once for a moment.")
    text = serializers.CharField(max_length=200, required=False, allow_blank=True)
    place = serializers.CharField(max_length=100, required=False, allow_blank=True)


class ToldShipmentSerializer(serializers.Serializer[Any]):
    """A parcel as it is known at a moment. What is left out stays as it is."""

    as_of = serializers.DateTimeField(help_text=AS_OF)
    order = serializers.CharField(max_length=NUMBER, help_text="The order's number.")
    parcel = serializers.CharField(max_length=NUMBER, source="external_id", help_text="The parcel's number.")
    carrier = serializers.CharField(max_length=NUMBER, required=False, allow_blank=True)
    tracking_number = serializers.CharField(max_length=NUMBER, required=False, allow_blank=True)
    shipped_at = serializers.DateTimeField(required=False, allow_null=True)
    delivered_at = serializers.DateTimeField(required=False, allow_null=True)
    events = serializers.ListField(child=CarrierEventSerializer(), required=False, max_length=MOST_EVENTS)


VERDICTS = [telling.TAKEN, telling.SAME, telling.OLDER, telling.REFUSED]


def _results(name: str) -> Any:
    row: dict[str, serializers.Field[Any, Any, Any, Any]] = {
        "result": serializers.ChoiceField(choices=VERDICTS),
        "why": serializers.CharField(help_text="Why it, or a part of it, was refused; empty otherwise."),
    }
    return inline_serializer(f"Told{name}", {"results": inline_serializer(f"Told{name}Row", row, many=True)})


def _asked(name: str, key: str, row: type[serializers.Serializer[Any]]) -> Any:
    return inline_serializer(name, {key: row(many=True)})


class ToldView(ShopView):
    """Rows of which each has its own verdict."""

    most_bytes = MEGABYTE

    def rows(
        self, content: dict[str, Any], key: str, serializer: type[serializers.Serializer[Any]]
    ) -> tuple[list[Verdict], list[tuple[Verdict, dict[str, Any]]]]:
        """A verdict for each row, and those rows that are well formed.

        Raises:
            Invalid: no rows, or too many.
        """
        told = content.get(key)
        if not isinstance(told, list) or not 0 < len(told) <= telling.MOST:
            raise Invalid(_("Between 1 and %(most)s rows.") % {"most": telling.MOST}, field=key)
        verdicts, good = [], []
        for row in told:
            one, verdict = serializer(data=row), Verdict()
            verdicts.append(verdict)
            if one.is_valid():
                good.append((verdict, dict(one.validated_data)))
            else:
                name, why = next(iter(one.errors.items()))
                verdict.refuse(f"{name}: {_first(why)}")
        return verdicts, good


def _first(told: Any) -> Any:
    """The first fault of some."""
    while isinstance(told, dict | list) and told:
        told = next(iter(told.values())) if isinstance(told, dict) else told[0]
    return told


def _answer(
    verdicts: Sequence[Verdict], good: Sequence[tuple[Verdict, Any]], done: Sequence[Verdict]
) -> Response:
    for (verdict, _row), one in zip(good, done, strict=True):
        verdict.result, verdict.why = one.result, one.why
    return Response({"results": [{"result": one.result, "why": one.why} for one in verdicts]})


class ShopMembersView(ToldView):
    """Something about members is new."""

    @describe(
        "Members, as the shop knows them",
        "shop",
        _results("Members"),
        *(400, 401, 413),
        request=_asked("ToldMembersIn", "members", ToldMemberSerializer),
        parameters=HEADERS,
        operation_id="shop_members",
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Take note of up to 500; again, or after something newer, changes nothing."""
        content, _message_id, at = self.told(request)
        verdicts, good = self.rows(content, "members", ToldMemberSerializer)
        done = telling.record_members(rows=[row for _verdict, row in good], actor=None, at=at)
        return _answer(verdicts, good, done)


class ShopShipmentsView(ToldView):
    """Something about parcels is new."""

    @describe(
        "Parcels, and what carriers report of them",
        "shop",
        _results("Shipments"),
        *(400, 401, 413),
        request=_asked("ToldShipmentsIn", "shipments", ToldShipmentSerializer),
        parameters=HEADERS,
        operation_id="shop_shipments",
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Take note of up to 500 parcels; orders that they are of are looked at for gaps again."""
        content, _message_id, at = self.told(request)
        verdicts, good = self.rows(content, "shipments", ToldShipmentSerializer)
        done = telling.record_shipments(rows=[row for _verdict, row in good], actor=None, at=at)
        return _answer(verdicts, good, done)
