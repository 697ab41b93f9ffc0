"""How claims, what they promise and what the audit found are written for members of staff."""

from typing import Any

from rest_framework import serializers

from feedback.api.voice_serializers import IntervalSerializer
from feedback.claims import auditing, commands
from feedback.claims.audit import Found
from feedback.claims.parsing import Said
from feedback.claims.queries import Compared
from feedback.models import (
    Claim,
    ClaimChannel,
    ClaimValue,
    Finding,
    FindingKind,
    FindingStatus,
    Measure,
    ValueState,
)

VERDICTS = [(one.value, one.label) for one in (ValueState.CONFIRMED, ValueState.REFUSED)]


class ClaimValueSerializer(serializers.ModelSerializer[ClaimValue]):
    """What a claim promises, or seems to."""

    decided_by = serializers.SerializerMethodField()

    class Meta:
        model = ClaimValue
        fields = ["id", "measure", "number", "text", "start", "end", "state", "decided_by", "decided_at"]

    def get_decided_by(self, value: ClaimValue) -> str:
        """By name."""
        return str(value.decided_by or "")


class FindingSerializer(serializers.ModelSerializer[Finding]):
    """Something that the audit found in a text."""

    words = serializers.SerializerMethodField(help_text="As they stand in the text.")
    article = serializers.SerializerMethodField(help_text="Of the law; of a contradiction, the measure.")
    why = serializers.SerializerMethodField(help_text="Of a contradiction, what the facts say.")
    suggestion = serializers.SerializerMethodField()
    decided_by = serializers.SerializerMethodField()

    class Meta:
        model = Finding
        fields = [
            "id", "claim", "kind", "code", "words", "start", "end", "excerpt", "article", "why", "suggestion",
            "found_at", "gone_at", "status", "reason", "decided_by", "decided_at",
        ]  # fmt: skip

    def get_words(self, row: Finding) -> str:
        """Of the text that there is now, if it is still there."""
        return row.claim.text[row.start : row.end] if row.gone_at is None else ""

    def get_article(self, row: Finding) -> str:
        """Where it is forbidden."""
        return str(row.data.get("source", ""))

    def get_why(self, row: Finding) -> str:
        """In words."""
        return str(row.data.get("why", ""))

    def get_suggestion(self, row: Finding) -> str:
        """What to say instead."""
        return str(row.data.get("suggestion", ""))

    def get_decided_by(self, row: Finding) -> str:
        """By name."""
        return str(row.decided_by or "")


class StaffClaimSerializer(serializers.ModelSerializer[Claim]):
    """What a channel says."""

    product = serializers.SerializerMethodField(help_text="The shop's number; empty: see category.")
    findings_open = serializers.IntegerField(source="n_findings", help_text="Found and not settled.")
    promises = serializers.IntegerField(source="n_promises", help_text="Confirmed by people.")
    suggestions = serializers.IntegerField(source="n_suggestions", help_text="To be confirmed.")

    class Meta:
        model = Claim
        fields = [
            "id", "key", "channel", "product", "category", "order_channel", "source", "url", "text",
            "valid_from", "valid_to", "audited_at", "findings_open", "promises", "suggestions",
        ]  # fmt: skip

    def get_product(self, claim: Claim) -> str:
        """By its number."""
        return claim.product.external_id if claim.product else ""


class StaffClaimDetailSerializer(StaffClaimSerializer):
    """A claim with what it promises and what was found, now and before."""

    values = ClaimValueSerializer(many=True)
    findings = FindingSerializer(many=True)

    class Meta(StaffClaimSerializer.Meta):
        fields = [*StaffClaimSerializer.Meta.fields, "values", "findings"]


class AddValueSerializer(serializers.Serializer[Any]):
    """A promise that the suggestions did not see."""

    measure = serializers.ChoiceField(choices=Measure.choices)
    number = serializers.DecimalField(
        max_digits=12, decimal_places=2, min_value=0, required=False, allow_null=True, default=None
    )
    text = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class DecideValueSerializer(serializers.Serializer[Any]):
    """Whether it is promised, and how much exactly."""

    state = serializers.ChoiceField(choices=VERDICTS)
    number = serializers.DecimalField(
        max_digits=12, decimal_places=2, min_value=0, required=False, allow_null=True, default=None
    )


class DecideFindingSerializer(serializers.Serializer[Any]):
    """What becomes of a finding; waiving takes a reason and a right of its own."""

    status = serializers.ChoiceField(choices=FindingStatus.choices)
    reason = serializers.CharField(max_length=auditing.LONGEST, required=False, allow_blank=True, default="")


class CheckSerializer(serializers.Serializer[Any]):
    """A text that is not published yet."""

    text = serializers.CharField(max_length=commands.LONGEST)
    product = serializers.CharField(
        max_length=64, required=False, allow_blank=True, default="", help_text="The shop's number."
    )
    category = serializers.CharField(
        max_length=80, required=False, allow_blank=True, default="", help_text="Without a product."
    )


class FoundWordsSerializer(serializers.Serializer[Found]):
    """Something that would be found."""

    kind = serializers.ChoiceField(choices=FindingKind.choices)
    code = serializers.CharField()
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    excerpt = serializers.CharField()
    article = serializers.CharField(source="source")
    why = serializers.CharField()
    suggestion = serializers.CharField()


class SaidSerializer(serializers.Serializer[Said]):
    """Something that a text seems to promise."""

    measure = serializers.ChoiceField(choices=Measure.choices)
    number = serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True)
    text = serializers.CharField()
    start = serializers.IntegerField()
    end = serializers.IntegerField()


class CheckedSerializer(serializers.Serializer[Any]):
    """What would be found in a text, and what it seems to promise."""

    findings = FoundWordsSerializer(many=True)
    promises = SaidSerializer(many=True)


class ComparedSerializer(serializers.Serializer[Compared]):
    """A channel: what it promises, how often that is broken, how content people are."""

    channel = serializers.ChoiceField(choices=[*ClaimChannel.choices, ("order", "order")])
    claims = serializers.IntegerField()
    findings = serializers.IntegerField(help_text="Not settled.")
    delivery_hours = IntervalSerializer(source="hours", help_text="As promised.")
    stars_promised = IntervalSerializer()
    gap_rate = IntervalSerializer(source="kept", help_text="Of promises of delivery, shipping and price.")
    stars = IntervalSerializer(help_text="Of the reviews of orders that it promised something about.")
    below = IntervalSerializer(source="short", help_text="Of those reviews: below what was expected.")
