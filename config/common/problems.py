"""Refusals of the API as RFC 9457 problem details: one shape for every error."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from config.common.database_errors import refusal_of
from config.common.errors import DomainError

MEDIA_TYPE = "application/problem+json"
KEPT_HEADERS = ("WWW-Authenticate", "Retry-After", "Allow")


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: answer what is refused; None, and so a 500, for what is broken."""
    refusal = refusal_of(error) if isinstance(error, DatabaseError) else error
    if isinstance(refusal, DomainError):
        set_rollback()
        return _domain_problem(refusal)
    plain = exception_handler(error, context)
    if plain is None:
        return None
    headers = {name: plain[name] for name in KEPT_HEADERS if plain.has_header(name)}
    if isinstance(error, exceptions.ValidationError):
        errors = list(_errors(plain.data, "#"))
        return _problem(
            plain.status_code, "invalid", _("The input is not valid."), headers, {"errors": errors}
        )
    return _problem(plain.status_code, _code(error), str(plain.data.get("detail", "")), headers, {})


def _domain_problem(error: DomainError) -> Response:
    headers = {}
    if "retry_after" in error.details:
        headers["Retry-After"] = str(error.details["retry_after"])
    return _problem(error.status, error.code, str(error), headers, error.details)


def _problem(status: int, code: str, detail: str, headers: dict[str, str], more: dict[str, Any]) -> Response:
    content = {
        **more,
        "type": f"urn:huiyin:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    return Response(content, status=status, headers=headers, content_type=MEDIA_TYPE)


def _code(error: Exception) -> str:
    if isinstance(error, Http404):
        return "not_found"
    if isinstance(error, PermissionDenied):
        return "not_permitted"
    codes = error.get_codes() if isinstance(error, exceptions.APIException) else "refused"
    return codes if isinstance(codes, str) else "refused"


def _errors(data: Any, pointer: str) -> Iterator[dict[str, str]]:
    """What is wrong with which field, as JSON pointers, from DRF's nested lists and dicts."""
    if isinstance(data, dict):
        for name, inner in data.items():
            whole = name == "non_field_errors"
            yield from _errors(inner, pointer if whole else f"{pointer}/{name}")
    elif isinstance(data, list):
        for number, inner in enumerate(data):
            yield from _errors(inner, pointer if isinstance(inner, str) else f"{pointer}/{number}")
    else:
        yield {"pointer": pointer, "detail": str(data)}
