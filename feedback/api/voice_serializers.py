"""How found reviews and a product's voice are written."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from feedback.gaps.statistics import Interval
from feedback.models import Feeling, Review, VoiceAspect
from feedback.voice.search import is_answered
from feedback.voice.snippets import snippet


class FoundReviewSerializer(serializers.ModelSerializer[Review]):
    """A review that was found, and the line of it that shows why."""

    snippet = serializers.SerializerMethodField(
        help_text="Pieces of the text as [text, is one of the words]."
    )
    product = serializers.SerializerMethodField(help_text="The shop's number of it.")
    aspects = serializers.SerializerMethodField()
    feeling = serializers.SerializerMethodField(help_text="Empty: not sure, or not read yet.")
    pictures = serializers.SerializerMethodField(help_text="How many.")
    answered = serializers.SerializerMethodField(help_text="Whether everybody can read an answer.")

    class Meta:
        model = Review
        fields = [
            "id", "external_id", "source", "product", "follows", "stars", "title", "text", "snippet",
            "written_at", "status", "is_rewarded", "pictures", "answered", "feeling", "aspects",
        ]  # fmt: skip

    @extend_schema_field(serializers.ListField(child=serializers.ListField()))
    def get_snippet(self, review: Review) -> list[list[Any]]:
        """Around the first word."""
        parts = snippet(f"{review.title} {review.text}", self.context.get("words", []))
        return [list(part) for part in parts]

    def get_product(self, review: Review) -> str:
        """The number."""
        return review.product.external_id if review.product else ""

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=VoiceAspect.choices)))
    def get_aspects(self, review: Review) -> list[str]:
        """What it speaks of."""
        return list(review.triage.aspects) if hasattr(review, "triage") else []

    @extend_schema_field(serializers.ChoiceField(choices=[("", ""), *Feeling.choices]))
    def get_feeling(self, review: Review) -> str:
        """How it is meant."""
        return review.triage.feeling if hasattr(review, "triage") else ""

    def get_pictures(self, review: Review) -> int:
        """Their number."""
        return len(review.pictures.all())

    def get_answered(self, review: Review) -> bool:
        """Whether there is one."""
        return is_answered(review)


class FoundSerializer(serializers.Serializer[Any]):
    """A part of what was found, newest first."""

    number = serializers.IntegerField(
        allow_null=True, help_text="How many there are in all; null: not counted."
    )
    after = serializers.CharField(allow_null=True, help_text="The cursor of the next part; null: none.")
    results = FoundReviewSerializer(many=True, source="rows")


class IntervalSerializer(serializers.Serializer[Any]):
    """A mean, or a share from 0 to 1, with its 95 % interval."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    is_small = serializers.BooleanField(help_text="Whether it stands on few.")


class ChangeSerializer(IntervalSerializer):
    """A change of the mean; n is that of the time with fewer reviews."""


class SumsSerializer(serializers.Serializer[Any]):
    """Figures of some days."""

    n = serializers.IntegerField()
    stars = serializers.ListField(child=serializers.IntegerField(), help_text="How many with 1, 2, … 5.")
    mean = IntervalSerializer()
    bad = IntervalSerializer(help_text="One or two stars.")
    rewarded = IntervalSerializer(source="given_for")


class PartSerializer(serializers.Serializer[Any]):
    """A week or month."""

    since = serializers.DateField()
    until = serializers.DateField()
    n = serializers.IntegerField()
    mean = IntervalSerializer()


class SpokenSerializer(serializers.Serializer[Any]):
    """How an aspect is spoken of."""

    n = serializers.IntegerField(help_text="Texts about it.")
    well = IntervalSerializer()
    ill = IntervalSerializer()


class QuoteSerializer(serializers.Serializer[Any]):
    """A typical text."""

    review = serializers.IntegerField()
    stars = serializers.IntegerField(allow_null=True)
    written_at = serializers.DateTimeField()
    text = serializers.CharField()
    of = serializers.IntegerField(help_text="How many it was chosen from.")


