"""How members, orders, coupons, points and notices are shown."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from compensation.coupons import terms
from compensation.coupons.queries import Standing, stands
from compensation.members import rules
from compensation.models import (
    Coupon,
    CouponKind,
    CouponStatus,
    Member,
    Notice,
    Order,
    OrderLine,
    OrderStatus,
    Shipment,
    ShipmentEvent,
    Tier,
)
from compensation.orders.journey import NAMES, journey
from compensation.refunds.words import Stand, told
from config.common.api import MoneyField

LANGUAGES = [code for code, _name in settings.LANGUAGES]


class CodeRequestSerializer(serializers.Serializer[Any]):
    """Where to send a sign-in code."""

    contact = serializers.CharField(
        max_length=rules.LONGEST_CONTACT, help_text="Phone number or e-mail address."
    )


class CodeSentSerializer(serializers.Serializer[Any]):
    """The answer to asking for a code, the same for contacts that nobody has."""

    expires_at = serializers.DateTimeField(help_text="Until when the code works, if one was sent.")


class CodeSignInSerializer(serializers.Serializer[Any]):
    """A code that was received."""

    contact = serializers.CharField(max_length=rules.LONGEST_CONTACT)
    code = serializers.CharField(max_length=12)


class ShopSignInSerializer(serializers.Serializer[Any]):
    """A JSON web token that the shop has signed for one of its members."""

    token = serializers.CharField(max_length=4096)


class TierSerializer(serializers.ModelSerializer[Tier]):
    """A level of loyalty."""

    name = serializers.CharField(source="__str__")

    class Meta:
        model = Tier
        fields = ["code", "name", "rank"]


class MemberSerializer(serializers.ModelSerializer[Member]):
    """The member who is signed in."""

    phone = serializers.SerializerMethodField(help_text="With its middle hidden.")
    email = serializers.SerializerMethodField(help_text="With its middle hidden.")
    tier = TierSerializer(read_only=True)
    language = serializers.ChoiceField(choices=LANGUAGES)

    class Meta:
        model = Member
        fields = ["external_id", "name", "phone", "email", "registered_at", "tier", "language"]
        read_only_fields = ["external_id", "name", "registered_at"]

    def get_phone(self, member: Member) -> str:
        """The number as only its owner recognises it."""
        return rules.masked(member.phone) if member.phone else ""

    def get_email(self, member: Member) -> str:
        """The address as only its owner recognises it."""
        return rules.masked(member.email) if member.email else ""


class SignedInSerializer(serializers.Serializer[Any]):
    """An open session. The token is shown this once."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()
    member = MemberSerializer()


class OrderSerializer(serializers.ModelSerializer[Order]):
    """An order in a list."""

    number = serializers.CharField(source="external_id")
    status = serializers.ChoiceField(choices=OrderStatus.choices)
    total = MoneyField(source="total_fen")
    freight = MoneyField(source="freight_fen")
    titles = serializers.SerializerMethodField(help_text="What was bought.")

    class Meta:
        model = Order
        fields = ["id", "number", "status", "placed_at", "total", "freight", "titles"]

    def get_titles(self, order: Order) -> list[str]:
        """The products' names."""
        return [str(line.product) for line in order.lines.all()]


class ShipmentEventSerializer(serializers.ModelSerializer[ShipmentEvent]):
    """What the carrier reported."""

    class Meta:
        model = ShipmentEvent
        fields = ["at", "code", "text", "place"]


class ShipmentSerializer(serializers.ModelSerializer[Shipment]):
    """A parcel."""

    events = ShipmentEventSerializer(many=True, read_only=True)

    class Meta:
        model = Shipment
        fields = ["id", "carrier", "tracking_number", "shipped_at", "delivered_at", "events"]


class OrderLineSerializer(serializers.ModelSerializer[OrderLine]):
    """One product of an order, with what was promised about it."""

    product = serializers.CharField(source="product.__str__")
    paid = MoneyField(source="paid_fen")
    promised_to_ship_by = serializers.DateTimeField(source="ship_by", allow_null=True)
    promised_to_deliver_by = serializers.DateTimeField(source="deliver_by", allow_null=True)

    class Meta:
        model = OrderLine
        fields = [
            "id",
            "product",
            "quantity",
            "paid",
            "shipment",
            "promised_to_ship_by",
            "promised_to_deliver_by",
        ]


