"""What other systems tell us, signed by Standard Webhooks: the shop, and the payment gateway.

A message is taken once: its `webhook-id` is kept, and the same id again answers alike and changes nothing.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.utils import timezone
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
from config.common.webhooks import BadSignature

MINUTE = timedelta(minutes=1)
BAD_SIGNATURES = 60
"""How many requests with a bad signature a minute a network address may send."""
A_MINUTE = 6_000
"""How many signed requests a minute are taken of one system."""
MOST_BYTES = 256 * 1024
UNKNOWN = webhooks.new_secret()  # so that a system without a key takes as long to refuse

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


class SignedView(APIView):
    """An address for one system. Nothing is kept of what is not signed."""

    authentication_classes = []
    permission_classes = [AllowAny]
    parser_classes = [JSONParser]
    throttle_classes: list[type[BaseThrottle]] = []
    who = ""

    def secrets(self) -> Sequence[str]:
        """The keys that the system may sign with; none: nothing is taken."""
        raise NotImplementedError

    def told(self, request: Request) -> tuple[dict[str, Any], str, datetime]:
        """What was signed, the id it came under, and the moment.

        Raises:
            TooLarge: more than is taken.
            BadSignature: not signed with a key of the system, too old, or changed on the way.
            TooMany: more often than is taken.
            Invalid: not a JSON object.
        """
        at = timezone.now()
        body = _body(request)
        try:
            webhooks.verify(list(self.secrets()) or [UNKNOWN], request.headers, body, at=at)
        except BadSignature:
            limits.take(f"{self.who}:bad:{client_ip(request)}", limit=BAD_SIGNATURES, per=MINUTE, at=at)
            raise
        limits.take(f"{self.who}:signed", limit=A_MINUTE, per=MINUTE, at=at)
        return _content(body), request.headers["webhook-id"], at


def _body(request: Request) -> bytes:
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            raise TooLarge
        return bytes(request._request.body)  # noqa: SLF001 - the bytes that were signed
    except RequestDataTooBig as error:
        raise TooLarge from error


def _content(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
        json.dumps(content, ensure_ascii=False).encode()  # half a character is no text
    except (ValueError, RecursionError) as error:
        raise Invalid(_("This is not JSON.")) from error
    if not isinstance(content, dict):
        raise Invalid(_("This is not a JSON object."))
    return content
