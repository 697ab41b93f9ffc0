"""What other systems tell us, signed by Standard Webhooks: the shop, and the payment gateway.

A message is taken once: its `webhook-id` is kept, and the same id again answers alike and changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework.request import Request

from config.common import limits, webhooks
from config.common.signed import MINUTE, UNKNOWN, SignedAPIView, body_of, count_bad, object_of
from config.common.webhooks import BadSignature

A_MINUTE = 6_000
"""How many signed requests a minute are taken of one system."""
MOST_BYTES = 256 * 1024


class SignedView(SignedAPIView):
    """An address for one system, which signs with its keys."""

    who = ""
    most_bytes = MOST_BYTES

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
        body = body_of(request, most=self.most_bytes)
        try:
            webhooks.verify(list(self.secrets()) or [UNKNOWN], request.headers, body, at=at)
        except BadSignature:
            count_bad(request, self.who, at=at)
            raise
        limits.take(f"{self.who}:signed", limit=A_MINUTE, per=MINUTE, at=at)
        return object_of(body), request.headers["webhook-id"], at


class ShopView(SignedView):
    """An address for the shop."""

    who = "shop"

    def secrets(self) -> Sequence[str]:
        """The shop's keys."""
        return list(settings.SHOP_API_SECRETS)
