"""Figures under /api/v1/metrics/."""

from datetime import date

from django.urls import path, register_converter

from kpis.api import feed, funnel, metrics


class Day:
    """A day as it stands in an address: 2026-11-01."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        """Read it; ValueError, which is no such address, where there is none of this date."""
        return date.fromisoformat(value)

    def to_url(self, value: date) -> str:
        """Write it."""
        return value.isoformat()


register_converter(Day, "day")

urlpatterns = [
    path("funnel/", funnel.FunnelView.as_view(), name="funnel"),
    path("metrics/", metrics.MetricsView.as_view(), name="metrics"),
    path("metrics/days/", feed.ChangedDaysView.as_view(), name="metric-days"),
    path("metrics/days/<day:day>.csv", feed.DayFileView.as_view(), name="metric-day"),
    path("metrics/<slug:metric>/", metrics.MetricView.as_view(), name="metric"),
]
