"""What marketplaces, social media and telephone systems send us, signed."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.common import limits, webhooks
from config.common.api import describe
from config.common.signed import HEADERS, MINUTE, UNKNOWN, SignedAPIView, body_of, count_bad, object_of
from config.common.webhooks import BadSignature
from feedback.channels.base import CHANNELS
from feedback.channels.inbound import keys
from feedback.models import Channel, Scope, WebhookSource

RECEIVED = inline_serializer(
    "Received",
    {
        "received": serializers.BooleanField(),
        "case": serializers.CharField(allow_null=True, help_text="The number of the case that it went to."),
    },
)


FILE = inline_serializer(
    "FileIn",
    {"name": serializers.CharField(required=False), "data": serializers.CharField(help_text="Base64.")},
    many=True,
    required=False,
)
"""A file that comes along."""


class InboundSerializer(serializers.Serializer[Any]):
    """What is understood where the source has no field map; the map says where else it is."""

    external_id = serializers.CharField(
        required=False, help_text="Messages: the number over there; taken once."
    )
    thread_id = serializers.CharField(required=False, help_text="The conversation over there.")
    sender_id = serializers.CharField(required=False)
    sender_name = serializers.CharField(required=False)
    phone = serializers.CharField(required=False)
    email = serializers.CharField(required=False)
    order = serializers.CharField(required=False, help_text="The shop's number of the order.")
    subject = serializers.CharField(required=False)
    text = serializers.CharField(required=False)
    kind = serializers.CharField(required=False, help_text="Such as complaint; else the source's own.")
    at = serializers.CharField(required=False, help_text="ISO 8601 with its zone, or seconds since 1970.")
    files = FILE
    links = serializers.ListField(child=serializers.CharField(), required=False)
    call_id = serializers.CharField(required=False, help_text="Calls: the number of the call.")
    event = serializers.CharField(
        required=False, help_text="ringing, answered, ended, missed or recording; in any order."
    )
    direction = serializers.CharField(required=False, help_text="in or out.")
    number = serializers.CharField(required=False, help_text="The member's.")
    line = serializers.CharField(required=False, help_text="Ours.")
    agent = serializers.CharField(required=False, help_text="An extension or a user name.")
    recording_url = serializers.CharField(required=False)


class InboundView(SignedAPIView):
    """The address of one source."""

    @describe(
        "Send us a message or a call",
        "inbound",
        RECEIVED,
        400,
        401,
        404,
        413,
        request=InboundSerializer,
        parameters=HEADERS,
        operation_id="inbound",
        auth=[],
    )
    def post(self, request: Request, source: str) -> Response:
        """Take in one message of a marketplace or network, or one report of a call; again changes nothing."""
        at = timezone.now()
        found, content = told_by(request, source, "", at=at)
        case = CHANNELS[found.channel].take(found, content, at=at)
        return Response({"received": True, "case": case.number if case else None})


def told_by(request: Request, code: str, scope: str, *, at: datetime) -> tuple[WebhookSource, dict[str, Any]]:
    """Which source signed a request, by a key that is good for it, and what it says.

    Without a scope the source's channel says which is needed.

    Raises:
        TooLarge: more than is taken.
        BadSignature: not signed with a key of the source, too old, or changed on the way.
        TooMany: more often than is taken.
        Invalid: not a JSON object.
    """
    body = body_of(request, most=settings.INBOUND_MEGABYTES * 1_000_000)
    try:
        found = _verified(request, code, scope, body, at)
    except BadSignature:
        count_bad(request, "inbound", at=at)
        raise
    limits.take(f"inbound:{found.pk}", limit=settings.INBOUND_A_MINUTE, per=MINUTE, at=at)
    return found, object_of(body)


def _verified(request: Request, code: str, scope: str, body: bytes, at: datetime) -> WebhookSource:
    source = WebhookSource.objects.select_related("department").filter(code=code, is_active=True).first()
    if not scope:
        scope = Scope.CALLS if source and source.channel == Channel.PHONE else Scope.MESSAGES
    known = keys.valid_secrets(source, scope, at) if source else []
    used = webhooks.verify([secret for _key, secret in known] or [UNKNOWN], request.headers, body, at=at)
    if source is None or not known:
        raise BadSignature
    keys.note_use(known[used][0], at=at)
    return source
