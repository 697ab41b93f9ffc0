"""Is the process up (`/healthz`), can it serve (`/readyz`), and its figures (`/metrics`)."""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django_prometheus.exports import ExportToDjangoView

from config.common import gauges
from config.common.models import Heartbeat

WORKERS = ("worker", "clocks")
LATE = timedelta(minutes=2)  # a heartbeat comes every 30 seconds


class HealthMiddleware:
    """Answers the probes before host names and HTTPS are looked at: probes come by number, without either."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.migrated = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a probe, or pass the request on."""
        if request.path == "/healthz":
            return HttpResponse("ok\n", content_type="text/plain")
        if request.path == "/readyz":
            return self._readiness()
        return self.get_response(request)

    def _readiness(self) -> JsonResponse:
        """503 unless the database answers and is migrated."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            if not self.migrated:
                executor = MigrationExecutor(connection)
                self.migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError:
            return JsonResponse({"database": "down"}, status=503)
        if not self.migrated:
            return JsonResponse({"database": "ok", "migrations": "missing"}, status=503)
        return JsonResponse({"database": "ok", "migrations": "ok", **_workers(timezone.now())})


def _workers(now: datetime) -> dict[str, str]:
    """Whether beat and the workers have moved lately; the web can serve without them: this is only told."""
    seen = dict(Heartbeat.objects.filter(name__in=WORKERS).values_list("name", "at"))
    return {name: _state(seen.get(name), now) for name in WORKERS}


def _state(last: datetime | None, now: datetime) -> str:
    if last is None:
        return "never seen"
    return "ok" if now - last < LATE else f"last seen {last.isoformat(timespec='seconds')}"


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus figures: to whoever knows METRICS_TOKEN; without one, on a laptop only."""
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and not hmac.compare_digest(given.encode(), token.encode()):
        raise Http404
    if not token and not settings.LAPTOP:
        raise Http404
    response: HttpResponse = ExportToDjangoView(request)
    response.content += gauges.text(timezone.now())
    return response
