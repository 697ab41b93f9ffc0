"""Figures: what they mean, and what they came to."""

from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from config.common.api import describe
from config.common.errors import Invalid, NotFound
from kpis.api.reading import FiguresView
from kpis.api.serializers import (
    MOST_LINES,
    FigureAskedSerializer,
    FigureSeriesSerializer,
    MetricSerializer,
)
from kpis.metrics.catalogue import METRICS
from kpis.metrics.naming import names
from kpis.metrics.rules import Figure
from kpis.models import Dimension, Grain, MetricCode
from kpis.snapshots.queries import has_more, series, series_by_key


class MetricsView(FiguresView):
    """What the figures mean."""

    serializer_class = MetricSerializer

    @describe(
        "What the figures mean", "metrics", MetricSerializer(many=True), 401, 403, operation_id="metrics_list"
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's
        """All definitions."""
        return Response(MetricSerializer(list(METRICS.values()), many=True).data)


class MetricView(FiguresView):
    """A figure by periods."""

    serializer_class = FigureSeriesSerializer

    @describe(
        "A figure by periods, of the whole or told apart",
        "metrics",
        FigureSeriesSerializer,
        *(400, 401, 403, 404),
        parameters=[FigureAskedSerializer, OpenApiParameter("metric", str, OpenApiParameter.PATH)],
    )
    def get(self, request: Request, metric: str) -> Response:
        """Add up the days of each period; a running period as far as it went."""
        if metric not in MetricCode.values:
            raise NotFound
        defined = METRICS[MetricCode(metric)]
        wanted: Any = {**request.query_params.dict(), "key": request.query_params.getlist("key")}
        asked = FigureAskedSerializer(data=wanted)
        asked.is_valid(raise_exception=True)
        form = asked.validated_data
        by, grain = Dimension(form["by"]), Grain(form["grain"])
        if by and by not in defined.dimensions:
            raise Invalid(_("This figure can't be told apart by it."), field="by")
        if by:
            keys = self.reach.keys(by, tuple(form["key"]))
            span = defined.code, form["first"], form["last"], grain
            if has_more(MOST_LINES, *span, by=by, keys=keys):
                told = _("These are too many lines; ask for fewer keys or longer periods.")
                raise Invalid(told, field="key")
            found = series_by_key(*span, by=by, keys=keys)
        else:
            of = self.reach.whole(defined)
            found = {"": series(defined.code, form["first"], form["last"], grain, of)}
        answer = {
            "metric": metric,
            "unit": defined.unit.value,
            "grain": grain.value,
            "by": by.value,
            "lines": _lines(found, by),
        }
        return Response(FigureSeriesSerializer(answer).data)


def _lines(found: dict[str, list[tuple[date, date, Figure]]], by: Dimension) -> list[dict[str, Any]]:
    called = names(by, list(found))
    return [
        {
            "first": start,
            "last": end,
            "key": key,
            "name": called[key],
            **{name: getattr(figure, name) for name in ("n", "value", "low", "high")},
        }
        for key, periods in found.items()
        for start, end, figure in periods
    ]
