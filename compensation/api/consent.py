"""What the member lets us send, by purpose and channel."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.base import MemberView
from compensation.consents import commands, queries
from compensation.models import ConsentSource
from config.common.api import describe


class ChannelsSerializer(serializers.Serializer[Any]):
    """By which ways a kind of message may be sent."""

    email = serializers.BooleanField(required=False)
    sms = serializers.BooleanField(required=False)


class ConsentSerializer(serializers.Serializer[Any]):
    """What may be sent: about orders, marketing, surveys."""

    service = ChannelsSerializer(required=False)
    marketing = ChannelsSerializer(required=False)
    survey = ChannelsSerializer(required=False)


class ConsentView(MemberView[Any]):
    """What I let you send me."""

    serializer_class = ConsentSerializer

    @describe("What I let you send me", "member", ConsentSerializer, 401)
    def get(self, _request: Request) -> Response:
        """By purpose and channel, whether it may be sent."""
        return Response(ConsentSerializer(queries.settings_of(self.member)).data)

    @describe("Choose what you may send me", "member", ConsentSerializer, 400, 401)
    def patch(self, request: Request) -> Response:
        """Change what is named; the rest stays as it was."""
        asked = ConsentSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = {
            (purpose, channel): given
            for purpose, channels in asked.validated_data.items()
            for channel, given in channels.items()
        }
        member = commands.choose(
            member=self.member, wanted=wanted, source=ConsentSource.API, at=timezone.now()
        )
        return Response(ConsentSerializer(queries.settings_of(member)).data)
