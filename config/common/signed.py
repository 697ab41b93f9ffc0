"""Addresses that other systems call, signed by Standard Webhooks: what all of them share."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.parsers import JSONParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from config.common import limits, webhooks
from config.common.errors import DomainError, Invalid
from config.common.throttling import client_ip

MINUTE = timedelta(minutes=1)
BAD_SIGNATURES = 60
"""How many requests with a bad signature a minute a network address may send."""
UNKNOWN = webhooks.new_secret()  # so that a system that is not there takes as long to refuse

HEADERS = [
    OpenApiParameter("webhook-id", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True),
    OpenApiParameter(
        "webhook-timestamp", OpenApiTypes.INT, OpenApiParameter.HEADER, required=True,
        description="Seconds since 1970; five minutes at most from now.",
    ),
    OpenApiParameter(
        "webhook-signature", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True,
        description="`v1,` and the Base64 of the HMAC-SHA256 of `id.timestamp.body`.",
    ),
]  # fmt: skip


class TooLarge(DomainError):
    """More than is taken at once."""

    code = "too_large"
    status = 413
    default = _("This is too large.")


class SignedAPIView(APIView):
    """An address for one system. Nothing is kept of what is not signed."""

    authentication_classes = []
    permission_classes = [AllowAny]
    parser_classes = [JSONParser]
    throttle_classes: list[type[BaseThrottle]] = []


def body_of(request: Request, *, most: int) -> bytes:
    """The bytes that were signed, `most` of them at most.

    Raises:
        TooLarge: there are more.
    """
    if int(request.META.get("CONTENT_LENGTH") or 0) > most:
        raise TooLarge
    try:
        return bytes(request._request.body)  # noqa: SLF001 - as they came: what is parsed is not what was signed
    except RequestDataTooBig as error:
        raise TooLarge from error


def object_of(body: bytes) -> dict[str, Any]:
    """The JSON object that a body is.

    Raises:
        Invalid: it is none, or has half a character in it.
    """
    try:
        content = json.loads(body)
        json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Invalid(_("This is not JSON.")) from error
    if not isinstance(content, dict):
        raise Invalid(_("This is not a JSON object."))
    return content


def count_bad(request: Request, who: str, *, at: datetime) -> None:
    """Note a bad signature of a network address.

    Raises:
        TooMany: there were too many of them.
    """
    limits.take(f"{who}:bad:{client_ip(request)}", limit=BAD_SIGNATURES, per=MINUTE, at=at)
