"""Who makes an edit, for the history that triggers keep: the person, the page and the request."""

import re
from collections.abc import Callable

import pghistory
import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from config.common.models import User

EDITS = re.compile(r"/admin/(?!desk/|case/)")
"""Pages on which configuration is edited. Agents' work on cases is not: it has events of its own."""


class ActingMiddleware:
    """Tell the database who acts while a page of the administration writes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        if request.method != "POST" or not EDITS.match(request.path) or not isinstance(request.user, User):
            return self.get_response(request)
        known = structlog.contextvars.get_contextvars()
        with pghistory.context(user=request.user.pk, url=request.path, request=known.get("request_id", "")):
            return self.get_response(request)
