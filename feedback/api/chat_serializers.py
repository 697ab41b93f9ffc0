"""A chat as the shop's app shows it."""

from typing import Any

from rest_framework import serializers

from feedback.api.serializers import MessageSerializer, files_field
from feedback.cases import rules
from feedback.channels.chat.starting import WAYS
from feedback.models import ChatEnding, ChatState


class LineSerializer(serializers.Serializer[Any]):
    """Where a member stands in the line."""

    number = serializers.IntegerField(help_text="1 is next.")
    by = serializers.DateTimeField(allow_null=True, help_text="When an agent answers, as promised.")
    late = serializers.BooleanField(help_text="Whether that time is over.")


class ChatSerializer(serializers.Serializer[Any]):
    """A chat as it is now, without what was said."""

    case = serializers.IntegerField(help_text="The case that keeps what is said.")
    number = serializers.CharField(help_text="Its number, that people say on the phone.")
    state = serializers.ChoiceField(choices=ChatState.choices)
    ending = serializers.ChoiceField(choices=[("", ""), *ChatEnding.choices], allow_blank=True)
    department = serializers.CharField()
    agent = serializers.CharField(allow_blank=True, help_text="Empty while nobody has it.")
    line = LineSerializer(allow_null=True, help_text="While it waits for an agent.")
    typing = serializers.BooleanField(help_text="Whether the agent is typing.")
    read = serializers.IntegerField(help_text="The last message that the agent has seen.")
    asks_whether_it_helped = serializers.BooleanField()


class ChatDetailSerializer(ChatSerializer):
    """A chat with its newest messages, oldest first."""

    mark = serializers.CharField(help_text="To be sent when asking for news.")
    messages = MessageSerializer(many=True)


class ChatNewsSerializer(serializers.Serializer[Any]):
    """What is new. Without anything new, `chat` is null and there are no messages."""

    mark = serializers.CharField(
        allow_blank=True, help_text="To be sent when asking again; empty: as before."
    )
    chat = ChatSerializer(allow_null=True)
    messages = MessageSerializer(many=True)
    again_after = serializers.FloatField(help_text="Seconds after which to ask again; 0 is at once.")


class ChatHoursSerializer(serializers.Serializer[Any]):
    """Whether somebody is there, and the chat that the member is in."""

    open = serializers.BooleanField()
    opens_at = serializers.DateTimeField(allow_null=True, help_text="Null while it is open.")
    greeting = serializers.CharField(allow_blank=True, help_text="Outside the hours: what to say instead.")
    case = serializers.IntegerField(allow_null=True, help_text="Of the chat that is going on.")


class StartChatSerializer(serializers.Serializer[Any]):
    """The first words."""

    body = serializers.CharField(max_length=rules.BODY_LENGTH)
    files = files_field()


class LeaveMessageSerializer(StartChatSerializer):
    """A message while the chat is closed."""

    way = serializers.ChoiceField(choices=[(way, way) for way in WAYS], help_text="How to be answered.")


class EndChatSerializer(serializers.Serializer[Any]):
    """Whether it is solved; if not, it goes on as a case."""

    solved = serializers.BooleanField()
