"""Social media: comments and private messages, in and out by signed webhooks."""

from typing import ClassVar

from feedback.channels.inbound.channel import Webhooked


class Social(Webhooked):
    """Social media: comments and private messages."""

    code: ClassVar[str] = "social"
