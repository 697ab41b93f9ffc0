"""Webhook sources with a key, and requests that are signed with it."""

import json

from django.core.files.base import ContentFile
from django.utils import timezone
from rest_framework.test import APIClient

from config.common import webhooks
from feedback.channels.inbound import keys
from feedback.models import Call, ChannelMessage, Mailbox, Scope, WebhookSource
from tests.factories.compensation import T0
from tests.factories.mail import letter


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


def make_channels(case):
    """One of everything that channels keep, about a case."""
    mailbox = Mailbox.objects.create(name="客服", address="care@shop.example")
    source, _secret = make_source()
    Call.objects.create(
        source=source, external_id="c", direction="in", case=case, member=case.member, began_at=T0,
        recording_url="https://pbx.example/1.mp3", number="13812345678",
    )  # fmt: skip
    raw = letter(html="<p>你好</p>")
    row = ChannelMessage(
        channel="email", direction="in", external_id="d", outcome="taken", mailbox=mailbox, case=case, at=T0,
        message=case.messages.order_by("pk").first(), sender="wang@example.com", subject="破损",
    )  # fmt: skip
    row.original.save("letter", ContentFile(raw), save=False)
    row.save()
    return row
