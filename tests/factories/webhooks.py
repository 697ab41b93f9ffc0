"""Webhook sources with a key, and requests that are signed with it."""

import json

from django.utils import timezone
from rest_framework.test import APIClient

from config.common import webhooks
from feedback.channels.inbound import keys
from feedback.models import Scope, WebhookSource


def make_source(channel="marketplace", code="taobao", **fields):
    """A source and the secret of its key."""
    source = WebhookSource.objects.create(code=code, name=code, channel=channel, **fields)
    _key, secret = keys.make(source=source, scopes=list(Scope.values), actor=None, at=timezone.now())
    return source, secret


def send(source, secret, content, *, at=None, number="msg_1", code=None, **headers):
    """Post something signed to a source's address."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    signed = webhooks.sign([secret], message_id=number, at=at or timezone.now(), body=body)
    given = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in {**signed, **headers}.items()}
    path = f"/api/v1/inbound/{code or source.code}/"
    return APIClient().post(path, body, content_type="application/json", **given)
