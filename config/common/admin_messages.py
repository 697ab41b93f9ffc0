"""A refusal on a page becomes a message to the person who asked, never a broken page."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from config.common.database_errors import refusal_of
from config.common.error_pages import error_page
from config.common.errors import DomainError


@contextmanager
def refusals_told(request: HttpRequest, about: object = "") -> Iterator[None]:
    """Run one of several commands; tell its refusal as a warning (about what) and go on with the others."""
    try:
        yield
    except DomainError as refusal:
        messages.warning(request, f"{about}: {refusal}" if about else str(refusal))


class RefusalMiddleware:
    """What a page did not catch itself: back to where it was asked, with a message."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer a refusal; leave all else to Django."""
        refusal = refusal_of(error) if isinstance(error, DatabaseError) else error
        if not isinstance(refusal, DomainError):
            return None
        if request.method in {"GET", "HEAD"}:
            return error_page(request, refusal.status, str(refusal))
        messages.warning(request, str(refusal))
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    came_from = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(
        came_from, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return came_from if ours else "/"
