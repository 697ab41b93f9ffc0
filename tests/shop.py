"""The shop's till: signs what it asks."""

import json
import uuid
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import timezone

from config.common import webhooks

SECRET = webhooks.new_secret()


class Till:
    """A client of the shop's API."""

    def __init__(self, secret: str = SECRET, language: str = "en") -> None:
        settings.SHOP_API_SECRETS = [SECRET]
        self.secret, self.language, self.client = secret, language, Client()

    def post(self, path: str, content: Any, *, key: str = "", **headers: str) -> Any:
        """Ask for something, under a key or one of its own."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        key = key or uuid.uuid4().hex
        signed = webhooks.sign([self.secret], message_id=key, at=timezone.now(), body=body)
        return self.client.post(
            f"/api/v1/shop/{path}/",
            body,
            content_type="application/json",
            headers={"Accept-Language": self.language, "Idempotency-Key": key, **signed, **headers},
        )
