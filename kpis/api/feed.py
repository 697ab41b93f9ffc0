"""The feed for a warehouse: which days changed since a version, and a day's counts as a CSV file."""

import csv
from collections.abc import Iterator
from datetime import date
from io import StringIO

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from config.common.api import describe
from config.common.asked import id_in
from config.common.errors import Invalid, NotFound
from kpis.api.reading import FiguresView
from kpis.api.serializers import FigureDaySerializer
from kpis.models import FigureDay
from kpis.snapshots import feed

LINES = 500
"""How many lines are written at a time."""


class ChangedDaysView(FiguresView, ListAPIView[FigureDay]):
    """The days that changed, in the order in which they did."""

    serializer_class = FigureDaySerializer
    queryset = FigureDay.objects.none()
    filter_backends = []
    ordering = ["version"]

    @describe(
        "Days whose figures changed since a version",
        "metrics",
        FigureDaySerializer(many=True),
        *(400, 401, 403, 404),
        parameters=[
            OpenApiParameter("after", int, description="The greatest `version` that is known already.")
        ],
    )
    def get(self, request: Request) -> Response:
        """Give each day once, with the version of its last change; take each anew as a whole."""
        self.company_only()
        return self.list(request)

    def get_queryset(self) -> QuerySet[FigureDay]:
        """Those after the version that is known."""
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        given = self.request.query_params.get("after", "0")
        after = id_in(given)
        if after is None:
            raise Invalid(field="after")
        return feed.changed_days().filter(version__gt=after)


class DayFileView(FiguresView):
    """A day's counts."""

    @describe("All counts of a day as CSV", "metrics", OpenApiTypes.BINARY, 401, 403, 404)
    def get(self, request: Request, day: date) -> StreamingHttpResponse:  # noqa: ARG002 - DRF's
        """Hand a day out whole: RFC 4180, UTF-8, a head; figures with a point."""
        self.company_only()
        if not feed.changed_days().filter(day=day).exists():
            raise NotFound
        response = StreamingHttpResponse(_file(day), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="figures-{day}.csv"'
        return response


def _file(day: date) -> Iterator[str]:
    held = StringIO()
    writer = csv.writer(held)
    writer.writerow(feed.HEAD)
    for number, line in enumerate(feed.lines(day), 1):
        writer.writerow(feed.row(day, line))
        if number % LINES == 0:
            yield held.getvalue()
            held.seek(0)
            held.truncate()
    yield held.getvalue()
