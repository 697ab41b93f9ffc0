"""Chat: member and agent look at the same conversation, so nothing has to be sent."""

from typing import ClassVar

from feedback.channels.base import Silent


class Chat(Silent):
    """The chat of the portal and of the shop's app."""

    code: ClassVar[str] = "chat"
