"""Every refusal of the API has one shape."""

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions

from config.common.errors import Invalid, MoveNotAllowed
from config.common.limits import TooMany
from config.common.problems import problem_response

SHAPE = {"type", "title", "status", "code", "detail"}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404(), 404, "not_found"),
        (PermissionDenied(), 403, "not_permitted"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.MethodNotAllowed("GET"), 405, "method_not_allowed"),
        (exceptions.ParseError(), 400, "parse_error"),
        (exceptions.ValidationError("no"), 400, "invalid"),
        (Invalid("no"), 400, "invalid"),
        (MoveNotAllowed(), 409, "move_not_allowed"),
        (TooMany(retry_after=7), 429, "too_many"),
    ],
)
def test_a_refusal_is_a_problem(error: Exception, status: int, code: str) -> None:
    response = problem_response(error, {})
    assert response.status_code == response.data["status"] == status
    assert response.data["code"] == code
    assert set(response.data) >= SHAPE
    assert response.content_type == "application/problem+json"


def test_what_is_broken_is_not_answered() -> None:
    assert problem_response(ValueError("x"), {}) is None


def test_the_wait_is_in_the_header() -> None:
    assert problem_response(TooMany(retry_after=7), {})["Retry-After"] == "7"
    assert problem_response(exceptions.Throttled(wait=7), {})["Retry-After"] == "7"


def test_fields_are_pointed_at() -> None:
    error = exceptions.ValidationError(
        {"contact": ["no", "none"], "answers": [{}, {"score": ["too big"]}], "non_field_errors": ["hm"]}
    )
    assert problem_response(error, {}).data["errors"] == [
        {"pointer": "#/contact", "detail": "no"},
        {"pointer": "#/contact", "detail": "none"},
        {"pointer": "#/answers/1/score", "detail": "too big"},
        {"pointer": "#", "detail": "hm"},
    ]


def test_details_of_ours_cannot_hide_the_shape() -> None:
    response = problem_response(Invalid("no", status="x", field="contact"), {})
    assert response.data["status"] == 400
    assert response.data["field"] == "contact"
