"""How readings are written, and what people say of them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from feedback.models import Feeling, GapCause, GapKind, Priority, Triage, VoiceAspect


class TriageSerializer(serializers.ModelSerializer[Triage]):
    """What a text is about and how it is meant; `decided` names what people have set right."""

    aspects = serializers.ListField(child=serializers.ChoiceField(choices=VoiceAspect.choices))
    feeling = serializers.ChoiceField(choices=Feeling.choices, allow_blank=True, help_text="Empty: not sure.")
    gap_kind = serializers.ChoiceField(choices=GapKind.choices, allow_blank=True)
    cause = serializers.ChoiceField(choices=GapCause.choices, allow_blank=True)
    urgency = serializers.ChoiceField(choices=Priority.choices)
    version = serializers.SerializerMethodField(help_text="Of the model that read it; null: the lexicon.")
    words = serializers.SerializerMethodField(help_text="The words that decided, with their weights.")
    decided_by = serializers.SerializerMethodField()

    class Meta:
        model = Triage
        fields = [
            "id", "review", "case", "post", "aspects", "feeling", "sentiment", "gap_kind", "cause", "urgency",
            "tones", "keywords", "words", "version", "read_at", "decided", "decided_by", "decided_at",
        ]  # fmt: skip

    def get_version(self, row: Triage) -> int | None:
        """The model's number."""
        return row.model.number if row.model else None

    @extend_schema_field(serializers.ListField(child=serializers.ListField()))
    def get_words(self, row: Triage) -> Any:
        """As they are kept."""
        return row.words

    def get_decided_by(self, row: Triage) -> str:
        """Who of us."""
        return str(row.decided_by or "")


class CorrectionSerializer(serializers.Serializer[Any]):
    """What is set right; what is left out stays as it is."""

    aspects = serializers.ListField(
        child=serializers.ChoiceField(choices=VoiceAspect.choices), required=False, max_length=8
    )
    feeling = serializers.ChoiceField(choices=Feeling.choices, required=False)
    gap_kind = serializers.ChoiceField(choices=GapKind.choices, required=False, allow_blank=True)
    cause = serializers.ChoiceField(choices=GapCause.choices, required=False, allow_blank=True)
    urgency = serializers.ChoiceField(choices=Priority.choices, required=False)
