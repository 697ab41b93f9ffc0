"""What marketplaces and social media have in common: signed webhooks in and out."""

from datetime import datetime
from typing import Any

from config.common.models import OutboxMessage
from feedback.channels.base import Silent
from feedback.channels.inbound import messages, reviews
from feedback.models import Case, Message, WebhookSource


class Webhooked(Silent):
    """Messages come in by a signed webhook; replies go out by one, where the source takes them."""

    def reaches(self, case: Case) -> bool:
        """Whether the source of the case's messages takes replies."""
        return messages.reaches(case)

    def deliver(self, message: Message, sending: OutboxMessage) -> None:
        """Post a reply to its source.

        Raises:
            Dropped, Refused, OSError: see `inbound.messages.send_reply`.
        """
        messages.send_reply(message, sending)

    def take(self, source: WebhookSource, content: dict[str, Any], *, at: datetime) -> Case | None:
        """Take in one message.

        Raises:
            Invalid: what is needed is missing.
        """
        return messages.take(source, content, at=at)

    def answer_review(self, source: WebhookSource, content: dict[str, Any], *, sending: OutboxMessage) -> str:
        """Post a reply to a review to the source, signed.

        Raises:
            Refused, OSError: see `inbound.reviews.post_reply`.
        """
        return reviews.post_reply(source, content, sending=sending)
