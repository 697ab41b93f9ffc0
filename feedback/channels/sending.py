"""Sending public replies out of the outbox through the channel of their case."""

from config.common.models import OutboxMessage
from config.common.outbox import Dropped
from feedback.channels.base import CHANNELS
from feedback.models import Message


def send_reply(message: OutboxMessage) -> None:
    """Send what `cases.outgoing.send` wrote.

    Raises:
        Dropped: the message is gone, or the member was erased.
        Refused, OSError: see `Channel.deliver`.
    """
    said = (
        Message.objects.select_related("case__member", "case__department", "user")
        .filter(pk=message.payload["message"], is_public=True)
        .first()
    )
    if said is None or said.case.member.erased_at is not None:
        raise Dropped("the message or its member is gone")
    CHANNELS[said.case.channel].deliver(said, message)
