"""How figures are asked for and told by API."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from config.common.asked import within_years
from kpis.metrics.definition import Metric
from kpis.models import Dimension, FigureDay, Grain
from kpis.models.metric import KEY
from kpis.snapshots.calendar import periods

MOST_LINES = 5_000
MOST_KEYS = 100


class MetricSerializer(serializers.Serializer[Any]):
    """A figure's definition."""

    code = serializers.CharField()
    title = serializers.CharField(source="code.label")
    unit = serializers.CharField(
        source="unit.value", help_text="`%`, `/ 5`, `points`, or `duration`: seconds."
    )
    form = serializers.CharField(source="form.value", help_text="`share`, `mean` or `ratio`.")
    better = serializers.CharField(source="better.value", help_text="`up`: the more the better; `down`.")
    numerator = serializers.CharField()
    denominator = serializers.CharField()
    left_out = serializers.CharField()
    formula = serializers.CharField()
    dimensions = serializers.SerializerMethodField()

    def get_dimensions(self, metric: Metric) -> list[str]:
        """By what it can be told apart."""
        return [one.value for one in Dimension if one in metric.dimensions]


class FigureAskedSerializer(serializers.Serializer[Any]):
    """Of which days, by which periods, told apart by what."""

    first = serializers.DateField(validators=[within_years])
    last = serializers.DateField(
        validators=[within_years], help_text="The period that it lies in comes whole."
    )
    grain = serializers.ChoiceField(choices=Grain.choices, default=Grain.MONTH)
    by = serializers.ChoiceField(
        choices=Dimension.choices, default=Dimension.WHOLE, help_text="Empty: the whole."
    )
    key = serializers.ListField(
        child=serializers.CharField(max_length=KEY),
        default=list,
        max_length=MOST_KEYS,
        help_text="Of which ones only; may be given several times.",
    )

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Keep time forward, and keys to what is told apart."""
        if asked["first"] > asked["last"]:
            raise serializers.ValidationError({"last": _("The end lies before the beginning.")})
        if asked["key"] and not asked["by"]:
            raise serializers.ValidationError({"key": _("Say by what the figure is told apart.")})
        if len(periods(asked["first"], asked["last"], Grain(asked["grain"]))) > MOST_LINES:
            raise serializers.ValidationError({"grain": _("These are too many periods; choose longer ones.")})
        return asked


class FigureLineSerializer(serializers.Serializer[Any]):
    """A figure of a period, of the whole or of one key."""

    first = serializers.DateField()
    last = serializers.DateField()
    key = serializers.CharField()
    name = serializers.CharField()
    n = serializers.IntegerField(help_text="What it was measured on.")
    value = serializers.FloatField(allow_null=True, help_text="Null: nothing was measured.")
    low = serializers.FloatField(allow_null=True, help_text="Where the 95 % interval begins.")
    high = serializers.FloatField(allow_null=True, help_text="Where it ends.")


class FigureSeriesSerializer(serializers.Serializer[Any]):
    """A figure by periods."""

    metric = serializers.CharField()
    unit = serializers.CharField()
    grain = serializers.CharField()
    by = serializers.CharField()
    lines = FigureLineSerializer(many=True)


class FigureDaySerializer(serializers.ModelSerializer[FigureDay]):
    """A day whose counts changed."""

    is_closed = serializers.SerializerMethodField()

    class Meta:
        model = FigureDay
        fields = ["day", "version", "changed_at", "is_closed"]

    def get_is_closed(self, day: FigureDay) -> bool:
        """Whether its month is closed: what comes to light since stands in its corrections."""
        return day.closed_at is not None
