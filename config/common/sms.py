"""Text messages: through the shop's gateway, on a laptop to the console."""

import sys

from django.conf import settings

from config.common.http import post_json
from config.common.outbox import Refused


def send_sms(*, to: str, text: str, request_id: str) -> None:
    """Send one text message.

    Raises:
        Refused: no gateway is set, or it says no.
        OSError: the gateway cannot take it now.
    """
    if settings.SMS_WEBHOOK_URL:
        post_json(
            settings.SMS_WEBHOOK_URL,
            {"request_id": request_id, "to": to, "text": text},
            request_id=request_id,
            token=settings.SMS_WEBHOOK_TOKEN,
        )
    elif settings.LAPTOP:
        sys.stdout.write(f"SMS to {to}: {text}\n")
        sys.stdout.flush()
    else:
        raise Refused("SMS_WEBHOOK_URL is not set")