class AspectToldSerializer(serializers.Serializer[Any]):
    """An aspect now, before, and in the category."""

    aspect = serializers.ChoiceField(choices=VoiceAspect.choices)
    now = SpokenSerializer()
    before = SpokenSerializer()
    others = SpokenSerializer()
    praise = QuoteSerializer(allow_null=True)
    blame = QuoteSerializer(allow_null=True)


class DimensionToldSerializer(serializers.Serializer[Any]):
    """A dimension now, before, and in the category."""

    code = serializers.CharField(source="dimension.code")
    now = IntervalSerializer()
    before = IntervalSerializer()
    others = IntervalSerializer()


class AnswersSerializer(serializers.Serializer[Any]):
    """How reviews were answered."""

    n = serializers.IntegerField(help_text="Reviews that everybody may read.")
    answered = serializers.IntegerField()
    unanswered = serializers.IntegerField()
    bad_unanswered = serializers.IntegerField(help_text="With one or two stars.")
    median_hours = serializers.FloatField(allow_null=True)
    late_hours = serializers.FloatField(allow_null=True, help_text="Nine in ten came within so long.")


class ClaimedSerializer(serializers.Serializer[Any]):
    """A claim in force about the product."""

    id = serializers.IntegerField(source="claim.pk")
    channel = serializers.CharField(source="claim.channel")
    text = serializers.CharField(source="claim.text")
    findings = serializers.IntegerField(help_text="To be settled.")
    promises = serializers.IntegerField()
    waiting = serializers.IntegerField(help_text="To be confirmed.")


class VoiceSerializer(serializers.Serializer[Any]):
    """A product's voice in a time."""

    product = serializers.CharField(source="product.external_id")
    since = serializers.DateField(source="span.since")
    until = serializers.DateField(source="span.until")
    source = serializers.CharField(allow_blank=True)  # type: ignore[assignment]  # a declared field is no attribute
    now = SumsSerializer()
    before = SumsSerializer(help_text="As many days before.")
    others = SumsSerializer(help_text="The other products of its category.")
    change = ChangeSerializer()
    parts = serializers.SerializerMethodField(help_text="By week, of a longer time by month.")
    aspects = AspectToldSerializer(many=True)
    dimensions = DimensionToldSerializer(many=True)
    answers = AnswersSerializer()
    gaps = serializers.SerializerMethodField(help_text="Rates of broken promises by what they are about.")
    claims = ClaimedSerializer(many=True)

    @extend_schema_field(PartSerializer(many=True))
    def get_parts(self, told: Any) -> Any:
        """The oldest first."""
        rows = [
            {"since": span.since, "until": span.until, "n": sums.n, "mean": sums.mean}
            for span, sums in told.parts
        ]
        return PartSerializer(rows, many=True).data

    @extend_schema_field(serializers.DictField(child=serializers.ListField(child=IntervalSerializer())))
    def get_gaps(self, told: Any) -> dict[str, list[Any]]:
        """In each part of the time."""
        return {aspect: [_interval(rate) for _span, rate in rates] for aspect, rates in told.gaps.items()}


def _interval(one: Interval) -> Any:
    return IntervalSerializer(one).data


class MovedSerializer(serializers.Serializer[Any]):
    """A product and how its mean has moved."""

    product = serializers.CharField(source="product.external_id")
    category = serializers.CharField(source="product.category")
    now = IntervalSerializer()
    before = IntervalSerializer()
    change = ChangeSerializer()
    bad = IntervalSerializer(help_text="One or two stars now.")
    has_fallen = serializers.BooleanField(help_text="Surely worse than before.")
    has_risen = serializers.BooleanField(help_text="Surely better than before.")


class MovedPageSerializer(serializers.Serializer[Any]):
    """Products, the surest fall first; those with few reviews are not ranked and come last."""

    page = serializers.IntegerField()
    has_more = serializers.BooleanField()
    results = MovedSerializer(many=True)
