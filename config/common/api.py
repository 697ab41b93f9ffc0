"""What the views of every app's API share: idempotency keys, money, the words of the schema."""

import re
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request

from config.common.errors import Invalid

CURRENCY = "CNY"
PROBLEM = "application/problem+json"
KEY = re.compile(r"[!-~]{8,200}")

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description=(
        "Any unique text of 8 to 200 visible ASCII characters. The same request with the same key again"
        " is carried out once and answered alike; another request with it is refused with 422."
    ),
    pattern=f"^{KEY.pattern}$",
)


def idempotency_key(request: Request) -> str | None:
    """The client's own key against doing a thing twice, when it gave one.

    Raises:
        Invalid: too short, too long, or not plain ASCII.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not KEY.fullmatch(key):
        raise Invalid(_("An Idempotency-Key has 8 to 200 visible ASCII characters."))
    return key


class MoneySerializer(serializers.Serializer[Any]):
    """An amount of money."""

    fen = serializers.IntegerField(help_text="Hundredths of a yuan.")
    currency = serializers.ChoiceField(choices=[CURRENCY])


@extend_schema_field(MoneySerializer)
class MoneyField(serializers.IntegerField):
    """A number of fen, shown with its currency."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, **options)

    def to_representation(self, value: int) -> Any:
        """The amount and its currency."""
        return {"fen": value, "currency": CURRENCY}


PROBLEM_SERIALIZER = inline_serializer(
    "Problem",
    {
        "type": serializers.CharField(help_text="What kind of problem it is."),
        "title": serializers.CharField(help_text="The same for people."),
        "status": serializers.IntegerField(),
        "code": serializers.CharField(help_text="The same for programs."),
        "detail": serializers.CharField(required=False, help_text="What is wrong with this request."),
        "errors": serializers.ListField(
            child=serializers.DictField(), required=False, help_text="What is wrong with which field."
        ),
    },
)
"""Why a request was refused: RFC 9457 problem details."""


def describe(
    summary: str, tag: str, answer: Any, *refused: int, status: int = 200, **more: Any
) -> Callable[..., Any]:
    """An operation for the schema: what it answers, and with which statuses it may refuse."""
    problems = {(code, PROBLEM): PROBLEM_SERIALIZER for code in (*refused, 429)}
    return extend_schema(summary=summary, tags=[tag], responses={status: answer, **problems}, **more)
