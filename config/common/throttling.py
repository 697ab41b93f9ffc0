"""Rate limits of the API, and the network address that they go by."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from config.common import limits

if TYPE_CHECKING:  # DRF's views import this module by its name in the settings
    from rest_framework.views import APIView


def client_ip(request: HttpRequest | Request) -> str:
    """The network address of who asks; behind our proxy the one that the proxy has seen."""
    if settings.BEHIND_PROXY:
        seen = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip()
        if seen:
            return seen[:45]
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


class Throttle(BaseThrottle):
    """So many requests a minute of a member, a member of staff, or else a network address.

    Counted in the database, for all processes together.
    """

    PER = timedelta(minutes=1)
    READ, WRITE = "read", "write"
    _wait: float | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's
        """Count the request, and whether it is within the limit."""
        scope = self.READ if request.method in SAFE_METHODS else self.WRITE
        at = timezone.now()
        now = limits.hit(f"api:{scope}:{self._who(request)}", per=self.PER, at=at)
        self._wait = max(1, math.ceil((now.resets_at - at).total_seconds()))
        return now.count <= settings.API_REQUESTS_A_MINUTE[scope]

    def wait(self) -> float | None:
        """Seconds until the next request is allowed."""
        return self._wait

    @staticmethod
    def _who(request: Request) -> str:
        user = request.user
        if isinstance(user, Model) and user.pk:
            return f"{user._meta.model_name}:{user.pk}"
        return f"ip:{client_ip(request)}"
