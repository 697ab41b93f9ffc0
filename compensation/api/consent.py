"""What the member lets us send, by purpose and channel."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compensation.api.base import MemberView
from compensation.consents import commands, profiling, queries
from compensation.models import ConsentSource, Member
from config.common.api import describe


class ChannelsSerializer(serializers.Serializer[Any]):
    """By which ways a kind of message may be sent."""

    email = serializers.BooleanField(required=False)
    sms = serializers.BooleanField(required=False)


class AskingChannelsSerializer(ChannelsSerializer):
    """By which ways somebody may be asked how we did."""

    push = serializers.BooleanField(required=False)
    wechat = serializers.BooleanField(required=False)


class ConsentSerializer(serializers.Serializer[Any]):
    """What may be sent: about orders, marketing, surveys; and whether we may conclude things."""

    service = ChannelsSerializer(required=False)
    marketing = ChannelsSerializer(required=False)
    survey = AskingChannelsSerializer(required=False)
    profiling = serializers.BooleanField(
        required=False,
        help_text="Whether we may conclude from what they do what they care about; no: it is forgotten.",
    )


class ConsentView(MemberView[Any]):
    """What I let you send me."""

    serializer_class = ConsentSerializer

    @describe("What I let you send me", "member", ConsentSerializer, 401)
    def get(self, _request: Request) -> Response:
        """By purpose and channel, whether it may be sent."""
        return _answer(self.member)

    @describe("Choose what you may send me", "member", ConsentSerializer, 400, 401)
    def patch(self, request: Request) -> Response:
        """Change what is named; the rest stays as it was."""
        asked = ConsentSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        at, said = timezone.now(), dict(asked.validated_data)
        is_allowed = said.pop("profiling", None)
        wanted = {
            (purpose, channel): given
            for purpose, channels in said.items()
            for channel, given in channels.items()
        }
        member = self.member
        with transaction.atomic():
            if is_allowed is not None:
                member = profiling.choose(
                    member_id=member.pk, is_allowed=is_allowed, source=ConsentSource.API, actor=member, at=at
                )
            member = commands.choose(member=member, wanted=wanted, source=ConsentSource.API, at=at)
        return _answer(member)


def _answer(member: Member) -> Response:
    """What a member lets us do, as it stands."""
    allowed = {**queries.settings_of(member), "profiling": member.refused_profiling_at is None}
    return Response(ConsentSerializer(allowed).data)
