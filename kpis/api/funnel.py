"""The funnel by API: how far people came, where too many are lost, and day by day for a warehouse."""

from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.common.api import describe
from config.common.asked import within_years
from kpis.api.reading import FiguresView
from kpis.funnels import queries
from kpis.funnels.breaks import STEPS, Reached
from kpis.funnels.queries import Part
from kpis.models import FunnelStep

LONGEST = 366


class FunnelAskedSerializer(serializers.Serializer[Any]):
    """Who came in on which days, of what part."""

    first = serializers.DateField(validators=[within_years])
    last = serializers.DateField(validators=[within_years])
    segment = serializers.SlugField(max_length=50, default="", allow_blank=True, help_text="Its code.")
    device = serializers.CharField(
        max_length=32, required=False, allow_blank=True, help_text="Empty: those of whom it is not known."
    )
    payment = serializers.CharField(
        max_length=32, required=False, allow_blank=True, help_text="Known from the order on; empty: unknown."
    )

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Keep the time forward and no longer than a year."""
        if not 0 <= (asked["last"] - asked["first"]).days < LONGEST:
            raise serializers.ValidationError({"last": _("Choose a time of one day up to one year.")})
        return asked


class FunnelStepSerializer(serializers.Serializer[Any]):
    """A step of the ways whose window is over."""

    step = serializers.ChoiceField(choices=FunnelStep.choices)
    count = serializers.IntegerField(help_text="How many came to it.")
    lost = serializers.FloatField(
        allow_null=True, help_text="Of those who came to the step before, the percent who did not come to it."
    )
    low = serializers.FloatField(allow_null=True, help_text="Where the 95 % interval of `lost` begins.")
    high = serializers.FloatField(allow_null=True, help_text="Where it ends.")
    seconds = serializers.FloatField(allow_null=True, help_text="Since the step before, on average.")


class FunnelDaySerializer(serializers.Serializer[Any]):
    """How far those came who came in on a day."""

    day = serializers.DateField()
    is_over = serializers.BooleanField(help_text="Whether nobody of them can come further.")
    counts = serializers.ListField(
        child=serializers.IntegerField(), help_text="One a step, in the order of `steps`."
    )


class FunnelGroupSerializer(serializers.Serializer[Any]):
    """A group against all others."""

    by = serializers.CharField(help_text="`device`, `payment`, `device_payment` or `segment`.")
    key = serializers.CharField(help_text="A tab between the two of `device_payment`.")
    lost = serializers.FloatField(source="loss.value")
    n = serializers.IntegerField(source="loss.n")
    lost_by_rest = serializers.FloatField(source="rest.value")
    difference = serializers.FloatField(allow_null=True, help_text="Points; null: too few to tell.")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    p = serializers.FloatField(allow_null=True, help_text="Adjusted after Holm.")
    is_worse = serializers.BooleanField()


class FunnelBreakpointSerializer(serializers.Serializer[Any]):
    """A step before which more are lost than may be."""

    step = serializers.ChoiceField(choices=FunnelStep.choices)
    lost = serializers.FloatField(source="loss.value")
    n = serializers.IntegerField(source="loss.n")
    most = serializers.IntegerField(help_text="How many percent may be lost.")
    groups = FunnelGroupSerializer(many=True)


class FunnelSerializer(serializers.Serializer[Any]):
    """How far those came who came in during a time."""

    first = serializers.DateField()
    last = serializers.DateField()
    open_since = serializers.DateField(
        allow_null=True, help_text="The first day whose window is not over; those are in `days` only."
    )
    steps = FunnelStepSerializer(many=True)
    breakpoints = FunnelBreakpointSerializer(many=True)
    days = FunnelDaySerializer(many=True)


class FunnelView(FiguresView):
    """The funnel."""

    serializer_class = FunnelSerializer

    @describe(
        "How far people came from looking round to the parcel",
        "metrics",
        FunnelSerializer,
        *(400, 401, 403),
        parameters=[FunnelAskedSerializer],
    )
    def get(self, request: Request) -> Response:
        """Give the steps of the ways that are over, what breaks, and each day of coming in."""
        self.company_only()
        asked = FunnelAskedSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        form = asked.validated_data
        first, last = form["first"], form["last"]
        of = Part(form["segment"], form.get("device"), form.get("payment"))
        ways = queries.ways(first, last, of)
        answer = {
            "first": first,
            "last": last,
            "open_since": ways.open_since,
            "steps": _steps(ways.over),
            "breakpoints": queries.broken(first, last, of, ways.over),
            "days": _days(first, last, of),
        }
        return Response(FunnelSerializer(answer).data)


def _steps(reached: Reached) -> list[dict[str, Any]]:
    lines = []
    for place, step in enumerate(STEPS):
        loss = reached.loss(place) if place else None
        lines.append(
            {
                "step": step,
                "count": reached.counts[place],
                "lost": loss and loss.value,
                "low": loss and loss.low,
                "high": loss and loss.high,
                "seconds": reached.mean_seconds(place) if place else None,
            }
        )
    return lines


def _days(first: date, last: date, of: Part) -> list[dict[str, Any]]:
    found = queries.by_day(first, last, of)
    return [{"day": day, "is_over": is_over, "counts": reached.counts} for day, reached, is_over in found]
