"""Rendering of the screens that staff live in: our own lean pages on the admin site.

They stand on `staff/base.html`, which loads one small style sheet and one small script, and run under a
content security policy of their own: no inline script or style.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from config.common.menu import menu_for
from config.common.models import User

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self';"
    " font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class StaffRequest(HttpRequest):
    """A request of somebody on the staff, as the admin site hands it to its pages."""

    user: User
    htmx: Any


def page(
    request: StaffRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    at: datetime | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render a page or, for htmx, a part of one. `at` is the moment that its clocks are told by."""
    full = {**context, "now": at or timezone.now()}
    if not request.htmx:
        full["menu"] = menu_for(request)
    response = render(request, template, full, status=status)
    response["Content-Security-Policy"] = POLICY
    return response


def tell(response: HttpResponse, **events: Any) -> HttpResponse:
    """Have the page's script told of something that came with the answer, such as `toast="Saved"`."""
    known = json.loads(response.get("HX-Trigger", "{}"))
    response["HX-Trigger"] = json.dumps({**known, **events})
    return response