class StepSerializer(serializers.Serializer[Any]):
    """A station of an order: what was promised and what happened."""

    name = serializers.ChoiceField(choices=list(NAMES))
    title = serializers.CharField()
    promised_at = serializers.DateTimeField(allow_null=True)
    happened_at = serializers.DateTimeField(allow_null=True)
    late_seconds = serializers.SerializerMethodField(help_text="0 when in time; until now if still to come.")

    @extend_schema_field(int)
    def get_late_seconds(self, step: Any) -> int:
        """How late, in whole seconds."""
        return int(step.late_by.total_seconds())


class RefundSerializer(serializers.Serializer[Any]):
    """Money that goes back to the member."""

    number = serializers.CharField()
    amount = MoneyField(source="amount_fen")
    status = serializers.ChoiceField(choices=[stand.value for stand in Stand])
    text = serializers.CharField(help_text="The same for people, in the language of the request.")
    started_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)


class OrderDetailSerializer(OrderSerializer):
    """An order with its parcels and the promises about it."""

    journey = serializers.SerializerMethodField()
    lines = OrderLineSerializer(many=True, read_only=True)
    shipments = ShipmentSerializer(many=True, read_only=True)
    refunds = serializers.SerializerMethodField(help_text="Newest first.")

    class Meta(OrderSerializer.Meta):
        fields = [*OrderSerializer.Meta.fields, "journey", "lines", "shipments", "refunds"]

    @extend_schema_field(RefundSerializer(many=True))
    def get_refunds(self, order: Order) -> Any:
        """What goes back of it."""
        return RefundSerializer(told(order.refunds.all()), many=True).data

    @extend_schema_field(StepSerializer(many=True))
    def get_journey(self, order: Order) -> Any:
        """The stations as of now."""
        return StepSerializer(journey(order, timezone.now()), many=True).data


class CouponSerializer(serializers.ModelSerializer[Coupon]):
    """A coupon of the member's, on the terms on which it was given."""

    name = serializers.CharField(source="terms.__str__")
    description = serializers.CharField(source="terms.told")
    kind = serializers.ChoiceField(source="terms.kind", choices=CouponKind.choices)
    worth = serializers.SerializerMethodField(help_text="What it takes off, in a few words.")
    terms = serializers.SerializerMethodField(help_text="In short sentences.")
    value = MoneyField(source="value_fen", help_text="What it takes off at most.")
    min_spend = MoneyField(source="min_spend_fen")
    status = serializers.ChoiceField(choices=CouponStatus.choices)
    standing = serializers.SerializerMethodField(
        help_text="usable; waiting for its first day or on an order; used; ended."
    )

    class Meta:
        model = Coupon
        fields = [
            "id",
            "name",
            "description",
            "code",
            "kind",
            "worth",
            "terms",
            "value",
            "min_spend",
            "status",
            "standing",
            "issued_at",
            "valid_from",
            "expires_at",
            "redeemed_at",
        ]

    def get_worth(self, coupon: Coupon) -> str:
        """Such as ¥5.00, or 20% off."""
        return terms.worth(coupon.terms, coupon.value_fen)

    def get_terms(self, coupon: Coupon) -> list[str]:
        """All but the time."""
        return terms.of_coupon(coupon)

    @extend_schema_field(serializers.ChoiceField(choices=list(Standing)))
    def get_standing(self, coupon: Coupon) -> str:
        """As of now."""
        return stands(coupon, timezone.now())


class StandingSerializer(serializers.Serializer[Any]):
    """A member's tier, what it brings, and how far it is to the next."""

    code = serializers.CharField(source="progress.tier.code")
    name = serializers.CharField(source="progress.tier", help_text="In the language of the request.")
    spending_fen = serializers.IntegerField(
        source="progress.spending_fen", help_text="Within the window that counts."
    )
    next_code = serializers.CharField(source="progress.next_tier.code", default=None, allow_null=True)
    next_name = serializers.CharField(source="progress.next_tier", allow_null=True)
    missing_fen = serializers.IntegerField(
        source="progress.missing_fen", help_text="Still to be spent for the next tier."
    )
    kept_until = serializers.DateTimeField(source="progress.kept_until", allow_null=True)
    free_shipping_from_fen = serializers.IntegerField(
        source="benefits.free_shipping_from_fen", allow_null=True
    )
    dedicated_agent = serializers.BooleanField(source="benefits.dedicated_agent")
    ship_within_hours = serializers.IntegerField(source="benefits.ship_within_hours", allow_null=True)
    event_access = serializers.BooleanField(source="benefits.event_access")


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    """Something the member was told."""

    class Meta:
        model = Notice
        fields = ["id", "kind", "title", "body", "path", "created_at", "read_at"]
