"""How gaps, hot spots and overturned gaps are written for members of staff, and what they send."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from feedback.api.voice_serializers import IntervalSerializer
from feedback.gaps import commands, overturning, words
from feedback.gaps.hot_spots import Search, Spot
from feedback.models import (
    GAP_UNITS,
    Aspect,
    Gap,
    GapCause,
    GapKind,
    Overturned,
    OverturnedState,
    Promise,
    SpotBy,
)

VERDICTS = [(one.value, one.label) for one in (OverturnedState.STANDS, OverturnedState.TAKEN_BACK)]


class PromiseSerializer(serializers.ModelSerializer[Promise]):
    """What was promised, and by whom."""

    claim = serializers.IntegerField(source="claim_id", allow_null=True)

    class Meta:
        model = Promise
        fields = ["id", "source", "claim", "due_at", "expected_fen"]


class StaffGapSerializer(serializers.ModelSerializer[Gap]):
    """An expectation that was not met."""

    member = serializers.CharField(source="member.external_id")
    order = serializers.SerializerMethodField(help_text="The shop's number; empty: about no order.")
    case = serializers.SerializerMethodField(help_text="The number of its case; empty: it has none.")
    size = serializers.SerializerMethodField(help_text="How far off, for people; up to now while it goes on.")
    unit = serializers.SerializerMethodField(help_text="What thresholds of its aspect are in.")
    promise = PromiseSerializer(allow_null=True)
    is_standing = serializers.SerializerMethodField(help_text="Neither withdrawn nor said to be none.")

    class Meta:
        model = Gap
        fields = [
            "id", "member", "order", "aspect", "kind", "cause", "severity", "expected_at", "actual_at",
            "days", "expected", "actual", "size", "unit", "promise", "review", "clock", "case",
            "detected_at", "changed_at", "is_standing", "withdrawn_at", "dismissed_at", "dismissed_why",
        ]  # fmt: skip

    def get_order(self, gap: Gap) -> str:
        """By its number."""
        return gap.order.external_id if gap.order else ""

    def get_case(self, gap: Gap) -> str:
        """By its number; what it is about, the case itself tells those who may read it."""
        return gap.case.number if gap.case else ""

    def get_size(self, gap: Gap) -> str:
        """In words."""
        return words.size(gap, timezone.now())

    def get_unit(self, gap: Gap) -> str:
        """In words."""
        return str(GAP_UNITS[Aspect(gap.aspect)])

    def get_is_standing(self, gap: Gap) -> bool:
        """Whether it stands."""
        return gap.withdrawn_at is None


class ClassifySerializer(serializers.Serializer[Any]):
    """What kind of gap it is, and what caused it."""

    kind = serializers.ChoiceField(choices=GapKind.choices)
    cause = serializers.ChoiceField(choices=GapCause.choices, allow_blank=True, help_text="Empty: unknown.")


class DismissSerializer(serializers.Serializer[Any]):
    """Why it is no gap."""

    why = serializers.CharField(max_length=commands.LONGEST)


class SpotSerializer(serializers.Serializer[Spot]):
    """One product, courier, region, … in the week."""

    by = serializers.ChoiceField(choices=SpotBy.choices)
    value = serializers.CharField(help_text="Of a product or department its key; else the name itself.")
    name = serializers.CharField()
    gaps = serializers.IntegerField(source="counts.gaps")
    rate = IntervalSerializer()
    usual = IntervalSerializer(help_text="Of the weeks before.")
    chance = serializers.FloatField(help_text="That it is so by chance, adjusted for how many were tested.")
    grown = serializers.BooleanField()


class HotSpotsSerializer(serializers.Serializer[Search]):
    """The spots of a week, those that have grown first."""

    since = serializers.DateField()
    until = serializers.DateField()
    tested = serializers.IntegerField()
    varies = serializers.FloatField(help_text="The variance of a week's rate beyond chance.")
    spots = SpotSerializer(many=True)


class GivenSerializer(serializers.Serializer[Any]):
    """Something that was given, or asked for."""

    grant = serializers.IntegerField(source="pk")
    what = serializers.CharField()
    status = serializers.CharField()


class OverturnedSerializer(serializers.ModelSerializer[Overturned]):
    """A gap that turned out to be none after something was done for it."""

    gap = StaffGapSerializer()
    case = serializers.SerializerMethodField(help_text="The number of its case; empty: it has none.")
    given = serializers.SerializerMethodField(help_text="What stands of what was given.")
    decided_by = serializers.SerializerMethodField()

    class Meta:
        model = Overturned
        fields = ["id", "gap", "case", "given", "why", "at", "state", "note", "decided_by", "decided_at"]

    def get_case(self, row: Overturned) -> str:
        """By its number."""
        return row.case.number if row.case else ""

    @extend_schema_field(GivenSerializer(many=True))
    def get_given(self, row: Overturned) -> Any:
        """Each with how it stands."""
        known = self.context.get("given")
        given = overturning.given_for(row) if known is None else known.get(row.gap_id, [])
        return GivenSerializer(given, many=True).data

    def get_decided_by(self, row: Overturned) -> str:
        """By name."""
        return str(row.decided_by or "")


class DecideOverturnedSerializer(serializers.Serializer[Any]):
    """What becomes of it."""

    state = serializers.ChoiceField(choices=VERDICTS)
    note = serializers.CharField(max_length=overturning.LONGEST)
