"""Marketplaces: their chats with buyers, in and out by signed webhooks."""

from typing import ClassVar

from feedback.channels.inbound.channel import Webhooked


class Marketplace(Webhooked):
    """Marketplaces: their chats with buyers."""

    code: ClassVar[str] = "marketplace"
